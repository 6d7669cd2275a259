import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { inputs } from '../../test/inputs.ts';
import { referencePath } from '../../test/reference.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { FileError } from '../base/errors.ts';
import { uniforms } from '../base/random.ts';
import { type TokenizerFileName } from './files.ts';
import { readTokenizerFiles } from './from-directory.ts';
import { tokenizerOf } from './load.ts';
import { loadTokenizer } from './from-directory.ts';
import { trainByteLevelBpe } from './train-bpe.ts';
import { charactersJson } from './characters.ts';

const count = inputs({ all: 10_000, few: 300 });
const texts = ["The dog's 12 <|mask|> é 語\n", '<s>a b</s> <think> \u{20000}'];

type Files = Partial<Record<TokenizerFileName, string>>;
type Draw = (below: number) => number;

const names = ['llada', 'llada2', 'a2d_llama', 'a2d_qwen3', 'diffusion_gemma', 'llama', 'dream'];
const read = (family: string, file: string): string => readFileSync(referencePath(family, file), 'utf8');

/** The files that are changed: small ones of every kind, and those of the recorded families. */
const originals: readonly Files[] = [
  { 'tokenizer.json': JSON.stringify(trainByteLevelBpe(['the cat'], { vocabularySize: 270 })) },
  { 'tokenizer.json': JSON.stringify(charactersJson(new Set('abc <|mask>'))) },
  ...names.map((family): Files => {
    const config = { 'tokenizer_config.json': read(family, 'tokenizer_config.json') };
    if (existsSync(referencePath(family, 'tokenizer.json')))
      return { ...config, 'tokenizer.json': read(family, 'tokenizer.json') };
    return {
      ...config,
      'vocab.json': read(family, 'vocab.json'),
      'merges.txt': read(family, 'merges.txt'),
    };
  }),
];

const oddNames = ['', 'a', '__proto__', 'constructor', '\u0000', '\ud800', '-1', '2147483648'];
const patterns = ['(', '(a+)+$', '\\p{', 'x'.repeat(300)];
const types = [{ type: 'BPE' }, { type: 'Sequence' }, { type: 'Nothing' }];
const numbers = [0, -1, 1.5, 2 ** 31, 1e308];
const odd: readonly unknown[] = [
  null,
  true,
  [],
  {},
  [[]],
  [null],
  ...types,
  ...numbers,
  ...oddNames,
  ...patterns,
];

/** A text with a few characters changed, taken away, doubled or put in. */
function scribbled(text: string, draw: Draw): string {
  let changed = text;
  for (let edits = 1 + draw(4); edits > 0; edits--) {
    const [at, length] = [draw(changed.length), draw(12)];
    const middle = [
      '',
      changed.slice(at, at + length).repeat(2),
      String.fromCharCode(draw(2) === 0 ? 32 + draw(95) : draw(65_536)),
      '"[]{}:,\\-0'[draw(10)],
    ][draw(4)];
    changed = changed.slice(0, at) + middle + changed.slice(at + length);
  }
  return draw(20) === 0 ? changed.slice(0, draw(changed.length)) : changed;
}

/** JSON with one of its values, or keys, replaced by another. */
function twisted(text: string, draw: Draw): string {
  const root: unknown = JSON.parse(text);
  let parent = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(parent);
    if (keys.length === 0) break;
    // the first keys of a large object are as good as any, and the vocabulary is not all there is
    const key = keys[draw(draw(2) === 0 ? Math.min(8, keys.length) : keys.length)];
    const child = parent[key];
    if (typeof child === 'object' && child !== null && draw(4) > 0) {
      parent = child as Record<string, unknown>;
      continue;
    }
    const way = draw(6);
    if (way === 0) delete parent[key];
    else if (way === 1 && !Array.isArray(parent)) parent[oddNames[draw(oddNames.length)]] = child;
    else parent[key] = structuredClone(odd[draw(odd.length)]);
    break;
  }
  return JSON.stringify(root);
}

/** How a tokenizer from some files came out. @throws what is neither a tokenizer nor a FileError */
function outcomeOf(files: Files): 'refused' | 'working' {
  let tokenizer;
  try {
    tokenizer = tokenizerOf({ directory: 'model', texts: new Map(Object.entries(files)) as never });
  } catch (error) {
    if (error instanceof FileError) return 'refused';
    throw error;
  }
  for (const text of texts) {
    try {
      const ids = tokenizer.encode(text);
      assert.ok(
        ids.every((id) => Number.isSafeInteger(id) && id >= 0),
        `${ids}`,
      );
      for (const id of tokenizer.specialTokens.values())
        assert.ok(
          !ids.includes(id) || id === tokenizer.specialTokens.get(String(tokenizer.json.model['unk_token'])),
        );
      assert.equal(typeof tokenizer.decode(ids, { special: true }), 'string');
    } catch (error) {
      // a tokenizer of characters names the one that it lacks
      if (!(error instanceof Error && error.name === 'InvalidOptionError')) throw error;
    }
  }
  return 'working';
}

test(`${count} changed files: each a FileError or a tokenizer that works, in less than 50 ms`, (t) => {
  const outcomes = { refused: 0, working: 0 };
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const uniform = uniforms(7, 'synthetic', i);
    let drawn = 0;
    const draw: Draw = (below) => Math.floor(uniform(drawn++) * below);
    // the two that are made here are small, so half of the files are theirs
    const files = { ...originals[draw(draw(2) === 0 ? 2 : originals.length)] };
    const found = Object.keys(files) as TokenizerFileName[];
    const name = found[draw(found.length)];
    const text = files[name]!;
    files[name] = name !== 'merges.txt' && draw(2) === 0 ? twisted(text, draw) : scribbled(text, draw);
    let outcome: keyof typeof outcomes | undefined;
    let ms = Infinity;
    // the machine may be busy with other things: what is slow is slow each time
    for (let tries = 0; ms >= 50 && tries < 5; tries++) {
      const start = cpuMs();
      try {
        outcome = outcomeOf(files);
      } catch (error) {
        throw new Error(`file ${i}, ${name}: ${(error as Error).stack}`, { cause: error });
      }
      ms = Math.min(ms, cpuMs() - start);
    }
    outcomes[outcome!]++;
    assert.ok(ms < 50, `file ${i}: ${ms} ms`);
    slowest = Math.max(slowest, ms);
  }
  t.diagnostic(
    `${outcomes.refused} refused, ${outcomes.working} work; the slowest took ${slowest.toFixed(0)} ms`,
  );
  assert.ok(outcomes.refused > count / 10 && outcomes.working > count / 10);
});

test('no file outside the model directory is opened', async (t) => {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'model');
  await mkdir(model);
  const json = JSON.stringify(trainByteLevelBpe(['the cat'], { vocabularySize: 262 }));
  await writeFile(join(folder, 'outside.json'), json);
  await symlink(join(folder, 'outside.json'), join(model, 'tokenizer.json'));
  await assert.rejects(
    loadTokenizer(model),
    /^FileError: .*tokenizer\.json: expected a file inside .*, found a link to/,
  );

  const other = join(folder, 'other');
  await mkdir(other);
  await writeFile(join(other, 'tokenizer.json'), json);
  for (const name of ['tokenizer_config.json', 'chat_template.jinja', 'config.json', 'vocab.json']) {
    await symlink('/etc/hostname', join(other, name));
    await assert.rejects(readTokenizerFiles(other), FileError, name);
    await rm(join(other, name));
  }
  assert.equal((await loadTokenizer(other)).maskId, 0);
});
