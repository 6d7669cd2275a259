import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referencePath } from '../../../test/reference.ts';
import { writeOnnx } from '../../graph/onnx.ts';
import { gather } from '../../graph/primitives.ts';
import { input } from '../../graph/tensor.ts';
import { openSession } from '../../runtime/session.ts';
import { frequencies, rotations } from '../rotary.ts';
import { ropeScalingOf } from './rope-scaling.ts';

interface Case {
  readonly theta: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rope_scaling: Readonly<Record<string, unknown>>;
  readonly magnitude: number;
  readonly frequencies: readonly number[];
  /** Of sequences that are longer than original_max_position_embeddings. */
  readonly beyond?: readonly number[];
}

const { cases } = JSON.parse(readFileSync(referencePath('rotary', 'frequencies.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const names = { path: 'config.json', architecture: 'LlamaForCausalLM' };
const of = (recorded: Case) => {
  const { theta: ropeTheta, head_dim: headWidth, max_position_embeddings: maxLength } = recorded;
  const ropeScaling = ropeScalingOf(recorded.rope_scaling, { ropeTheta, headWidth, maxLength }, names);
  return { headWidth, rotary: { ropeTheta, maxLength, ropeScaling } };
};

function assertNear(ours: ArrayLike<number>, theirs: readonly number[]): void {
  assert.equal(ours.length, theirs.length);
  for (const [i, value] of theirs.entries())
    assert.ok(Math.abs(ours[i] / value - 1) < 4e-7, `${i}: ${ours[i]}, not ${value}`);
}

for (const recorded of cases)
  test(`frequencies are those of transformers: ${JSON.stringify(recorded.rope_scaling).slice(0, 120)}`, () => {
    const { headWidth, rotary } = of(recorded);
    assertNear(frequencies(headWidth, rotary), recorded.frequencies);
    const { magnitude = 1, beyond } = rotary.ropeScaling ?? {};
    assert.ok(Math.abs(magnitude / recorded.magnitude - 1) < 1e-12, `${magnitude}`);
    assert.equal(beyond === undefined, recorded.beyond === undefined);
    if (beyond) assertNear(frequencies(headWidth, rotary, beyond.divisors), recorded.beyond!);
  });

test('longrope turns a sequence by its long factors once one of its positions is beyond the original length', async () => {
  const recorded: Case = {
    theta: 100,
    head_dim: 4,
    max_position_embeddings: 8,
    rope_scaling: {
      rope_type: 'longrope',
      original_max_position_embeddings: 4,
      attention_factor: 2,
      short_factor: [1, 2],
      long_factor: [4, 8],
    },
    magnitude: 2,
    frequencies: [],
  };
  const { headWidth, rotary } = of(recorded);
  const positions = input('positions', 'int64', ['B', 'L']);
  const { cosine, rows } = rotations(headWidth, rotary);
  const session = await openSession(writeOnnx({ turned: gather(cosine, rows(positions)) }));
  const data = BigInt64Array.of(0n, 3n, 1n, 4n);
  const { turned } = await session.run({ positions: { shape: [2, 2], data } });
  await session.close();
  const expected = [
    [0, 1, 1],
    [3, 1, 2],
    [1, 4, 8],
    [4, 4, 8],
  ].flatMap(([p, ...divisors]) => divisors.map((divisor, i) => 2 * Math.cos((p * [1, 0.1][i]) / divisor)));
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(Number(turned.data[i]) - value) < 1e-6, `${i}: ${turned.data[i]}, not ${value}`);
});
