import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { type DurableFs, nodeFs } from '../checkpoint/durable-fs.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { openModel } from '../model/open.ts';
import { prepareComparison } from './quantisation-error.ts';
import { quantize } from './quantize.ts';
import { directoryInFormat, quantiseModel } from './quantised-copy.ts';
import { load } from '../language-model/load.ts';

async function tiny(t: TestContext, isCausal = false) {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'tiny');
  await writeTinyModel(model, { isCausal });
  return { folder, model };
}

test('the copy is made once, has all that belongs to the model, and loads by itself', async (t) => {
  const { model } = await tiny(t);
  let calls = 0;
  const onProgress = () => void calls++;
  const place = await directoryInFormat(model, 'int4', { onProgress });
  assert.equal(place, join(model, 'unmask-int4'));
  assert.ok(calls > 0);
  const { ino } = await stat(join(place, 'model.safetensors'));
  calls = 0;
  assert.equal(await directoryInFormat(model, 'int4', { onProgress }), place);
  assert.equal(calls, 0);
  assert.equal((await stat(join(place, 'model.safetensors'))).ino, ino);
  assert.deepEqual(
    (await readdir(place)).sort(),
    [...(await readdir(model)).filter((name) => name !== 'unmask-int4'), 'quantization.json'].sort(),
  );

  const request = { prompt: 'A dog', length: 12, temperature: 1, seed: 3 };
  const texts: string[] = [];
  for (const [path, weights] of [
    [model, 'int4'],
    [place, undefined],
    [place, 'int4'],
  ] as const) {
    const loaded = await load(path, { weights });
    texts.push((await loaded.generate(request)).text);
    await loaded.close();
  }
  assert.equal(new Set(texts).size, 1);
  assert.equal(calls, 0);
  await assert.rejects(load(place, { weights: 'int8' }), InvalidOptionError);
});

test('several may ask for the same copy at once', async (t) => {
  const { model } = await tiny(t);
  const places = await Promise.all(Array.from({ length: 4 }, () => directoryInFormat(model, 'int4')));
  assert.equal(new Set(places).size, 1);
  await (await openModel(places[0])).network.close();
  assert.deepEqual(
    (await readdir(model)).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a source that has changed since is quantised anew', async (t) => {
  const { model } = await tiny(t);
  const made = async () => {
    let calls = 0;
    await directoryInFormat(model, 'int8', { onProgress: () => void calls++ });
    return calls > 0;
  };
  assert.ok(await made());
  for (const name of ['model.safetensors', 'config.json', 'tokenizer.json']) {
    assert.ok(!(await made()), name);
    await utimes(join(model, name), 1, 1);
    assert.ok(await made(), `${name} changed`);
  }
  await writeFile(join(model, 'unmask-int8', 'quantization.json'), '{"format": ');
  assert.ok(await made(), 'a record that cannot be read');
  assert.ok(!(await made()));
});

test('weights that have 16 bits need no copy to be kept so', async (t) => {
  const { model } = await tiny(t);
  const f16 = await directoryInFormat(model, 'f16');
  assert.notEqual(f16, model);
  assert.equal(await directoryInFormat(f16, 'f16'), f16);
  const { path, config } = {
    path: join(f16, 'config.json'),
    config: await readFile(join(f16, 'config.json'), 'utf8'),
  };
  const { unmask_quantization: _, ...plain } = JSON.parse(config) as Record<string, unknown>;
  await writeFile(path, JSON.stringify(plain));
  assert.equal(await directoryInFormat(f16, 'f16'), f16, 'as others publish it');
  assert.equal(await directoryInFormat(model, 'f32'), model);
  assert.equal(await directoryInFormat(model, undefined), model);
});

/** A disk that can't be written below a directory. */
const readOnlyBelow = (...folders: readonly string[]): DurableFs => ({
  ...nodeFs,
  async makeDirectory(path) {
    if (folders.some((folder) => path.startsWith(folder)))
      throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    await nodeFs.makeDirectory(path);
  },
});

test('beside a model that can only be read the copy goes to the folder of caches, else it is one sentence', async (t) => {
  const { model, folder } = await tiny(t);
  const cache = join(folder, 'cache');
  const fs = readOnlyBelow(model);
  const place = await directoryInFormat(model, 'int4', { fs, cache });
  assert.ok(place.startsWith(join(cache, 'quantised')), place);
  await (await openModel(place)).network.close();
  let calls = 0;
  assert.equal(await directoryInFormat(model, 'int4', { fs, cache, onProgress: () => void calls++ }), place);
  assert.equal(calls, 0);
  assert.ok(!existsSync(join(model, 'unmask-int4')));
  const nowhere = { fs: readOnlyBelow(folder), cache: join(folder, 'other') };
  await assert.rejects(
    directoryInFormat(model, 'int8', nowhere),
    (error) => error instanceof FileError && /a disk that can only be read/.test(error.message),
  );
});

test('what was aborted or failed leaves nothing behind; what stood stands', async (t) => {
  const { model } = await tiny(t);
  const place = await directoryInFormat(model, 'int4');
  const before = await readFile(join(place, 'quantization.json'), 'utf8');
  await utimes(join(model, 'model.safetensors'), 1, 1);
  const abort = new AbortController();
  const onProgress = () => abort.abort(new DOMException('enough', 'AbortError'));
  await assert.rejects(directoryInFormat(model, 'int4', { signal: abort.signal, onProgress }), {
    name: 'AbortError',
  });
  assert.equal(await readFile(join(place, 'quantization.json'), 'utf8'), before);
  assert.deepEqual(
    (await readdir(model)).filter((name) => name.startsWith('.')),
    [],
  );
});

test('where a process was killed the next goes on, to the same bytes, and what is damaged is made again', async (t) => {
  const { folder, model } = await tiny(t);
  const modules = ['./quantised-copy.js', '../model/open.js'].map((file) =>
    JSON.stringify(new URL(file, import.meta.url).href),
  );
  // it kills itself when half of the weights are written
  const script = `
    const { quantiseModel } = await import(${modules[0]});
    const { openModel } = await import(${modules[1]});
    const [model, out] = process.argv.slice(1);
    const onProgress = (done, total) => { if (done > total / 2) process.kill(process.pid, 'SIGKILL'); };
    await quantiseModel(await openModel(model), out, 'int4', { onProgress });
  `;
  const out = join(model, 'unmask-int4');
  const killed = spawn(process.execPath, ['--input-type=module', '-e', script, model, out]);
  const signal = await new Promise((resolve) => killed.once('exit', (_, by) => resolve(by)));
  assert.equal(signal, 'SIGKILL');
  const hidden = async () => (await readdir(model)).filter((name) => name.startsWith('.unmask'));
  assert.ok(!existsSync(out));
  const [half] = await hidden();
  const notes: string[] = [];
  const goesOn = async (copy: string): Promise<number> => {
    let numbers = 0;
    const onProgress = (done: number, total: number) => {
      assert.ok(done <= total, `${done} of ${total}`);
      numbers = done;
    };
    const note = (text: string) => void notes.push(text);
    await quantiseModel(await openModel(model), copy, 'int4', { replace: true, onProgress, note });
    return numbers;
  };
  const whole = join(folder, 'whole');
  const all = await goesOn(whole);
  assert.deepEqual(notes, []);
  const others = [join(folder, 'intact'), join(folder, 'damaged')];
  for (const other of others)
    await cp(join(model, half), join(folder, half.replace('.unmask-int4', `.${basename(other)}`)), {
      recursive: true,
    });
  const damaged = join(folder, half.replace('.unmask-int4', '.damaged'), 'model.safetensors');
  const bytes = await readFile(damaged);
  bytes.fill(0xff, bytes.length / 2);
  await writeFile(damaged, bytes);
  const [ofIntact, ofDamaged] = [await goesOn(others[0]), await goesOn(others[1])];
  assert.ok(
    ofIntact < 0.7 * all && ofIntact < ofDamaged && ofDamaged < all,
    `${ofIntact}, ${ofDamaged} of ${all}`,
  );
  assert.deepEqual(notes, Array(2).fill('going on with what a program that was stopped had made of it'));
  for (const name of await readdir(whole))
    for (const other of others)
      assert.deepEqual(await readFile(join(other, name)), await readFile(join(whole, name)), name);
  assert.deepEqual((await readdir(others[0])).sort(), (await readdir(whole)).sort());
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('.')),
    [],
  );

  await directoryInFormat(model, 'int4');
  assert.ok(existsSync(out));
  assert.deepEqual(await hidden(), []);
});

for (const isCausal of [false, true])
  test(`what rounding does to the predictions of a ${isCausal ? 'causal' : 'bidirectional'} model is measured: more for fewer bits`, async (t) => {
    const { model, folder } = await tiny(t, isCausal);
    const source = await openModel(model);
    const comparison = await prepareComparison(source, 'A dog ran, and a bird sang. '.repeat(5));
    const found = [];
    for (const format of ['f16', 'int8', 'int4'] as const) {
      await quantiseModel(source, join(folder, format), format);
      found.push(await comparison.measure(join(folder, format)));
    }
    const [f16, int8, int4] = found;
    assert.ok(f16.meanKl < int8.meanKl && int8.meanKl < int4.meanKl, `${found.map(({ meanKl }) => meanKl)}`);
    assert.ok(f16.meanKl < 1e-6 && f16.sameToken > 0.99);
    assert.ok(int4.maxKl >= int4.meanKl);
    const { reference, other } = f16.natsPerToken;
    assert.ok(Math.abs(reference - other) < 1e-2 && reference > 1);
    assert.equal(f16.rows, int4.rows);
  });

test('a text without a token is refused, and one that ships only said to be no text of a tokenizer', async (t) => {
  const { model } = await tiny(t);
  const source = await openModel(model);
  await assert.rejects(prepareComparison(source, ''), InvalidOptionError);
  // that of the tests has no exclamation mark
  const notes: string[] = [];
  const note = (sentence: string) => void notes.push(sentence);
  const { predictions } = await quantize(model, { weights: 'int8', note });
  assert.equal(predictions, undefined);
  assert.match(
    notes.join(),
    /are not compared on the text that ships \(text: must hold only .* not U\+.*\); give one/,
  );
  await assert.rejects(quantize(model, { weights: 'int8', text: 'a!' }), /^InvalidOptionError: text: /);
});
