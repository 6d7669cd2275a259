import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lockRun } from '../src/checkpoint/lock.ts';
import { findSources } from '../src/data/sources.ts';
import { modelThatKnows } from './fake-model.ts';
import { asker, fakeStudio, type Json, startFakeServer, studioToken } from './fake-server.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** A run of seconds: with enough steps to be watched, and few enough bytes to be saved at once. */
const tinyRun = {
  tokenizer: 'characters',
  packing: 'stream',
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 24,
  length: 16,
  batch: 2,
  threads: 1,
  warmup: 0,
  validationEvery: 50,
  sampleEvery: 50,
  checkpointEvery: 1000,
  validationWindows: 4,
  validationDraws: 1,
};
const text = 'the sun falls and a bird sings. '.repeat(200);

/** `unmask studio` in a folder of its own, and a way to ask it with its token. */
async function startStudio(t: TestContext, folder: string, ...flags: readonly string[]) {
  const env = { ...process.env, HF_HUB_CACHE: join(folder, 'hub'), HF_HUB_OFFLINE: '1' };
  const child = spawn(process.execPath, [main, 'studio', 'tiny', '--port', '0', '--quiet', ...flags], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  for await (const chunk of child.stdout) {
    out += String(chunk);
    if (out.endsWith('\n\n')) break;
  }
  const [, url, token] = /(http:\S+)\/#token=(\S+)/.exec(out)!;
  assert.equal(Buffer.from(token, 'base64url').length, 32);
  const ask = async (path: string, body?: object): Promise<Json> => {
    const response = await fetch(url + path, {
      method: body ? 'POST' : 'GET',
      headers: {
        Authorization: `Bearer ${token}`,
        Connection: 'close', // one that is kept would be waited for at the end
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as Json;
    assert.equal(response.status, 200, `${path} ${JSON.stringify(json)}`);
    return json;
  };
  return { child, ask };
}

type Ask = Awaited<ReturnType<typeof startStudio>>['ask'];

async function until<T>(look: () => Promise<T | undefined | false>, what: string): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await wait(50)) {
    const found = await look();
    if (found) return found;
  }
  return assert.fail(`never came: ${what}`);
}

const stateOf = async (ask: Ask, run: string): Promise<string> =>
  ((await ask('/unmask/runs')) as Json).runs.find(({ name }: Json) => name === run).state;

test('a run is started, watched, stopped, resumed to its end, and written with', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTinyModel(join(folder, 'tiny'));
  const { child, ask } = await startStudio(t, folder);

  const { run, task } = await ask('/unmask/train', { ...tinyRun, run: 'mine', text, steps: 100_000 });
  assert.deepEqual([run, task.kind, task.state], ['mine', 'train', 'running']);
  // rows come as they are made; each answer goes on where the last one ended
  const steps: number[] = [];
  let next = 0;
  await until(async () => {
    const answer = await ask(`/unmask/metrics/mine?from=${next}`).catch(() => undefined); // before its folder is there
    if (!answer) return false;
    assert.equal(answer.start, next);
    next = answer.next;
    for (const row of answer.rows) if (row.kind === 'step') steps.push(row.step);
    return steps.length > 120;
  }, 'rows');
  assert.deepEqual(
    steps,
    Array.from(steps, (_, i) => i + 1),
  );
  const watched = await ask('/unmask/runs/mine');
  assert.deepEqual([watched.state, watched.task, watched.steps], ['running', task.id, 100_000]);
  assert.ok(watched.loss > 0 && watched.validation.natsPerToken > 0 && watched.options.width === 16);
  assert.equal(watched.samples[0].step, 50);
  assert.ok(watched.samples[0].text.length > 0);

  assert.equal((await ask('/unmask/stop', { task: task.id })).task.state, 'stopping');
  await until(async () => (await stateOf(ask, 'mine')) === 'stopped', 'the stop');
  const stopped = await ask('/unmask/runs/mine');
  assert.equal((await ask('/unmask/tasks')).tasks[0].state, 'stopped');
  assert.deepEqual(await readdir(join(folder, 'runs/mine/checkpoints')), [
    `step-${String(stopped.step).padStart(9, '0')}`,
  ]);

  const resumed = await ask('/unmask/resume', { run: 'mine', steps: stopped.step + 20 });
  assert.equal(
    (await ask('/unmask/resume', { run: 'mine' })).task.id,
    resumed.task.id,
    'it is resumed only once',
  );
  await until(async () => (await stateOf(ask, 'mine')) === 'finished', 'the end');
  assert.equal((await ask('/unmask/runs/mine')).step, stopped.step + 20);

  const { models } = await ask('/unmask/models');
  const [served, mine] = ['tiny', 'runs/mine'].map((name) =>
    models.find((model: Json) => model.name === name),
  );
  assert.deepEqual([served.isServed, served.path, served.layers], [true, 'tiny', 2]);
  assert.deepEqual([mine.isServed, mine.source, mine.width], [false, 'run', 16]);
  assert.ok(mine.parameters > 1000 && mine.memoryBytes.f32 > 4000 && mine.samplingMemory.bytes > 0);
  assert.equal(models.find((model: Json) => model.name === 'stories').licence, 'Apache-2.0');
  await ask('/unmask/serve', { model: 'runs/mine' });
  const written = await ask('/v1/completions', { model: 'runs/mine', prompt: 'the sun', length: 8 });
  assert.ok(written.choices[0].text.length > 0);

  const { task: quantising } = await ask('/unmask/quantize', {
    model: 'runs/mine',
    weights: 'int8',
    compare: false,
  });
  const made = await until(async () => {
    const { tasks } = await ask('/unmask/tasks');
    return tasks.find(({ id, ended }: Json) => id === quantising.id && ended);
  }, 'the copy');
  assert.deepEqual([made.state, made.result?.format], ['done', 'int8'], made.lines.join('\n'));
  const copied = (await ask('/unmask/models')).models.find(({ name }: Json) => name === 'runs/mine');
  const [copy] = copied.copies;
  assert.deepEqual([copy.format, copy.path], ['int8', 'runs/mine/model/unmask-int8']);
  assert.ok(copy.bytes > 4000 && copy.sizeBytes > copy.bytes && existsSync(join(folder, copy.path)));
  assert.deepEqual([copied.isServed, copied.source], [true, 'run'], 'what is served is a run still');
  // it is a model like others: offered at once, and looked at and written with under its name
  const offered = async (): Promise<string[]> =>
    (await ask('/v1/models')).data.map(({ id }: Json) => id as string);
  await until(async () => (await offered()).includes('runs/mine:int8'), 'the copy among the models');
  const rounded = await ask('/v1/completions', { model: 'runs/mine:int8', prompt: 'the sun', length: 8 });
  assert.equal(rounded.model, 'runs/mine:int8');
  assert.ok(rounded.choices[0].text.length > 0);
  assert.equal((await ask('/unmask/models/runs%2Fmine:int8')).inspection.path, copy.path);
  // a studio that opens all in another format, and is told where the runs are, finds it there, and opens it as it is
  const elsewhere = join(folder, 'elsewhere');
  await writeTinyModel(join(elsewhere, 'tiny'));
  const later = await startStudio(t, elsewhere, '--weights', 'int4', '--runs', '../runs');
  await later.ask('/unmask/serve', { model: 'runs/mine:int8' });
  const again = await later.ask('/v1/completions', { model: 'runs/mine:int8', prompt: 'a', length: 4 });
  assert.ok(again.choices[0].text.length > 0);
  assert.equal(await endOf(later.child), 0);
  // it goes alone, and once, and what was said of it
  await ask('/unmask/delete', { model: 'runs/mine', copy: 'int8' });
  assert.ok(!existsSync(join(folder, copy.path)) && existsSync(join(folder, 'runs/mine/model')));
  assert.ok(!(await offered()).includes('runs/mine:int8'));
  assert.ok((await ask('/unmask/tasks')).tasks.every(({ id }: Json) => id !== quantising.id));

  // what is trained when the studio ends is saved first
  const last = await ask('/unmask/resume', { run: 'mine', steps: 100_000 });
  await until(async () => (await ask('/unmask/runs/mine')).step > stopped.step + 25, 'more steps');
  assert.equal(last.task.state, 'running');
  assert.equal(await endOf(child), 0);
  const [newest] = (await readdir(join(folder, 'runs/mine/checkpoints'))).toSorted().toReversed();
  assert.ok(Number(/\d+/.exec(newest)![0]) > stopped.step + 25, newest);
});

async function endOf(child: ChildProcess): Promise<number> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  return ((await exit) as [number])[0];
}

test('a model is read anew once it is served again, and what is being written with the old one comes to its end', async (t) => {
  const made: ReturnType<typeof modelThatKnows>[] = [];
  const make = (): ReturnType<typeof modelThatKnows> => {
    made.push(modelThatKnows('abcdefgh'));
    return made.at(-1)!;
  };
  const root = await temporaryFolder(t);
  const server = await startFakeServer(t, { story: make }, { studio: fakeStudio(root) });
  const ask = asker(server);
  const body = { prompt: 'ab', length: 2 };
  const text = async (more: object = {}): Promise<string> =>
    ((await (await ask('/v1/completions', { body: { ...body, ...more } })).json()) as Json).choices[0].text;
  assert.equal(await text(), 'cd');
  const long = text({ length: 2000 });
  while (server.service.queue.running === 0) await wait(1);
  await ask('/unmask/serve', {
    body: { model: 'story' },
    headers: { authorization: `Bearer ${studioToken}` },
  });
  assert.equal(await text(), 'cd');
  assert.equal(made.length, 2);
  assert.equal(await long, 'cdefgh');
  while (!made[0].closed) await wait(1);
  assert.ok(!made[1].closed);
});

/** A server of routes alone: what it would start is in `started`. */
async function startRoutes(t: TestContext, runs = 'runs') {
  const root = await realpath(await temporaryFolder(t));
  const started: (readonly string[])[] = [];
  await mkdir(join(root, 'data'));
  await writeFile(join(root, 'data', 'text.txt'), text);
  await writeTinyModel(join(root, 'tiny'));
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('abc') },
    { studio: { ...fakeStudio(root, started), runs } },
  );
  const asking = asker(server);
  const headers = { authorization: `Bearer ${studioToken}` };
  const ask = async (path: string, body?: object): Promise<{ status: number; json: Json }> => {
    const response = await asking(path, { body, headers });
    return { status: response.status, json: await response.json() };
  };
  return { root, started, ask };
}

test('the options of a run become the flags of the program, paths and models what it takes for them', async (t) => {
  const { started, root, ask } = await startRoutes(t);
  const first = await ask('/unmask/train', {
    data: ['data', 'data/text.txt'],
    size: 'tiny',
    steps: 10,
    tied: true,
    antithetic: false,
    separator: '-x',
  });
  assert.equal(first.json.run, 'tiny-0', JSON.stringify(first.json));
  assert.deepEqual([...started[0]].toSorted(), [
    '--data=data',
    '--data=data/text.txt',
    '--no-antithetic',
    '--out=runs/tiny-0',
    '--separator=-x',
    '--size=tiny',
    '--steps=10',
    '--tied',
    'train',
  ]);
  // the next has another name, though the first has made no folder by now
  assert.equal((await ask('/unmask/train', { text, size: 'tiny' })).json.run, 'tiny-1');
  assert.equal(await readFile(join(root, 'runs/.texts/tiny-1.txt'), 'utf8'), text);
  const talk = await ask('/unmask/finetune', { text: '{}', from: 'tiny' });
  assert.equal(talk.json.run, 'finetune-0', JSON.stringify(talk.json));
  assert.ok(started[2].includes('--from=tiny') && started[2].includes('--data=runs/.texts/finetune-0.jsonl'));
});

test('files come in parts; times, sweeps, distillation, claims and judges become what the program takes', async (t) => {
  const { started, root, ask } = await startRoutes(t);
  for (const [from, part] of ['one ', 'two'].entries()) {
    const { json } = await ask('/unmask/upload', { name: 'story.txt', text: part, from });
    assert.equal(json.path, 'runs/.texts/uploads/story.txt');
  }
  // a part that came already, or whose predecessor didn't, is not put behind the others
  for (const [name, from] of [
    ['story.txt', 1],
    ['story.txt', 3],
    ['other.txt', 1],
  ] as const) {
    const { json } = await ask('/unmask/upload', { name, text: 'again', from });
    assert.equal(json.error.param, 'from', `${name} ${from}`);
  }
  assert.equal(await readFile(join(root, 'runs/.texts/uploads/story.txt'), 'utf8'), 'one two');
  assert.equal((await ask('/unmask/upload', { name: '../x', text: '', from: 0 })).status, 400);

  const flags = async (path: string, body: object): Promise<string[]> => {
    const { status, json } = await ask(path, body);
    assert.equal(status, 200, JSON.stringify(json));
    return [...started.at(-1)!].toSorted();
  };
  assert.deepEqual(await flags('/unmask/train', { text, minutes: 5, run: 'timed' }), [
    '--data=runs/.texts/timed.txt',
    '--minutes=5',
    '--out=runs/timed',
    'train',
  ]);
  assert.deepEqual(
    await flags('/unmask/train', {
      data: ['data'],
      run: 'rates',
      sweep: { learningRate: [0.001, 0.002] },
      seeds: 2,
    }),
    ['--data=data', '--out=runs/rates', '--seeds=2', '--sweep=learning-rate=0.001,0.002', 'train'],
  );
  for (const sweep of [{ rate: [1] }, { tokenizer: ['/etc'] }, { from: ['../x'] }])
    assert.equal((await ask('/unmask/train', { text, sweep })).status, 400);
  const guarded = { text, from: 'tiny', learn: 'text', certainty: 1, guardData: ['/etc/passwd'] };
  assert.equal((await ask('/unmask/train', guarded)).json.error.param, 'guardData');
  assert.deepEqual(await flags('/unmask/distill', { from: 'tiny', data: ['data'], texts: 10 }), [
    '--data=data',
    '--from=tiny',
    '--out=runs/distill-0',
    '--texts=10',
    'distill',
  ]);
  assert.deepEqual(await flags('/unmask/claims', { budget: 'quick', claims: ['a', 'c'] }), [
    '--budget=quick',
    '--claims=a,c',
    '--jobs=1',
    '--json',
    '--out=runs/claims-quick',
    'claims',
    'evaluate',
  ]);
  const told = await ask('/unmask/claims?budget=quick');
  assert.deepEqual([told.json.claims.length, told.json.task.kind], [13, 'evaluate']);

  const before = started.length;
  const sampler = { strategy: 'threshold', tau: 0.5, temperature: 0.7, confidenceOf: 'likeliest', seed: 1 };
  const asked = { prompt: 'a', text: ' b', model: 'story', options: { ...sampler, length: 4, steps: 2 } };
  assert.equal((await ask('/unmask/judge', asked)).json.length, 4);
  assert.deepEqual(
    started.slice(before).map(([verb]) => verb),
    ['judge', 'score'],
  );
  for (const flag of ['sampler=threshold', 'tau=0.5', 'temperature=0.7', 'tokens-per-step=2'])
    assert.ok(started.at(-1)!.includes(`--${flag}`), flag);
  const file = started[before].find((flag) => flag.endsWith('.txt'))!;
  assert.equal(
    await readFile(join(root, file), 'utf8'),
    ' b',
    'what is judged is the text behind the prompt',
  );
  for (const { id } of (await ask('/unmask/tasks')).json.tasks) await ask('/unmask/stop', { task: id });
  await until(async () => !existsSync(join(root, file)), 'the end of the text');
  // what can't be scored is judged alone, and it is said why
  for (const options of [
    { strategy: 'remdm-cap', temperature: 1 },
    { ...sampler, temperature: 0 },
    { ...sampler, confidenceOf: 'drawn' },
    { ...sampler, length: 4, steps: 3 },
    { ...sampler, topK: 3 },
    { ...sampler, frequencyPenalty: 0.5 },
    { ...sampler, regex: 'a+' },
  ]) {
    const { json } = await ask('/unmask/judge', { ...asked, options });
    assert.deepEqual([typeof json.unscored, json.score], ['string', undefined], JSON.stringify(options));
  }
  // seven are running: there is room for the judge, and not for both
  const { status } = await ask('/unmask/judge', asked);
  assert.deepEqual([status, started.length], [429, before + 2 + 7]);
});

test('a run of a sweep has a name in its folder; notes are kept beside it, and its files go with its model', async (t) => {
  const { root, ask } = await startRoutes(t);
  const run = 'rates/learning-rate=0.001,seed=0';
  const directory = join(root, 'runs', run);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'options.json'), '{"format":1,"size":"nano"}');
  assert.deepEqual(
    (await ask('/unmask/runs')).json.runs.map(({ name }: Json) => name),
    [run],
  );
  const notes = { text: 'the best', tags: ['good'] };
  assert.equal((await ask('/unmask/notes', { run, ...notes })).status, 200);
  const told = (await ask(`/unmask/runs/${encodeURIComponent(run)}`)).json;
  assert.deepEqual([told.name, told.options.size, told.notes], [run, 'nano', notes]);
  assert.equal((await ask('/unmask/notes', { run: 'rates/../rates', ...notes })).status, 400);
  const outside = join(await temporaryFolder(t), 'outside.json');
  await writeFile(outside, '{"text":"a secret","tags":[]}');
  await rm(join(directory, 'notes.json'));
  await symlink(outside, join(directory, 'notes.json'));
  const linked = (await ask(`/unmask/runs/${encodeURIComponent(run)}`)).json;
  assert.equal(linked.notes.text, '', 'what a link leads out to is not told');
  assert.equal((await ask('/unmask/notes', { run, ...notes })).status, 200);
  assert.match(await readFile(outside, 'utf8'), /a secret/, 'nor is it written');

  await writeTinyModel(join(directory, 'model'));
  const model = `runs/${run}`;
  assert.equal((await ask('/unmask/serve', { model })).status, 200);
  const lock = await lockRun(directory);
  assert.equal((await ask('/unmask/delete', { model })).status, 400, 'it is in training');
  await lock.release();
  const { task } = (await ask('/unmask/resume', { run })).json;
  assert.equal((await ask('/unmask/delete', { model })).status, 400, 'a program for it was just started');
  await ask('/unmask/stop', { task: task.id });
  const isOver = async (): Promise<boolean> =>
    (await ask('/unmask/tasks')).json.tasks.every(({ state }: Json) => state === 'stopped');
  while (!(await isOver())) await wait(10);
  const stranger = join(root, 'runs', 'linked');
  await mkdir(stranger);
  await writeFile(join(stranger, 'options.json'), '{"format":1}');
  const elsewhere = await temporaryFolder(t);
  await writeTinyModel(elsewhere);
  await symlink(elsewhere, join(stranger, 'model'));
  const names = (await ask('/unmask/models')).json.models.map(({ name }: Json) => name);
  assert.ok(!names.includes('runs/linked'), 'a link out of a run is no model of it');
  await rm(stranger, { recursive: true });
  const isServed = async (): Promise<boolean> =>
    (await ask('/unmask/models')).json.models.some((one: Json) => one.name === model && one.isServed);
  assert.ok(await isServed(), 'what is not deleted is served as before');
  assert.equal((await ask('/unmask/delete', { model })).status, 200);
  assert.ok(!(await isServed()) && !existsSync(directory));
  assert.deepEqual((await ask('/unmask/runs')).json.runs, []);
  // one that was stopped before it had a model goes by its own name
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'options.json'), '{"format":1,"size":"nano"}');
  const taken = await lockRun(directory);
  assert.equal((await ask('/unmask/delete', { run })).json.error.param, 'run', 'it is in training');
  await taken.release();
  for (const body of [{}, { run, model }, { run: '../runs' }])
    assert.equal((await ask('/unmask/delete', body)).status, 400, JSON.stringify(body));
  assert.equal((await ask('/unmask/delete', { run: 'none' })).status, 404);
  assert.deepEqual((await ask('/unmask/delete', { run })).json, { run });
  assert.ok(!existsSync(directory) && existsSync(join(root, 'runs')));
  for (const model of ['tiny', 'stories'])
    assert.equal((await ask('/unmask/delete', { model })).json.error.param, 'model', model);
});

test('a distillation that was stopped while it wrote its texts is listed, and goes on', async (t) => {
  const { root, started, ask } = await startRoutes(t);
  await mkdir(join(root, 'runs', 'quick'), { recursive: true });
  await writeFile(join(root, 'runs', 'quick', 'distill.json'), '{"from":"tiny","data":["data"]}');
  const [run] = (await ask('/unmask/runs')).json.runs;
  assert.deepEqual([run.name, run.state, run.options.from], ['quick', 'stopped', 'tiny']);
  assert.equal((await ask('/unmask/resume', { run: 'quick' })).status, 200);
  assert.deepEqual(started, [['distill', '--resume=runs/quick']]);
});

test('with the run of a distillation its texts go, with the last run of a sweep its folder, and the text given for it', async (t) => {
  const { root, ask } = await startRoutes(t);
  const runs = join(root, 'runs');
  const begin = async (run: string): Promise<void> => {
    await mkdir(join(runs, run), { recursive: true });
    await writeFile(join(runs, run, 'options.json'), '{"format":1}');
  };
  await begin('quick/run');
  await writeFile(join(runs, 'quick', 'distill.json'), '{"from":"tiny","data":["data"]}');
  await writeFile(join(runs, 'quick', 'texts.jsonl'), '');
  for (const run of ['rates/seed=0', 'rates/seed=1', 'other']) await begin(run);
  await mkdir(join(runs, '.texts'));
  for (const run of ['quick', 'rates', 'other']) await writeFile(join(runs, '.texts', `${run}.txt`), text);
  const lock = await lockRun(join(runs, 'quick'));
  assert.equal((await ask('/unmask/delete', { run: 'quick/run' })).status, 400, 'texts are being written');
  await lock.release();
  const left: Json = {
    'quick/run': ['.texts', 'other', 'rates'],
    'rates/seed=0': ['.texts', 'other', 'rates'],
    'rates/seed=1': ['.texts', 'other'],
  };
  for (const [run, names] of Object.entries(left)) {
    assert.equal((await ask('/unmask/delete', { run })).status, 200, run);
    assert.deepEqual((await readdir(runs)).toSorted(), names, run);
  }
  assert.deepEqual(await readdir(join(runs, '.texts')), ['other.txt']);
});

test('the runs may lie elsewhere, where the program was told so; nothing else does', async (t) => {
  const elsewhere = join(await realpath(await temporaryFolder(t)), 'kept');
  const { root, started, ask } = await startRoutes(t, elsewhere);
  assert.equal((await ask('/unmask/train', { text, run: 'mine' })).status, 200);
  const file = join(elsewhere, '.texts/mine.txt');
  assert.ok(started[0].includes(`--out=${join(elsewhere, 'mine')}`) && started[0].includes(`--data=${file}`));
  assert.equal(await readFile(file, 'utf8'), text);
  const { path } = (await ask('/unmask/upload', { name: 'a.txt', text: 'one', from: 0 })).json;
  assert.equal((await ask('/unmask/train', { data: [path], run: 'more' })).status, 200, path);
  const outside = join(elsewhere, '..', 'secret.txt');
  await writeFile(outside, text);
  await symlink(outside, join(elsewhere, 'link.txt'));
  for (const bad of [outside, `${elsewhere}/../secret.txt`, join(elsewhere, 'link.txt')])
    assert.equal((await ask('/unmask/train', { data: [bad] })).json.error?.param, 'data', bad);
  await mkdir(join(elsewhere, 'done'));
  await writeFile(join(elsewhere, 'done', 'options.json'), '{"format":1}');
  await writeTinyModel(join(elsewhere, 'done', 'model'));
  assert.deepEqual(
    (await ask('/unmask/runs')).json.runs.map(({ name }: Json) => name),
    ['done'],
  );
  assert.equal((await ask('/unmask/serve', { model: 'kept/done' })).status, 200);
  assert.equal((await ask('/unmask/delete', { run: 'done' })).status, 200);
  assert.ok(!existsSync(join(elsewhere, 'done')) && !existsSync(join(root, 'runs')));
});

test('no name leads out of the working directory, and none is more than a name', async (t) => {
  const { root, started, ask } = await startRoutes(t);
  const outside = await temporaryFolder(t);
  await writeFile(join(outside, 'secret.txt'), text);
  await symlink(join(outside, 'secret.txt'), join(root, 'link.txt'));
  await mkdir(join(root, 'linked'));
  await symlink(join(outside, 'secret.txt'), join(root, 'linked', 'link.txt'));
  await mkdir(join(root, 'runs'));
  await symlink(outside, join(root, 'runs', 'elsewhere'));
  await writeFile(join(outside, 'options.json'), '{"format":1}');
  const bad = [
    '..',
    '.',
    '/',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'C:\\x',
    '\\\\host\\x',
    '%2e%2e/x',
    'a\0b',
    'a\nb',
    '\u202e',
    'x'.repeat(10_000),
    '-rf',
    '--out=x',
    '',
    ' ',
    '.texts',
    'con/',
    'é',
  ];
  for (const name of [...bad, 'elsewhere']) {
    const told = await ask(`/unmask/runs/${encodeURIComponent(name)}`);
    assert.ok([404, 405, 200].includes(told.status), `${name} ${told.status}`);
    assert.ok(told.status !== 200 || told.json.runs !== undefined, name); // the list, for an empty name
    assert.ok([400, 404].includes((await ask('/unmask/resume', { run: name })).status), name);
    assert.equal(
      (await ask('/unmask/serve', { model: name || 'x' })).status,
      name.length > 256 ? 400 : 404,
      name,
    );
  }
  for (const name of bad) {
    const { status, json } = await ask('/unmask/train', { text, run: name });
    assert.deepEqual([status, json.error?.param], [400, 'run'], name);
  }
  for (const path of [...bad, outside, join(outside, 'secret.txt'), 'link.txt', 'linked', 'none.txt']) {
    const { status, json } = await ask('/unmask/train', { data: [path] });
    assert.deepEqual([status, json.error?.param], [400, 'data'], path);
    if (path === 'linked') continue; // what is in a model is looked at when it is opened
    const from = await ask('/unmask/finetune', { text, from: path });
    assert.deepEqual([from.status, from.json.error?.param], [400, 'from'], path);
    const tokenizer = await ask('/unmask/train', { text, tokenizer: path });
    assert.deepEqual([tokenizer.status, tokenizer.json.error?.param], [400, 'tokenizer'], path);
  }
  const pulled = await ask('/unmask/pull', { repository: '../x' });
  assert.deepEqual([pulled.status, pulled.json.error.param], [400, 'model']);
  const listed = await ask('/unmask/runs');
  assert.deepEqual(listed.json, { runs: [] });
  assert.deepEqual(started, []);
});

test(
  'pipes in the place of files of a run are not waited for, nor learned from',
  { skip: process.platform === 'win32' && 'Windows has no such pipes' },
  async (t) => {
    const root = await temporaryFolder(t);
    const ask = asker(
      await startFakeServer(t, { story: () => modelThatKnows(text) }, { studio: fakeStudio(root) }),
    );
    const headers = { authorization: `Bearer ${studioToken}` };
    const run = join(root, 'runs', 'mine');
    await mkdir(join(run, 'samples'), { recursive: true });
    await writeFile(join(run, 'options.json'), '{"format":1,"data":["a.txt"]}');
    const pipes = ['metrics.jsonl', 'events.jsonl', 'samples/step-000000001.txt'];
    for (const pipe of pipes) execFileSync('mkfifo', [join(run, pipe)]);
    await symlink('/etc/hostname', join(run, 'samples', 'step-000000002.txt'));
    for (const path of ['/unmask/runs', '/unmask/metrics/mine', '/unmask/runs/mine'])
      assert.equal((await ask(path, { headers, signal: AbortSignal.timeout(5000) })).status, 200, path);
    const told = (await (await ask('/unmask/runs/mine', { headers })).json()) as Json;
    assert.deepEqual(
      told.samples.map((sample: Json) => sample.text),
      ['', ''],
    );
    assert.throws(() => findSources([join(run, 'metrics.jsonl')]), /found a pipe or a device/);
  },
);

test('what contradicts itself is told before anything is started', async (t) => {
  const { started, ask } = await startRoutes(t);
  const mistakes: [body: object, param: string][] = [
    [{}, 'data'],
    [{ text, data: ['data'] }, 'data'],
    [{ text, heads: 3 }, 'heads'],
    [{ text, steps: 10, warmup: 20 }, 'warmup'],
    [{ text, steps: 0 }, 'steps'],
    [{ text, block: 4 }, 'block'],
    [{ text, separator: 'a\0' }, 'separator'],
    [{ text, separator: 'x'.repeat(100_000) }, 'separator'],
    [{ text, out: 'x' }, 'out'],
    [{ text, resume: 'x' }, 'resume'],
  ];
  for (const [body, param] of mistakes) {
    const { status, json } = await ask('/unmask/train', body);
    assert.deepEqual([status, json.error?.param], [400, param], JSON.stringify(json));
  }
  const finetune = await ask('/unmask/finetune', { text });
  assert.deepEqual([finetune.status, finetune.json.error.param], [400, 'from']);
  assert.deepEqual(started, []);
});

test('the metrics of a run come in bounded pieces, and anew where the file has become shorter', async (t) => {
  const { root, ask } = await startRoutes(t);
  const directory = join(root, 'runs', 'long');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'options.json'), '{"format":1,"steps":9000}');
  const rows = Array.from({ length: 9000 }, (_, i) => ({
    kind: 'step',
    step: i + 1,
    loss: 4,
    pad: 'x'.repeat(60),
  }));
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  await writeFile(join(directory, 'metrics.jsonl'), `${lines.join('')}{"kind":"st`);
  const steps: number[] = [];
  let [pieces, from] = [0, 0];
  for (let more = true; more; pieces++) {
    const { json } = await ask(`/unmask/metrics/long?from=${from}`);
    for (const { step } of json.rows) steps.push(step);
    ({ next: from, more } = json);
  }
  assert.ok(pieces > 1);
  assert.deepEqual(
    steps,
    rows.map(({ step }) => step),
  );
  assert.deepEqual((await ask(`/unmask/metrics/long?from=${from}`)).json.rows, []);
  await writeFile(join(directory, 'metrics.jsonl'), lines[0]);
  const anew = await ask(`/unmask/metrics/long?from=${from}`);
  assert.deepEqual([anew.json.start, anew.json.rows.length], [0, 1]);
  for (const query of ['from=-1', 'from=x', 'form=1', 'from=1.5'])
    assert.equal((await ask(`/unmask/metrics/long?${query}`)).status, 400, query);

  // a run that another program has locked is at work elsewhere
  const lock = await lockRun(directory);
  const state = async (): Promise<string> => (await ask('/unmask/runs')).json.runs[0].state;
  assert.equal(await state(), 'elsewhere');
  const refused = await ask('/unmask/resume', { run: 'long' });
  assert.deepEqual([refused.status, refused.json.error.param], [400, 'run']);
  await lock.release();
  assert.equal(await state(), 'stopped');
});

test('the options are those of the flags, with their help', async (t) => {
  const { ask } = await startRoutes(t);
  const { json } = await ask('/unmask/options');
  assert.equal(json.sampling.properties.length.default, 128);
  assert.match(json.train.properties.learningRate.description, /highest learning rate/);
  assert.ok(json.train.properties.run && json.train.properties.text && !json.train.properties.out);
  assert.deepEqual(json.finetune.required, ['from']);
  assert.ok(json.edit.properties.threshold && json.infill.properties.tokensPerStep);
  assert.deepEqual([json.sizes.nano.width, json.sizes.tiny.width], [128, 256]);
});
