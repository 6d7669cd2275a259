import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linearNoise, polynomial } from '../diffusion/noise-schedule.ts';
import { scalar } from '../graph/tensor.ts';
import { mul } from '../graph/primitives.ts';
import { inspectModel } from '../model-files/inspect-model.ts';
import { shippedModel } from '../model-files/locate.ts';
import { weightedCrossEntropy } from '../training/loss.ts';
import { withPrompts } from '../training/objectives/objective.ts';
import type { TrainingEvent } from '../training/run/events.ts';
import { heldOutText } from './held-out.ts';
import { openRun } from './open-run.ts';
import { finetune, train, type TrainOptions, type TrainRequest } from './train.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-library-'));
after(() => rm(scratch, { recursive: true }));
let runs = 0;
const place = (): string => join(scratch, `run-${runs++}`);

const animals = ['cat', 'dog', 'cow', 'hen'];
const texts = Array.from({ length: 40 }, (_, i) => `A ${animals[i % 4]} sat. It ran away.`);
const small: TrainRequest = {
  texts,
  tokenizer: 'characters',
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 24,
  length: 16,
  batch: 4,
  steps: 8,
  warmup: 1,
  threads: 1,
  validationEvery: 4,
  sampleEvery: 8,
  validationDraws: 2,
};

/** The weights that a run ends with, as a hash. */
async function weightsOf(directory: string): Promise<string> {
  const bytes = await readFile(join(directory, 'model', 'model.safetensors'));
  return createHash('sha256').update(bytes).digest('hex');
}

async function trained(request: TrainRequest = small, options?: TrainOptions): Promise<string> {
  const { directory, isFinished } = await train({ ...request, out: place() }, options);
  assert.equal(isFinished, true);
  return weightsOf(directory);
}

const usual = await trained();

test('a run tells what happens, and then is there with its metrics, samples, validation and model', async () => {
  const events: TrainingEvent[] = [];
  const out = place();
  const run = await train({ ...small, out }, { onProgress: (event) => void events.push(event) });
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'note');
  const steps = (n: number): string[] => Array.from({ length: n }, () => 'step');
  assert.deepEqual(kinds, [
    'began',
    ...steps(4),
    'validation',
    ...steps(4),
    'validation',
    'sample',
    'saving',
    'saved',
  ]);
  assert.equal(run.directory, out);
  assert.equal(run.step, 8);
  assert.equal(run.isFinished, true);
  assert.equal(run.options.width, 16);
  assert.equal(run.options.learningRate, 1e-3, 'what nobody named is recorded, too');

  const heldOut = await heldOutText(out);
  const sentences = heldOut!.split('\n\n');
  assert.ok(sentences.length === 4 && sentences.every((text) => texts.includes(text)), heldOut);
  assert.equal(await heldOutText(shippedModel), undefined);
  const { training } = await inspectModel(out);
  assert.deepEqual([training?.objective, training?.step, training?.final], ['masked-diffusion', 8, true]);
  assert.equal(training?.validation?.natsPerToken, run.validation?.natsPerToken);

  const rows = run.metrics();
  assert.equal(rows.length, 10);
  for (const [i, { seconds, tokens }] of rows.entries()) {
    assert.ok(seconds > 0 && tokens > 0);
    assert.ok(i === 0 || (seconds >= rows[i - 1].seconds && tokens >= rows[i - 1].tokens));
  }
  assert.deepEqual([run.tokens, run.seconds], [rows.at(-1)!.tokens, rows.at(-1)!.seconds]);
  assert.ok(run.validation!.natsPerToken > 0 && run.validation!.step === 8);
  const told = events.filter(({ kind }) => kind === 'validation');
  assert.deepEqual(
    told,
    rows.filter(({ kind }) => kind === 'validation'),
  );
  const [sample, ...others] = await run.samples();
  assert.equal(sample.step, 8);
  assert.deepEqual(others, []);

  const model = await run.model();
  const { text } = await model.generate({ prompt: 'A ', length: 8, seed: 1 });
  await model.close();
  assert.ok(text.startsWith('A '));
});

test('texts of the program are learned as a file of them is, and are kept for a resume', async () => {
  const file = join(scratch, 'texts.jsonl');
  await writeFile(file, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  assert.equal(await trained({ ...small, texts: undefined, data: [file] }), usual);
  async function* later(): AsyncGenerator<string> {
    yield* texts;
  }
  assert.equal(await trained({ ...small, texts: later() }), usual);
  const out = place();
  await train({ ...small, out, steps: 4 });
  const run = await train({ resume: out, steps: 8 });
  assert.equal(run.step, 8);
  await assert.rejects(train({ ...small, out, texts: ['others'] }), {
    name: 'FileError',
    message: /rows\.jsonl: expected the rows that are given, found others, with which its run began/,
  });
});

test('a loop that is left stops the run after the present update, saved, and a resume has the same bits', async () => {
  const out = place();
  const first = train({ ...small, out });
  for await (const event of first) if (event.kind === 'step' && event.step === 3) break;
  const stopped = await first;
  assert.deepEqual([stopped.step, stopped.isFinished], [3, false]);
  assert.ok(existsSync(join(out, 'checkpoints', 'step-000000003')));

  const controller = new AbortController();
  const stopAt = (event: TrainingEvent): void =>
    void (event.kind === 'step' && event.step === 6 && controller.abort());
  const second = await train({ ...small, out }, { signal: controller.signal, onProgress: stopAt });
  assert.deepEqual([second.step, second.isFinished], [6, false]);
  assert.ok(second.seconds > stopped.seconds, 'seconds add up over resumes');

  const steps: number[] = [];
  for await (const event of train({ resume: out })) if (event.kind === 'step') steps.push(event.step);
  assert.deepEqual(steps, [7, 8]);
  assert.equal(await weightsOf(out), usual);
});

test('a schedule, an objective or a loss of a program takes the place of what the options name', async () => {
  assert.equal(await trained(small, { noise: linearNoise }), usual);
  assert.equal(await trained(small, { loss: weightedCrossEntropy }), usual);
  assert.equal(await trained(small, { objective: ({ usual: same }) => same }), usual);
  const half = {
    loss: ((rows) => mul(weightedCrossEntropy(rows), scalar(0.5))) satisfies TrainOptions['loss'],
  };
  const others = await Promise.all([
    trained(small, { noise: polynomial(3) }),
    trained({ ...small, clip: 1e9, epsilon: 1e-3 }, half),
    trained(small, {
      objective: ({ usual: all, options: { seed } }) => withPrompts(all, { seed, share: 1 }),
    }),
  ]);
  assert.equal(new Set([usual, ...others]).size, 4);
});

test('a run that has parts of a program can only go on with them, and says so', async () => {
  const out = place();
  const own = { loss: weightedCrossEntropy, noise: linearNoise };
  const run = await train({ ...small, out, steps: 2 }, own);
  assert.deepEqual(run.own, ['noise', 'loss']);
  await assert.rejects(train({ resume: out, steps: 4 }), {
    name: 'InvalidOptionError',
    message: /^noise: the run in .* has one that a program gave it; go on with it in that program/,
  });
  assert.equal((await train({ resume: out, steps: 4 }, own)).step, 4);
  const plain = place();
  await train({ ...small, out: plain, steps: 2 });
  await assert.rejects(
    train({ resume: plain, steps: 4 }, own),
    /^InvalidOptionError: noise: .* began without one/,
  );
});

test('what cannot be trained is refused in a sentence, and leaves nothing behind', async () => {
  const wrong: [object, TrainOptions, RegExp][] = [
    [{ ...small, widht: 3 }, {}, /^widht: is no option \(did you mean width\?\)/],
    [{ ...small, data: ['x.txt'] }, {}, /^data: is given in the place of texts/],
    [{ ...small, texts: [] }, {}, /^data: must have a row at least/],
    [{ texts, resume: scratch }, {}, /^resume: goes on with the rows of the run/],
    [{ ...small, noise: 'cosine' }, { noise: linearNoise }, /^noise: is given as a function/],
    [
      { ...small, validationDraws: undefined, objective: 'autoregressive' },
      { noise: linearNoise },
      /^noise: is for models that diffuse/,
    ],
    [small, { loss: ({ weights }) => weights }, /^loss: must be a float32 scalar, got "float32\[R\]"/],
  ];
  for (const [request, options, message] of wrong) {
    const out = 'resume' in request ? undefined : place();
    await assert.rejects(train({ out, ...request }, options), (error: Error) => {
      assert.equal(error.name, 'InvalidOptionError');
      assert.match(error.message, message);
      return true;
    });
    assert.ok(out === undefined || !existsSync(out), message.source);
  }
  await assert.rejects(
    openRun(join(scratch, 'nowhere')),
    /expected a run directory with an options.json, found none/,
  );
});

test('rows of a program teach a model to answer, and numbers that JSON lacks come back as numbers', async () => {
  const base = place();
  await train({ ...small, out: base, length: 64 });
  const rows = animals.map((animal) => ({ prompt: `A ${animal}`, answer: 'ran away.' }));
  const request = { out: place(), steps: 2, batch: 2, warmup: 0, validationShare: 0, threads: 1 };
  const run = await finetune(base, rows, request);
  assert.equal(run.options.learn, 'answers');
  assert.equal(run.options.length, 64);
  assert.equal(run.step, 2);
  await assert.rejects(
    finetune(base, ['a.jsonl', { prompt: 'a' }] as string[], request),
    /must be paths or rows/,
  );
  const pairs = rows.map(({ prompt, answer }) => ({ prompt, chosen: answer, rejected: 'sat.' }));
  await assert.rejects(
    finetune(base, pairs, { ...request, out: place(), learn: 'preferences' }, { loss: weightedCrossEntropy }),
    /^InvalidOptionError: loss: of a program is for text and answers/,
  );
  await assert.rejects(finetune(shippedModel, join(scratch, 'none.jsonl'), { out: place() }), /none\.jsonl/);

  const row = {
    kind: 'step',
    step: 3,
    loss: 'NaN',
    gradientNorm: 'Infinity',
    rate: 0,
    tokens: 1,
    seconds: 1,
  };
  await appendFile(join(run.directory, 'metrics.jsonl'), `${JSON.stringify(row)}\n{"kind":"st`);
  const last = (await openRun(run.directory)).metrics().at(-1)!;
  assert.ok(last.kind === 'step' && Number.isNaN(last.loss) && last.gradientNorm === Infinity);
});
