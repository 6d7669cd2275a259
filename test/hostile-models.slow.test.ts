import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { shippedModels } from '../src/model-files/locate.ts';
import type { Engine, RunningJob } from '../src/server/worker/engine.ts';
import type { Failure, Job, JobTask } from '../src/server/worker/protocol.ts';
import { startEngine } from '../src/server/worker/start-engine.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

// The models' thread itself, with models that someone made to hold it up.

const patient = { pingMs: 500, blockedMs: 120_000, openingMs: 120_000 };

/** A thread with a model that is as it should be, and others. */
function engineOf(t: TestContext, paths: Readonly<Record<string, string>>, watch = patient) {
  const deaths: string[] = [];
  const models = new Map(Object.entries({ good: shippedModels.stories, ...paths }));
  const data = { paths: models, options: { device: 'cpu' }, idleMs: 600_000 } as const;
  const engine = startEngine(data, (error) => deaths.push(error.message), watch);
  t.after(() => engine.close());
  return { engine, deaths };
}

const job = (model: string, task: JobTask, sampling: Job['sampling'] = {}): Job => ({
  model,
  task,
  sampling: { length: 8, steps: 2, seed: 1, ...sampling },
  stop: [],
  logprobs: false,
  view: 'nothing',
  candidates: 0,
});

async function failureOf({ events }: RunningJob): Promise<Failure | undefined> {
  for await (const event of events) if (event.type === 'failed') return event.failure;
  return undefined;
}

/** How long a text of the other model takes, in milliseconds; for a minute at most it is asked for again while its thread begins. */
async function goodText(engine: Engine, sampling: Job['sampling'] = {}): Promise<number> {
  const began = performance.now();
  const good = job('good', { kind: 'write', prompt: 'Once upon a time' }, sampling);
  for (;;) {
    const failure = await failureOf(engine.start(good));
    if (failure === undefined) return performance.now() - began;
    // a busy machine may need longer than a constraint has beside others
    assert.match(failure.message, /being started again|takes more than/);
    assert.ok(performance.now() - began < 60_000, failure.message);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('a tokenizer that takes for ever over a short text is stopped and named, and the other models answer again', async (t) => {
  const bad = join(await temporaryFolder(t), 'bad');
  await writeTinyModel(bad);
  const path = join(bad, 'tokenizer.json');
  const file = JSON.parse(await readFile(path, 'utf8'));
  const pattern = { Regex: `(?:${'a?'.repeat(1000)}b)+$` };
  const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
  // one takes some seconds over the text
  file.pre_tokenizer = { type: 'Sequence', pretokenizers: Array.from({ length: 8 }, () => split) };
  await writeFile(path, JSON.stringify(file));
  const { engine, deaths } = engineOf(t, { bad }, { ...patient, blockedMs: 10_000 });
  await goodText(engine);
  const began = performance.now();
  const hostile = failureOf(engine.start(job('bad', { kind: 'write', prompt: 'a'.repeat(16_000) })));
  const failure = await hostile;
  const took = performance.now() - began;
  assert.equal(failure?.kind, 'blocking', failure?.message);
  assert.match(failure!.message, /^the request kept the models from all others for 10 s, and was stopped/);
  assert.ok(took < 30_000, `${took} ms`);
  const again = await goodText(engine);
  t.diagnostic(`stopped after ${Math.round(took)} ms; another model wrote ${Math.round(again)} ms later`);
  assert.equal(deaths.length, 1);
});

test('a template that never ends is refused, and other models go on meanwhile', async (t) => {
  const bad = join(await temporaryFolder(t), 'bad');
  await cp(shippedModels.talk, bad, { recursive: true });
  const range = (inner: string, n: number): string =>
    n === 0 ? inner : `{% for i in range(100000) %}${range(inner, n - 1)}{% endfor %}`;
  await writeFile(join(bad, 'chat_template.jinja'), range('{% set x = i %}', 4));
  const { engine, deaths } = engineOf(t, { bad });
  await goodText(engine);
  const turns = [{ role: 'user', content: 'Hi' }] as const;
  const began = performance.now();
  const asked = Array.from({ length: 4 }, () => failureOf(engine.start(job('bad', { kind: 'chat', turns }))));
  const beside = goodText(engine);
  for (const failure of await Promise.all(asked)) assert.match(failure?.message ?? '', /template/);
  const [took, other] = [performance.now() - began, await beside];
  t.diagnostic(`four refused in ${Math.round(took)} ms, beside them ${Math.round(other)} ms`);
  assert.ok(other < took / 2, `${other} ms beside ${took} ms`);
  assert.deepEqual(deaths, []);
});

/** Takes far longer than anybody waits, each in its own way. */
const endless = Array.from({ length: 8 }, (_, n) => ({ regex: `(.{1,${60 + n}}(ab|a){1,60}){1,60}` }));

test('whoever asks for a constraint beside eight that take for ever has it soon, and those end with who asked', async (t) => {
  const { engine, deaths } = engineOf(t, {});
  const regex = ' (red|blue|green) (cats|dogs)\\.';
  const alone = await goodText(engine, { regex });
  const prompt = 'Once upon a time';
  const running = endless.map((one) => engine.start(job('good', { kind: 'write', prompt }, one)));
  const failures = running.map(failureOf);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const beside = await goodText(engine, { regex: ` ${regex}` });
  for (const one of running) one.cancel();
  const gone = performance.now();
  await Promise.all(failures);
  const ended = performance.now() - gone;
  const after = await goodText(engine, { regex: `  ${regex}` });
  t.diagnostic(
    `a constrained text takes ${Math.round(alone)} ms alone, ${Math.round(beside)} ms beside eight endless ones; they ended after ${Math.round(ended)} ms, and the next took ${Math.round(after)} ms`,
  );
  // eight of 20 s each, in turns, would be waited for longer
  assert.ok(beside < 30_000, `${beside} ms`);
  assert.ok(ended < 10_000, `${ended} ms`);
  assert.ok(after < 20_000, `${after} ms`); // as long as one of them may take
  assert.deepEqual(deaths, []);
});
