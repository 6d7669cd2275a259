import { z } from 'zod';
import { grouped } from '../../base/format-count.ts';
import { kebabCase, keysOf } from '../../base/options.ts';
import { budgets } from '../../evaluation/claims/budget.ts';
import type { Evaluation } from '../../evaluation/tasks/evaluate.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Ranks } from '../../ranks/ranks.ts';
import { samplingSchema } from '../../sampling/options.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';
import { distributed, onRanks, requireOneRank, requireSameCommand } from '../ranks.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { tableOf } from '../terminal/table.ts';

const { adapter, device, weights } = modelOptions;
const path = z.string().min(1).optional().meta({ placeholder: 'path' });
const { length, steps, strategy, blockLength, temperature } = samplingSchema.shape;
const samplingShape = { length, steps, strategy, blockLength, temperature };

const ofClaims = {
  claims: z.string().optional().meta({ placeholder: 'a,c,k' }).describe('for claims: their letters [all]'),
  budget: z
    .enum(keysOf(budgets))
    .optional()
    .describe(
      'for claims: how much is trained; on two cores quick takes about a quarter of an hour, hour and night are rough names [quick]',
    ),
  jobs: z.int().min(1).max(256).optional().describe('for claims: runs at the same time [one for each core]'),
};

const ofTasks = {
  task: z
    .string()
    .optional()
    .meta({ placeholder: 'name' })
    .describe('for a model: a task that ships (tasks/), or a file that defines one'),
  shots: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe('for a task: answered examples before each question [0]'),
  limit: z.int().min(1).optional().describe('for a task: questions at most [all; of made-up puzzles 100]'),
  seed: z.int().min(0).optional().describe('for a task: of order, examples and sampling [0]'),
  seeds: z.int().min(1).max(1000).optional().describe('for a task: asks everything with so many seeds [1]'),
  samples: z.int().min(1).max(100_000).optional().describe('for a task: draws of a bound [128]'),
  check: z
    .string()
    .optional()
    .meta({ placeholder: 'command' })
    .describe(
      'for a task of infilling: is given the filled text on stdin, and ends with 0 where it is right',
    ),
  ...samplingShape,
  adapter,
  device,
  weights,
  distributed,
};

const options = z.strictObject({
  what: z
    .string()
    .min(1)
    .meta({ placeholder: 'model|claims' })
    .describe('a model, for --task; or claims: tests common claims about diffusion language models'),
  ...ofTasks,
  ...ofClaims,
  data: z
    .array(z.string().min(1))
    .optional()
    .meta({ placeholder: 'path' })
    .describe('rows of the task, or text that claims are tested on; a file of text may be given again'),
  out: path.describe(
    'a file in which the answers to a task are kept, or the folder of a report on claims [runs/claims-BUDGET]; the same command resumes',
  ),
  json: z.boolean().default(false).describe('prints lines of JSON: the measures, or each claim'),
});

type Options = z.output<typeof options>;

/** `unmask evaluate`, with any way to load a model. */
export function evaluateCommand(loadAny: LoadModel): Command<typeof options> {
  return {
    summary: 'Evaluates a model on a task, or tests claims about diffusion models',
    options,
    positionals: ['what'],
    examples: [
      [
        'unmask evaluate claims',
        'trains small models for about a quarter of an hour, and reports a verdict for each claim',
      ],
      ['unmask evaluate claims --data my.jsonl --claims b,c,f', 'on text of your own'],
      ['unmask evaluate models/talk --task gsm8k --data gsm8k-test.jsonl --limit 100', 'a task'],
      ['unmask evaluate runs/mine --task my-task.json --shots 3 --out answers.jsonl', 'one of your own'],
    ],
    async run(asked, io, given) {
      const foreign = asked.what === 'claims' ? ofTasks : ofClaims;
      const wrong = Object.keys(foreign).find((key) => given.has(key));
      if (wrong !== undefined)
        throw new UsageError(
          asked.what === 'claims'
            ? `--${kebabCase(wrong)} is for a model and its --task (a directory named claims is ./claims)`
            : `--${kebabCase(wrong)} is for unmask evaluate claims`,
        );
      if (asked.what !== 'claims') return askTask(loadAny, asked, io, given);
      await requireOneRank('claims are', io);
      return testClaims(asked, io);
    },
  };
}

export default evaluateCommand(loadModel);

async function askTask(
  loadAny: LoadModel,
  asked: Options,
  io: Io,
  given: ReadonlySet<string>,
): Promise<void> {
  const { what, task, data, adapter } = asked;
  if (task === undefined) throw new UsageError('say which task the model is asked: --task NAME or a file');
  if (data !== undefined && data.length > 1) throw new UsageError('a task has one --data');
  const { openTask } = await import('../../evaluation/tasks/definition.ts');
  await openTask(task); // a mistake doesn't wait for the model
  const { requireSameFiles } = await import('../../evaluation/compare-files.ts');
  await onRanks(asked.distributed, io, async (ranks, io) => {
    await requireSameCommand(ranks, 'evaluate', asked);
    const others = [task, ...(data ?? []), ...(adapter === undefined ? [] : [adapter])];
    await requireSameFiles(ranks, { models: [what], others }, io.signal);
    const model = await loadAny({ ...asked, model: what }, io);
    try {
      await showAnswers(model, { ...asked, task }, { ranks, io, given });
    } finally {
      await model.close();
    }
  });
}

/** Puts the task to the model, and prints what came of it. */
async function showAnswers(
  model: Model,
  { what, task, data, json, ...asked }: Options & { readonly task: string },
  { ranks, io, given }: { readonly ranks: Ranks; readonly io: Io; readonly given: ReadonlySet<string> },
): Promise<void> {
  const { evaluate } = await import('../../evaluation/tasks/evaluate.ts');
  const status = new StatusLine(io.stderr, () => performance.now(), { liveMs: 250, plainMs: 10_000 });
  const sampling = Object.fromEntries(
    Object.keys(samplingShape).flatMap((key) =>
      given.has(key) ? [[key, asked[key as keyof typeof asked]]] : [],
    ),
  );
  const { shots, limit, seed, seeds, samples, check, out } = asked;
  const modelName = [what, asked.adapter, asked.weights].filter((part) => part !== undefined).join(' ');
  const how = { shots, limit, seed, seeds, samples, check };
  let done = 0;
  try {
    const found = await evaluate(
      model,
      { task, data: data?.[0], out, ...how, modelName, sampling },
      {
        signal: io.signal,
        ranks,
        onProgress() {
          done++;
          if (status.isDue) status.show(`answers: ${grouped(done)}`);
        },
      },
    );
    status.clear();
    const { answers: _answers, ...measured } = found;
    if (found.leftOut > 0)
      io.stderr.write(
        `${grouped(found.leftOut)} ${found.leftOut === 1 ? 'row is' : 'rows are'} no question of this task, and left out\n`,
      );
    io.stdout.write(
      json ? `${JSON.stringify({ model: what, ...measured })}\n` : taskReport(found, io.stdout.columns),
    );
  } finally {
    status.clear();
  }
}

/** A line for each measure, with its standard error over questions. */
function taskReport({ task, questions, seeds, measures, isBound }: Evaluation, columns?: number): string {
  const rows = Object.entries(measures).map(([name, { mean, standardError }]) => {
    const isShare = /right|accuracy/.test(name);
    const [value, error] = [mean, standardError].map((x) => (isShare ? (100 * x).toFixed(1) : x.toFixed(3)));
    return [isShare ? `${name}, %` : name, isBound && !isShare ? `≤ ${value}` : value, error];
  });
  const asked = `${grouped(questions)} ${questions === 1 ? 'question' : 'questions'}`;
  return tableOf(
    [`${task}: ${asked}${seeds > 1 ? `, ${seeds} seeds` : ''}`, 'mean', 'standard error'],
    rows,
    columns,
  );
}

async function testClaims({ claims, budget, data, out, jobs, json }: Options, io: Io): Promise<void> {
  const { evaluateClaims } = await import('../../evaluation/claims/evaluate-claims.ts');
  const letters = claims?.split(',').map((letter) => letter.trim());
  const report = await evaluateClaims(
    { claims: letters, budget, data, out, jobs },
    {
      signal: io.signal,
      onProgress(event) {
        if (event.kind === 'note') io.stderr.write(`${event.text}\n`);
        else {
          const { claim, chart: _chart, ...found } = event.tested;
          if (json)
            io.stdout.write(
              `${JSON.stringify({ letter: claim.letter, sentence: claim.sentence, ...found })}\n`,
            );
          else io.stderr.write(`(${claim.letter}) ${claim.title}: ${found.verdict}\n`);
        }
      },
    },
  );
  if (json) return;
  const rows = report.tested.flatMap(({ claim, verdict, number }) => [
    [`(${claim.letter}) ${claim.title}`, verdict],
    [`    ${number}`],
  ]);
  io.stdout.write(`${tableOf(['claim', ''], rows, io.stdout.columns)}${report.folder}/report.html\n`);
}
