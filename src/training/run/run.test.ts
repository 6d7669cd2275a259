import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeLearner } from '../../../test/fake-learner.ts';
import { fakeTrainingJobs } from '../../../test/fake-training-job.ts';
import { testRunIo, withoutSeconds } from '../../../test/run-io.ts';
import { type DurableFs, nodeFs } from '../../checkpoint/durable-fs.ts';
import { lockRun } from '../../checkpoint/lock.ts';
import { lockFolder } from '../../checkpoint/lock-generations.ts';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { NonFiniteError } from '../loop.ts';
import type { TrainingRequest } from '../options.ts';
import { CannotSaveError, type RunIo } from './run-loop.ts';
import { runTraining } from './run.ts';

// in memory where that can be had: hundreds of checkpoints are saved here, and no power is cut
const scratch = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'unmask-run-'));
after(() => rm(scratch, { recursive: true }));
const text = join(scratch, 'text.txt');
await writeFile(text, 'once upon a time');

let runs = 0;
const place = (): string => join(scratch, `run-${runs++}`);

const small: TrainingRequest = {
  data: [text],
  length: 8,
  batch: 3,
  accumulate: 2,
  steps: 12,
  warmup: 2,
  learningRate: 0.05,
  validationEvery: 4,
  validationWindows: 2,
  sampleEvery: 6,
  checkpointEvery: 5,
  seed: 3,
};

function quiet(stop?: AbortSignal): RunIo & { lines: string[] } {
  let ms = 0;
  return testRunIo(stop, () => (ms += 7));
}

/** All of a run that must be the same after any interruption. */
async function traceOf(directory: string): Promise<Record<string, string>> {
  const trace: Record<string, string> = {};
  const checkpoints = join(directory, 'checkpoints');
  const newest = (await readdir(checkpoints)).sort().at(-1)!;
  for (const name of await readdir(join(checkpoints, newest))) {
    // state.json says what was validated when it was saved: a run stopped in its last update is saved before that
    if (name === 'MANIFEST.json' || name === 'state.json') continue;
    const content = await readFile(join(checkpoints, newest, name));
    trace[`${newest}/${name}`] = createHash('sha256').update(content).digest('hex');
  }
  for (const name of ['metrics.jsonl', 'options.json', 'model/training.json', 'curve.svg'])
    trace[name] = withoutSeconds(await readFile(join(directory, name), 'utf8'));
  return trace;
}

async function whole(request: TrainingRequest): Promise<Record<string, string>> {
  const out = place();
  const outcome = await runTraining({ ...request, out }, fakeTrainingJobs(), quiet());
  assert.equal(outcome.finished, true);
  return traceOf(out);
}

/** Trainees whose run is stopped, as Ctrl-C does it, when its learner is asked for the given micro-batch. */
function stopping(at: number, controller: AbortController): ReturnType<typeof fakeTrainingJobs> {
  return fakeTrainingJobs((learner: FakeLearner) => {
    learner.beforeAccumulate = () => {
      if (learner.accumulated === at) controller.abort(new DOMException('interrupted', 'AbortError'));
    };
  });
}

test('a run that learns has a falling loss and leaves a model, a curve, samples, metrics and events', async () => {
  const out = place();
  const io = quiet();
  await runTraining({ ...small, out, steps: 60, warmup: 2 }, fakeTrainingJobs(), io);
  const rows = (await readFile(join(out, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const losses = rows.filter((row) => row.kind === 'step').map((row) => row.loss as number);
  assert.equal(losses.length, 60);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  assert.ok(mean(losses.slice(-10)) < 0.85 * mean(losses.slice(0, 10)));
  assert.deepEqual(
    rows.filter((row) => row.kind === 'validation').map((row) => row.step),
    Array.from({ length: 15 }, (_, index) => 4 * index + 4),
  );
  assert.match(await readFile(join(out, 'curve.svg'), 'utf8'), /<polyline class="t"/);
  assert.equal((await readdir(join(out, 'samples'))).length, 10);
  assert.equal((await readdir(join(out, 'checkpoints'))).length, 3);
  assert.match(await readFile(join(out, 'events.jsonl'), 'utf8'), /"began".*\n(.*\n)*.*"done"/);
  assert.match(io.lines.join(''), /a text of step 60␛\[2J/);
  assert.match(
    io.lines.join(''),
    /60\/60 {2}loss \d\.\d+ {2}0 s left {2}bound \d\.\d+ ± \d\.\d+ {2}[\d,]+ tokens\/s/,
  );
});

test('a run stopped in any micro-batch of any step and resumed has the bits of one that was not', async () => {
  const request = { ...small, steps: 7 }; // it validates after 4, saves after 5 and samples after 6
  const expected = await whole(request);
  for (let at = 0; at < 14; at++) {
    const out = place();
    const controller = new AbortController();
    const stopped = await runTraining(
      { ...request, out },
      stopping(at, controller),
      quiet(controller.signal),
    );
    assert.equal(stopped.step, Math.floor(at / 2) + 1, 'the present step is finished, no other is begun');
    const resumed = await runTraining(
      at % 2 ? { resume: out } : { ...request, out },
      fakeTrainingJobs(),
      quiet(),
    );
    assert.equal(resumed.finished, true);
    assert.deepEqual(await traceOf(out), expected);
  }
});

test('a run that is stopped again and again ends with the same bits', async () => {
  const expected = await whole(small);
  const out = place();
  for (let finished = false, rounds = 0; !finished; rounds++) {
    assert.ok(rounds <= 12);
    const controller = new AbortController();
    ({ finished } = await runTraining({ ...small, out }, stopping(0, controller), quiet(controller.signal)));
  }
  assert.deepEqual(await traceOf(out), expected);
});

test('a run that died without saving goes on from its last checkpoint, and metrics written since are written again', async () => {
  const expected = await whole(small);
  for (const at of [9, 13, 23]) {
    const out = place();
    const dying = fakeTrainingJobs((learner) => {
      learner.beforeAccumulate = () => {
        if (learner.accumulated === at) throw new Error('died');
      };
    });
    await assert.rejects(runTraining({ ...small, out }, dying, quiet()), /died/);
    await runTraining({ resume: out }, fakeTrainingJobs(), quiet());
    assert.deepEqual(await traceOf(out), expected);
  }
});

test('checkpoint, sample and validation intervals leave the parameters as they are', async () => {
  const [expected, other] = await Promise.all([
    whole(small),
    whole({ ...small, checkpointEvery: 1, sampleEvery: 5, validationEvery: 7, keep: 2 }),
  ]);
  assert.equal(other['step-000000012/model.safetensors'], expected['step-000000012/model.safetensors']);
  assert.equal(
    other['step-000000012/optimizer.safetensors'],
    expected['step-000000012/optimizer.safetensors'],
  );
});

test('another seed gives other parameters', async () => {
  const [one, other] = [await whole(small), await whole({ ...small, seed: 4 })];
  assert.notEqual(one['step-000000012/model.safetensors'], other['step-000000012/model.safetensors']);
});

test('a run that is done is left alone', async () => {
  const out = place();
  await runTraining({ ...small, out }, fakeTrainingJobs(), quiet());
  const before = await traceOf(out);
  const io = quiet();
  const again = await runTraining({ ...small, out }, fakeTrainingJobs(), io);
  assert.equal(again.finished, true);
  assert.match(io.lines.join(''), /all 12 steps are done already/);
  assert.deepEqual(await traceOf(out), before);
});

test('a run that is done can be made longer by --resume with more steps', async () => {
  const out = place();
  await runTraining({ ...small, out }, fakeTrainingJobs(), quiet());
  const longer = await runTraining({ resume: out, steps: 20 }, fakeTrainingJobs(), quiet());
  assert.equal(longer.step, 20);
  assert.match(await readFile(join(out, 'events.jsonl'), 'utf8'), /"changed".*"steps":\{"from":12,"to":20\}/);
  assert.equal(JSON.parse(await readFile(join(out, 'options.json'), 'utf8')).steps, 20);
});

test('a damaged checkpoint is put aside and the one before it is used', async () => {
  const expected = await whole(small);
  const out = place();
  const controller = new AbortController();
  await runTraining(
    { ...small, out, checkpointEvery: 3 },
    stopping(15, controller),
    quiet(controller.signal),
  );
  await truncate(join(out, 'checkpoints', 'step-000000008', 'model.safetensors'), 100);
  const io = quiet();
  await runTraining({ ...small, out }, fakeTrainingJobs(), io);
  assert.match(io.lines.join(''), /step-000000008: expected a whole checkpoint/);
  assert.match(io.lines.join(''), /goes on after step 6/);
  assert.deepEqual(await traceOf(out), expected);
});

test('an update that is not finite is never applied, is reported, and the run goes on', async () => {
  for (const kind of ['brokenLosses', 'brokenGradients'] as const) {
    const out = place();
    const io = quiet();
    const seen: string[] = [];
    let broken!: FakeLearner;
    const make = fakeTrainingJobs((learner) => {
      broken = learner;
      const update = learner.update.bind(learner);
      const bits = () => JSON.stringify([...learner.state()].map(([, { data }]) => [...data]));
      let breaks = 2;
      learner.update = async (rate) => {
        const before = bits();
        if (learner.updated === 4) learner[kind].add(4);
        const result = await update(rate);
        if (!result.applied) {
          assert.equal(bits(), before);
          seen.push('skipped');
          if (--breaks === 0) learner[kind].clear();
        }
        return result;
      };
    });
    // losses break as they are summed, so the first is marked before its update
    if (kind === 'brokenLosses') {
      const original = make;
      const outcome = await runTraining(
        { ...small, out },
        async (...args) => {
          const job = await original(...args);
          broken.brokenLosses.add(4);
          return job;
        },
        io,
      );
      assert.equal(outcome.finished, true);
    } else {
      assert.equal((await runTraining({ ...small, out }, make, io)).finished, true);
    }
    assert.deepEqual(seen, ['skipped', 'skipped']);
    assert.match(io.lines.join(''), /step 5 was not applied: loss/);
    assert.match(await readFile(join(out, 'metrics.jsonl'), 'utf8'), /"step":6,.*"applied":false/);
  }
});

test('three updates in a row that are not finite end the run with exit code 4 and its checkpoints as they were', async () => {
  const out = place();
  const make = fakeTrainingJobs((learner) => learner.brokenGradients.add(7));
  await assert.rejects(runTraining({ ...small, out }, make, quiet()), (error: unknown) => {
    assert.ok(error instanceof NonFiniteError);
    assert.equal(error.exitCode, 4);
    assert.match(
      error.message,
      /^step 10: expected a finite loss and gradient, found loss \d.* gradient norm NaN/,
    );
    return true;
  });
  assert.deepEqual((await readdir(join(out, 'checkpoints'))).at(-1), 'step-000000010');
});

test('options of another run are refused by name, with both values', async () => {
  const out = place();
  await runTraining({ ...small, out }, fakeTrainingJobs(), quiet());
  for (const request of [
    { ...small, out, width: 64 },
    { resume: out, width: 64 },
  ]) {
    await assert.rejects(runTraining(request, fakeTrainingJobs(), quiet()), (error: unknown) => {
      assert.ok(error instanceof InvalidOptionError);
      assert.equal(error.option, 'width');
      assert.match(error.message, /the run in .* has 128; give another --out, or --resume .*, got 64/);
      return true;
    });
  }
});

test('of a single validation window no error is told', async () => {
  const make = fakeTrainingJobs();
  const io = quiet();
  const out = place();
  await runTraining(
    { ...small, out },
    async (...given) => {
      const job = await make(...given);
      return {
        ...job,
        validate: async (...asked) => {
          const validation = await job.validate!(...asked);
          return { ...validation, standardError: NaN, maskError: NaN, windows: 1 };
        },
      };
    },
    io,
  );
  const rows = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const validation = rows.map((row) => JSON.parse(row)).find(({ kind }) => kind === 'validation');
  assert.deepEqual(Object.keys(validation), [
    'kind',
    'step',
    'tokens',
    'seconds',
    'natsPerToken',
    'windows',
    'windowTokens',
  ]);
  assert.match(io.lines.join(''), /bound \d\.\d{3} nats a token \(1 window\)/);
  assert.doesNotMatch(await readFile(join(out, 'curve.svg'), 'utf8'), /NaN/);
});

test("a run that is there isn't gone on with by another default, which nobody typed", async () => {
  const out = place();
  await runTraining({ ...small, out }, fakeTrainingJobs(), quiet());
  const { batch: _, ...request } = small;
  await assert.rejects(runTraining({ ...request, out }, fakeTrainingJobs(), quiet()), {
    name: 'InvalidOptionError',
    message: `batch: the run in ${out} has 3, and a new one 32 by default; give another --out, or --resume ${out} to go on as it was started`,
  });
});

test('text that changed, is gone or was added since the run began is refused by its path', async () => {
  const out = place();
  const mine = join(scratch, 'mine.txt');
  await writeFile(mine, 'one');
  const controller = new AbortController();
  const request = { ...small, out, data: [mine] };
  await runTraining(request, stopping(9, controller), quiet(controller.signal));
  await writeFile(mine, 'two');
  await assert.rejects(
    runTraining({ resume: out }, fakeTrainingJobs(), quiet()),
    (error: unknown) =>
      error instanceof FileError &&
      error.path === mine &&
      /expected what the run in .* began with \(3 bytes/.test(error.message),
  );
  await writeFile(mine, 'one');
  assert.equal((await runTraining({ resume: out }, fakeTrainingJobs(), quiet())).finished, true);
});

test('a second trainer in a run directory is refused, and the first one finishes', async () => {
  const out = place();
  let refused: unknown;
  const make = fakeTrainingJobs((learner) => {
    learner.beforeAccumulate = async () => {
      if (learner.accumulated !== 3) return;
      refused = await runTraining({ resume: out }, fakeTrainingJobs(), quiet()).catch(
        (error: unknown) => error,
      );
    };
  });
  assert.equal((await runTraining({ ...small, out }, make, quiet())).finished, true);
  assert.ok(refused instanceof FileError);
  assert.match(refused.message, /expected a run that no other program is training, found process \d+/);
  await (await lockRun(out)).release();
});

test('a directory with other files in it is not made a run directory', async () => {
  await assert.rejects(
    runTraining({ ...small, out: scratch }, fakeTrainingJobs(), quiet()),
    /expected a run directory or an empty one, found other files \(.*\); choose another --out/,
  );
  assert.equal(existsSync(join(scratch, 'options.json')), false);
  await assert.rejects(
    runTraining({ resume: join(scratch, 'nothing') }, fakeTrainingJobs(), quiet()),
    /expected a run directory with an options.json, found none/,
  );
});

test('a run stopped while it validates saves, and validates when it is resumed', async () => {
  const expected = await whole(small);
  const out = place();
  const controller = new AbortController();
  const original = fakeTrainingJobs();
  const outcome = await runTraining(
    { ...small, out },
    async (...args) => {
      const job = await original(...args);
      const validate = job.validate!.bind(job);
      job.validate = async (step, windows, signal) => {
        if (step === 8) controller.abort(new DOMException('interrupted', 'AbortError'));
        await sleep(1);
        return validate(step, windows, signal);
      };
      return job;
    },
    quiet(controller.signal),
  );
  assert.equal(outcome.step, 8);
  await runTraining({ resume: out }, fakeTrainingJobs(), quiet());
  assert.deepEqual(await traceOf(out), expected);
});

/** A disk on which writing fails from a moment on, while a condition holds. */
function fullDisk(isFull: () => boolean): DurableFs {
  return {
    ...nodeFs,
    async create(path) {
      if (isFull())
        throw Object.assign(new Error('ENOSPC: no space left on device'), {
          code: 'ENOSPC',
          syscall: 'open',
        });
      return nodeFs.create(path);
    },
  };
}

test('a full disk costs checkpoints, not the run: it goes on, says so, and saves when there is room', async () => {
  const expected = await whole(small);
  const out = place();
  let learner!: FakeLearner;
  const make = fakeTrainingJobs((each) => (learner = each));
  const io = { ...quiet(), fs: fullDisk(() => learner.updated < 11) };
  const { lines } = io;
  assert.equal((await runTraining({ ...small, out, checkpointEvery: 2 }, make, io)).finished, true);
  assert.match(lines.join(''), /no checkpoint of step 2: .*a full disk \(ENOSPC\)/);
  assert.match(lines.join(''), /3 saves in a row have failed/);
  assert.deepEqual(await readdir(join(out, 'checkpoints')), ['step-000000012']);
  const { 'options.json': _, 'model/training.json': __, ...bits } = await traceOf(out);
  for (const [name, content] of Object.entries(bits)) assert.equal(content, expected[name]);
});

test('a run whose last checkpoint cannot be saved still has its model, and ends with exit code 2', async () => {
  const out = place();
  const io = { ...quiet(), fs: fullDisk(() => true) };
  await assert.rejects(runTraining({ ...small, out }, fakeTrainingJobs(), io), (error: unknown) => {
    assert.ok(error instanceof CannotSaveError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /^no checkpoint of step 12 could be saved; the model is in .*model$/);
    return true;
  });
  assert.equal(existsSync(join(out, 'model', 'training.json')), true);
});

test('a run that could not save for an hour gives up', async () => {
  let ms = 0;
  const io = { ...quiet(), clock: () => (ms += 600_000), fs: fullDisk(() => true) };
  await assert.rejects(runTraining({ ...small, out: place() }, fakeTrainingJobs(), io), CannotSaveError);
});

test('left-overs of a run that was killed while it wrote are removed', async () => {
  const out = place();
  const controller = new AbortController();
  await runTraining({ ...small, out }, stopping(3, controller), quiet(controller.signal));
  for (const name of ['.model.tmp-123', 'options.json.tmp-99']) await writeFile(join(out, name), 'half');
  await runTraining({ resume: out }, fakeTrainingJobs(), quiet());
  assert.deepEqual(
    (await readdir(out)).filter((name) => name.includes('.tmp-')),
    [],
  );
});

test('a run that cannot begin leaves nothing behind; one that began before is left as it is', async () => {
  const refuse = () => Promise.reject(new FileError('empty.txt', 'text to learn from', 'none'));
  const fresh = place();
  await assert.rejects(runTraining({ ...small, out: fresh }, refuse, quiet()), /expected text to learn from/);
  assert.equal(existsSync(fresh), false);
  const own = join(place(), 'rows.jsonl');
  await mkdir(dirname(own));
  await writeFile(own, 'what somebody learns from');
  const request = { ...small, out: dirname(own), data: [own] };
  await assert.rejects(runTraining(request, refuse, quiet()), FileError);
  assert.deepEqual((await readdir(dirname(own))).sort(), [lockFolder, 'rows.jsonl']);
  const begun = place();
  await runTraining({ ...small, out: begun }, fakeTrainingJobs(), quiet());
  await assert.rejects(runTraining({ ...small, out: begun }, refuse, quiet()), FileError);
  assert.equal(existsSync(join(begun, 'options.json')), true);
});
