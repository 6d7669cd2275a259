import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { referencePath } from '../../../test/reference.ts';
import { temporaryFolder, writeTinyModel } from '../../../test/tiny-model.ts';
import inspect from './inspect.ts';
import { runProgram } from '../program.ts';

async function run(args: string[], io = fakeIo()) {
  const code = await runProgram(
    ['inspect', ...args],
    io,
    { inspect: async () => ({ default: inspect }) },
    '0',
  );
  return { code, out: io.out, err: io.err };
}

async function tiny(t: TestContext, options: Parameters<typeof writeTinyModel>[1] = {}): Promise<string> {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory, options);
  return directory;
}

/** Changes a JSON file of a model. */
async function change(directory: string, file: string, values: Record<string, unknown>): Promise<void> {
  const path = join(directory, file);
  const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...json, ...values }));
}

test('a model that runs: what it is, and exit code 0', async (t) => {
  const generationConfig = { unmask_sampling: { temperature: 0.5, blockLength: 4 } };
  const model = await tiny(t, { generationConfig });
  await change(model, 'tokenizer_config.json', { chat_template: '{{ messages }}' });
  const validation = { natsPerToken: 2.5, standardError: 0.25, bitsPerByte: 1.25 };
  const options = { objective: 'block-diffusion', learn: 'text' };
  const record = { format: 1, step: 1200, tokens: 345_678, final: false, validation, options };
  await writeFile(join(model, 'training.json'), JSON.stringify(record));
  const { code, out, err } = await run([model]);
  assert.deepEqual([code, err], [0, '']);
  for (const row of [
    /^trained +block-diffusion on text, 1,200 updates, not done, 345,678 tokens$/m,
    /^held out +-log p ≤ 2\.500 ± 0\.250 nats a token, 1\.250 bits a byte$/m,
    /^family +LLaDAModelLM, bidirectional$/m,
    /^longest +64 tokens$/m,
    /^mask token +<\|mask\|> \(\d+\)$/m,
    /^end tokens +<\|endoftext\|> \(\d+\)$/m,
    /^chat +template in tokenizer_config\.json$/m,
    /^sampling +--temperature 0\.5 --block-length 4, unless told otherwise$/m,
    /^stored +F32 71\.6 kB$/m,
    /^in memory +f32 71\.6 kB, f16 [\d.]+ kB, int8 [\d.]+ kB, int4 [\d.]+ kB$/m,
  ])
    assert.match(out, row);
  const json = JSON.parse((await run([model, '--json'])).out);
  assert.deepEqual(json.problems, []);
  assert.equal(json.memoryBytes.f32, 4 * json.parameters);
});

test('every unsupported option is named, with all else that is known, and exit code 2', async (t) => {
  const model = await tiny(t);
  await change(model, 'config.json', { alibi: true, activation_type: 'gelu' });
  const { code, out, err } = await run([model]);
  assert.deepEqual([code, err], [2, '']);
  assert.match(out, /^mask token +<\|mask\|>/m);
  assert.match(out, /^parameters +\d/m);
  assert.match(
    out,
    /\n\nThis model does not run here:\n {2}.*config\.json: activation_type is "gelu", alibi is true, which is not supported\n$/,
  );
});

test("what generation_config.json asks of the family's sampler is shown, and what of it can't be done", async (t) => {
  const model = await tiny(t);
  await change(model, 'generation_config.json', { gen_length: 32, remasking: 'new', temperature: 0.5 });
  const { code, out } = await run([model]);
  assert.equal(code, 0);
  assert.match(
    out,
    /\nsampling {4}--temperature 0\.5 --length 32, unless told otherwise\n {12}unsupported: remasking is "new"\n/,
  );
});

test('what is missing, too, and nothing twice', async (t) => {
  const model = await tiny(t);
  await change(model, 'config.json', { architectures: ['Nothing'], max_position_embeddings: 77 });
  await rm(join(model, 'tokenizer.json'));
  await rm(join(model, 'model.safetensors'));
  const { code, out } = await run([model, '--json']);
  const json = JSON.parse(out);
  assert.deepEqual([code, json.family, json.maxLength, json.parameters], [2, 'Nothing', 77, undefined]);
  assert.equal(json.problems.length, 3);
  assert.match(json.problems[0], /architecture "Nothing" is not supported/);
  assert.match(json.problems[1], /expected a model directory with model\.safetensors/);
  assert.match(json.problems[2], /expected a tokenizer\.json, or vocab\.json and merges\.txt, found neither/);
});

test('a model that is not there is one line on stderr', async (t) => {
  const { code, out, err } = await run([join(await temporaryFolder(t), 'none')]);
  assert.deepEqual([code, out], [2, '']);
  assert.match(
    err,
    /none: expected a model directory with a config\.json, or a GGUF file, found nothing there/,
  );
});

test('an adapter of itself is refused', async (t) => {
  const adapter = await temporaryFolder(t);
  const config = { peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: ['q_proj'] };
  const json = JSON.stringify({ ...config, base_model_name_or_path: adapter });
  await writeFile(join(adapter, 'adapter_config.json'), json);
  const { code, err } = await run([adapter]);
  assert.equal(code, 2);
  assert.match(err, /expected an adapter of a model, found one of the adapter/);
});

test('on a terminal what a hostile config says moves no cursor', async (t) => {
  const model = await tiny(t);
  await change(model, 'config.json', { architectures: ['evil\u001b[2J\u009b'] });
  const terminal = new FakeTerminal(200, 40);
  const io = fakeIo({ terminal, env: { NO_COLOR: '1' } });
  await run([model], io);
  assert.ok(!terminal.raw.includes('\u001b') && !terminal.raw.includes('\u009b'));
  assert.match(terminal.raw, /^family +evil␛\[2J<9b>$/m);
});

test('of a mixture of experts the parameters of one token', async () => {
  const json = JSON.parse((await run([referencePath('llada_moe'), '--json'])).out);
  // two layers of eight experts, of which two are chosen; each is three matrices of 16 by 32
  assert.equal(json.parameters - json.activeParameters, 2 * 6 * 3 * 16 * 32);
});
