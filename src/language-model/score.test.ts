import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { load } from './load.ts';

interface Recorded {
  readonly tokenizers: { readonly tiny_llama: [string, string, number[], number[]][] };
  /** −log p of the first continuations in float64, behind <s> and their contexts. */
  readonly nats: readonly number[];
}

const { tokenizers, nats } = JSON.parse(
  readFileSync(referencePath('tiny_llama', 'pairs.json'), 'utf8'),
) as Recorded;
const model = await load(referencePath('tiny_llama'));
after(() => model.close());

test('a causal model scores a continuation as it stands in its text', async () => {
  for (const [i, expected] of nats.entries()) {
    const [prompt, answer, , continuation] = tokenizers.tiny_llama[i];
    const score = await model.score({ prompt, answer });
    const said = JSON.stringify([prompt, answer]);
    assert.equal(score.tokens, continuation.length, said);
    assert.ok(Math.abs(score.nats - expected) < 1e-3, `${said}: ${score.nats}, not ${expected}`);
  }
});
