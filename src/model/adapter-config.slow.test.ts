import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import type { NdArray } from '../base/array.ts';
import { FileError, UnsupportedError } from '../base/errors.ts';
import { readJson } from '../checkpoint/read-json.ts';
import { openSafetensors, readFloats } from '../checkpoint/safetensors.ts';
import { safetensorsPieces } from '../checkpoint/safetensors-pieces.ts';
import { readAdapter } from './adapter-files.ts';
import { matchNames } from './module-patterns.ts';
import { type LiveAdapter, type Network, openNetwork } from './network.ts';
import { openModel } from './open.ts';

interface Recorded {
  readonly ids: readonly number[];
  /** Every key of PEFT's LoraConfig. */
  readonly keys: readonly string[];
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cases: readonly {
    readonly key: string;
    /** The adapter, and what its config says otherwise. */
    readonly set: string;
    readonly edits: Readonly<Record<string, unknown>>;
    /** What PEFT said where it has no logits for it. */
    readonly error?: string;
  }[];
}

const recorded = (await readJson(referencePath('adapters', 'cases.json'))) as Recorded;
const file = await openSafetensors(referencePath('adapters', 'adapters.safetensors'));
const base = referencePath('tiny_llama');

const opened = await openModel(base, { threads: 1 });
after(() => opened.network.close());
const { config, names, weights, stored } = opened;

/** Some logits of the last position. Adapters that are read alike have the same, and are asked once. */
async function logitsOf(network: Network): Promise<Float32Array> {
  const { ids } = recorded;
  const tokens = { shape: [1, ids.length], data: Int32Array.from(ids) };
  const { data } = await network.logits(tokens, Int32Array.of(ids.length - 1));
  return data.slice(0, 32);
}

const known = new Map<string, Promise<Float32Array>>();
async function logitsBeside(set: string, adapter: LiveAdapter): Promise<Float32Array> {
  const key = JSON.stringify([set, ...adapter.adapter.matrices]);
  const ask = async () => {
    const network = openNetwork(config.transformer, names, stored, { adapter, threads: 1 });
    try {
      return await logitsOf(network);
    } finally {
      await network.close();
    }
  };
  if (!known.has(key)) known.set(key, ask());
  return known.get(key)!;
}

const farthest = (x: Float32Array, y: Float32Array): number =>
  x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);

test("whatever any key of PEFT's LoraConfig says: the logits are PEFT's, or the adapter is refused", async (t) => {
  const folder = await temporaryFolder(t);
  const seen = new Set<string>();
  let same = 0;
  const alone = await logitsOf(opened.network);
  assert.ok(farthest(alone, (await readFloats(file, 'logits/base')).data) < 2e-4);
  const arrays = new Map<string, NdArray>();
  for (const name of file.tensors.keys()) arrays.set(name, await readFloats(file, name));

  for (const [i, { key, set, edits, error }] of recorded.cases.entries()) {
    seen.add(key);
    const directory = join(folder, String(i));
    await mkdir(directory);
    const tensors = [...arrays].flatMap(([name, { shape, data }]) =>
      name.startsWith(`${set}/`) ? [{ name: name.slice(set.length + 1), shape, data }] : [],
    );
    const pieces: Uint8Array[] = [];
    for await (const piece of safetensorsPieces(tensors)) pieces.push(piece);
    await writeFile(join(directory, 'adapter_model.safetensors'), Buffer.concat(pieces));
    await writeFile(
      join(directory, 'adapter_config.json'),
      JSON.stringify({ ...recorded.configs[set], ...edits }),
    );
    const said = `case ${i}, ${set} with ${JSON.stringify(edits)}`;
    let ours: Float32Array;
    try {
      const adapter = await readAdapter(directory, { config: config.transformer, names, weights });
      ours = await logitsBeside(set, adapter);
    } catch (refusal) {
      assert.ok(refusal instanceof FileError || refusal instanceof UnsupportedError, `${said}: ${refusal}`);
      assert.ok(!refusal.message.includes('\n') && refusal.message.includes('adapter'), refusal.message);
      continue;
    }
    assert.equal(error, undefined, `${said}: PEFT has no logits`);
    const theirs = arrays.get(`logits/${i}`)!.data;
    assert.ok(farthest(ours, theirs) < 2e-4, `${said}: off by ${farthest(ours, theirs)}`);
    same++;
  }
  for (const key of recorded.keys) assert.ok(seen.has(key), key);
  assert.ok(same > 100, `only ${same} were read`);
});

test("an adapter's expression that backtracks without end is stopped and named", () => {
  const names = [`${'model.layers.0.self_attn.'.repeat(3)}q_proj`];
  assert.throws(
    () => matchNames(['^(?:(.+)+nothing)$'], names, ['(.+)+nothing'], 'adapter_config.json'),
    /^UnsupportedError: adapter_config\.json: its patterns \("\(\.\+\)\+nothing"\) take too long to match$/,
  );
});
