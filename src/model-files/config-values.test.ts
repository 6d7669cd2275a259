import assert from 'node:assert/strict';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { FileError, UnsupportedError } from '../base/errors.ts';
import { readJson } from '../checkpoint/read-json.ts';
import type { TransformerConfig } from '../model/config.ts';
import { llama } from '../model/families/llama.ts';
import { openNetwork } from '../model/network.ts';
import { openModel } from '../model/open.ts';
import { readTokenizerFiles } from '../tokenizer/from-directory.ts';
import { tokenizerOf } from '../tokenizer/load.ts';
import { openModelWithTokenizer } from './open-model.ts';
import { generationIn, textEnds } from './generation-defaults.ts';
import { generationOf } from './read-generation.ts';

type Json = Readonly<Record<string, unknown>>;

interface Recorded {
  readonly rope: {
    readonly ids: readonly number[];
    readonly cases: readonly { readonly edits: Json; readonly logits?: readonly number[] }[];
  };
  readonly ends: {
    readonly prompt: readonly number[];
    readonly tokens: readonly number[];
    readonly cases: readonly {
      readonly config?: unknown;
      readonly generation: Json | null;
      readonly length: number;
    }[];
  };
}

const base = referencePath('tiny_llama');
const { rope, ends } = (await readJson(join(base, 'configs.json'))) as Recorded;
const {
  rope_parameters: _rope,
  eos_token_id: _end,
  ...config
} = (await readJson(join(base, 'config.json'))) as Json;

test('whatever rotary keys a config has: the logits are those of transformers, or it is refused', async () => {
  const { names, stored, network } = await openModel(base);
  await network.close();
  const known = new Map<string, Float32Array>();
  const logitsOf = async (transformer: TransformerConfig): Promise<Float32Array> => {
    const key = JSON.stringify(transformer);
    if (!known.has(key)) {
      const own = openNetwork(transformer, names, stored, { threads: 1 });
      const tokens = { shape: [1, rope.ids.length], data: Int32Array.from(rope.ids) };
      known.set(key, (await own.logits(tokens, Int32Array.of(rope.ids.length - 1))).data);
      await own.close();
    }
    return known.get(key)!;
  };
  let same = 0;
  for (const { edits, logits } of rope.cases) {
    const said = JSON.stringify(edits);
    let ours;
    try {
      ours = await logitsOf(llama.read({ ...config, ...edits }, 'config.json').transformer);
    } catch (error) {
      assert.ok(error instanceof FileError || error instanceof UnsupportedError, `${said}: ${String(error)}`);
      assert.match(error.message, /rope_|partial_rotary_factor|attention|layer_types/, said);
      continue;
    }
    // null is an absent key here, and for transformers no number
    if (!logits) {
      assert.equal(edits.rope_theta, null, `${said}: transformers has no logits`);
      continue;
    }
    for (const [i, value] of logits.entries())
      assert.ok(Math.abs(ours[i] - value) < 2e-4, `${said}: ${ours[i]}, not ${value}`);
    same++;
  }
  assert.ok(same > 100, `only ${same} were read`);
});

test('a text ends where transformers ends it, whichever of the two configs names the end tokens', async (t) => {
  const folder = await temporaryFolder(t);
  const tokenizer = await readTokenizerFiles(base);
  for (const [i, { config: inConfig, generation, length }] of ends.cases.entries()) {
    const json = inConfig === undefined ? config : { ...config, eos_token_id: inConfig };
    const texts = new Map(tokenizer.texts).set('config.json', JSON.stringify(json));
    const directory = join(folder, String(i));
    await mkdir(directory);
    if (generation) await writeFile(join(directory, 'generation_config.json'), JSON.stringify(generation));
    const endIds = textEnds(
      tokenizerOf({ ...tokenizer, texts }),
      await generationOf(directory),
      llama.read(json, 'config.json'),
    );
    const end = ends.tokens.findIndex((token, at) => at >= ends.prompt.length && endIds.includes(token));
    const ours = end < 0 ? ends.tokens.length : end + 1;
    const said = `${JSON.stringify(inConfig)}, ${JSON.stringify(generation)}`;
    // the model's own first end is one here also where generation_config.json names others, or none
    const own = ends.tokens.indexOf([inConfig ?? 2].flat()[0] as number, ends.prompt.length);
    assert.ok(ours <= length, said);
    if (ours < length) assert.ok(ours === own + 1 || generation?.eos_token_id == null, said);
    if (generation === null) assert.equal(ours, length, said);
  }
});

test('what generation_config.json has as end tokens are ids of tokens, or the file is refused', () => {
  for (const [given, ids] of [
    [undefined, []],
    [null, []],
    [-1, []],
    [3, [3]],
    [
      [3, 5],
      [3, 5],
    ],
  ] as const)
    assert.deepEqual(generationIn({ eos_token_id: given }, 'a').endIds, ids);
  for (const given of ['3', 1.5, 1e308, true, {}, ['<|end|>'], [3, null], -7, [3, -7]])
    assert.throws(() => generationIn({ eos_token_id: given }, 'a'), /eos_token_id to be the id of a token/);
});

for (const family of [
  'llada',
  'llada_gqa',
  'llada_moe',
  'llada2',
  'a2d_llama',
  'a2d_qwen2',
  'a2d_qwen3',
  'dream',
  'llama',
  'qwen2',
])
  test(`${family}: a list of end tokens in config.json is read as a list`, async (t) => {
    const directory = await temporaryFolder(t);
    await cp(referencePath(family), directory, { recursive: true });
    const json = (await readJson(join(directory, 'config.json'))) as Json;
    await rm(join(directory, 'generation_config.json'), { force: true });
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...json, eos_token_id: [3, 5, 7] }));
    const { endIds, network } = await openModelWithTokenizer(directory);
    await network.close();
    assert.deepEqual(endIds, [3, 5, 7]);
  });
