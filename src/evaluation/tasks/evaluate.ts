import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { startTask, type Task, type TaskOptions } from '../../base/task.ts';
import { causal } from '../../model/attention-pattern.ts';
import type { GenerateRequest, Model } from '../../language-model/language-model.ts';
import { load } from '../../language-model/load.ts';
import { ofFirst } from '../../ranks/messages.ts';
import { alone, type Ranks } from '../../ranks/ranks.ts';
import { sharedOut } from '../../ranks/share-out.ts';
import { type Mean, meanOf } from '../mean.ts';
import { readWhole } from '../../checkpoint/read-whole.ts';
import { writeTextFile } from '../../checkpoint/write-text-file.ts';
import { askQuestion, type ModelAnswer } from './ask.ts';
import { openTask, type TaskDefinition } from './definition.ts';
import { madePuzzle, type QuestionRow, questionsOf } from './questions.ts';

/** Which task, and how many of its questions. */
export interface EvaluateRequest {
  /** The name of a task that ships, or a file that defines one. */
  readonly task: string;
  /** Its rows, where it brings none. */
  readonly data?: string;
  /** Answered examples before each question. Default: 0 */
  readonly shots?: number;
  /** Questions at most. */
  readonly limit?: number;
  /** Of order, examples and sampling. Default: 0 */
  readonly seed?: number;
  /** Asks everything with so many seeds, from `seed` on. Default: 1 */
  readonly seeds?: number;
  /** Draws of a bound. Default: 128 */
  readonly samples?: number;
  /** For infilling: a command that is given the filled text on stdin, and ends with 0 where it is right. */
  readonly check?: string;
  /** A file in which answers are kept, a line of JSON for each; the same call goes on with it. */
  readonly out?: string;
  /** What the model is called: answers that are kept are its alone. Default: where it is, if it is given so */
  readonly modelName?: string;
  /** How texts are written, over the model's own defaults. */
  readonly sampling?: Partial<GenerateRequest>;
}

/** An answer, and to which question of which seed. */
export interface GivenAnswer extends ModelAnswer {
  readonly seed: number;
  /** Counted from 0, in the order of its seed. */
  readonly question: number;
  /** Which row of the data it is of. */
  readonly row: number;
}

/** How an evaluation is watched and stopped, and who does it. */
export interface EvaluateOptions extends TaskOptions<GivenAnswer> {
  /**
   * The ranks of the job, which share out the questions: each calls this with the same task and model, and has all answers in
   * the end; the first tells and keeps them. Default: this process alone.
   */
  readonly ranks?: Ranks;
}

/** What a task says of a model. */
export interface Evaluation {
  readonly task: string;
  readonly questions: number;
  readonly seeds: number;
  /** Rows of the data that are no question, and were not asked. */
  readonly leftOut: number;
  readonly measures: Readonly<Record<string, Mean>>;
  /** Whether the costs of a text are bounds. */
  readonly isBound: boolean;
  readonly answers: readonly GivenAnswer[];
}

/**
 * Puts the questions of a task to a model, as `unmask evaluate` does.
 *
 * @param model  one that was loaded, or where it is
 * @throws InvalidOptionError, FileError  for a task or data that can't be used, and answers that are of another call
 */
export function evaluate(
  model: Model | string,
  request: EvaluateRequest,
  { ranks = alone, ...watching }: EvaluateOptions = {},
): Task<Evaluation, GivenAnswer> {
  return startTask(async ({ tell, signal }) => {
    const task = await openTask(request.task);
    if (request.check !== undefined && task.kind !== 'infill')
      throw new InvalidOptionError('check', 'is for a task of infilling', request.check);
    const { seeds = 1, samples, check, out, sampling = {} } = request;
    const modelName = request.modelName ?? (typeof model === 'string' ? model : undefined);
    const before = await ofFirst(ranks, () => keptAnswers(task, { ...request, modelName }));
    const kept = new Map(before.map((answer) => [keyOf(answer), answer]));
    const loaded = typeof model === 'string' ? await load(model) : model;
    const answerTo = async ({ text, shots, ...place }: Asked): Promise<GivenAnswer> => {
      const known = kept.get(keyOf(place));
      if (known) return known;
      signal.throwIfAborted();
      const how = { sampling, samples, check, seed: place.seed, signal };
      return { ...place, ...(await askQuestion(loaded, task, text, shots, how)) };
    };
    try {
      const answers: GivenAnswer[] = [];
      let leftOut = 0;
      const asked = askedOf(task, request, (rows) => (leftOut = rows));
      for await (const answer of sharedOut(ranks, asked, { perRank, work: answerTo })) {
        answers.push(answer);
        if (ranks.rank > 0) continue;
        if (out !== undefined && !kept.has(keyOf(answer)))
          await appendFile(out, `${JSON.stringify(answer)}\n`);
        await tell(answer);
      }
      const isBound = loaded.config.attention !== causal;
      return {
        task: task.name,
        questions: answers.length / seeds,
        seeds,
        leftOut,
        isBound,
        measures: taskMeasures(task, answers),
        answers,
      };
    } finally {
      if (typeof model === 'string') await loaded.close();
    }
  }, watching);
}

/** Of a file of answers, which is read whole. */
const maxAnswers = 2 ** 28;

/** Questions that a rank answers before answers are exchanged and kept. */
const perRank = 8;

/** A question of a seed, and the answered examples before it. */
interface Asked extends Pick<GivenAnswer, 'seed' | 'question' | 'row'> {
  readonly text: QuestionRow;
  readonly shots: readonly QuestionRow[];
}

const keyOf = ({ seed, question }: Pick<Asked, 'seed' | 'question'>): string => `${seed} ${question}`;

/** All that a task is asked, seed by seed. @param onLeftOut  is told how many rows of the data are no question */
async function* askedOf(
  task: TaskDefinition,
  request: EvaluateRequest,
  onLeftOut: (rows: number) => void,
): AsyncGenerator<Asked, void, void> {
  const { seed: first = 0, seeds = 1, shots = 0 } = request;
  for (let seed = first; seed < first + seeds; seed++) {
    const asked = await questionsOf(task, { ...request, shots, seed });
    onLeftOut(asked.leftOut);
    for (const [question, text] of asked.rows.entries())
      yield { seed, question, row: asked.places[question], text, shots: asked.shots };
  }
}

/**
 * The answers that an earlier call kept; the file is begun if there is none.
 *
 * @throws InvalidOptionError  where they are to other questions, or of another model
 * @throws FileError           for a file that is damaged
 */
async function keptAnswers(
  task: TaskDefinition,
  { out, ...request }: EvaluateRequest,
): Promise<GivenAnswer[]> {
  if (out === undefined) return [];
  // how many puzzles are made changes which come first; rows of data stay in their order
  const limit = madePuzzle(task, request.data) === undefined ? undefined : request.limit;
  const head = JSON.stringify({ asked: { ...request, limit, seeds: undefined } });
  if (!existsSync(out)) {
    await writeTextFile(out, `${head}\n`);
    return [];
  }
  const [first, ...lines] = Buffer.from(await readWhole(out, maxAnswers, 'bytes of answers'))
    .toString()
    .split('\n');
  if (first !== head)
    throw new InvalidOptionError(
      'out',
      'has answers to other questions, or of another model; give another file',
      out,
    );
  // the last line of a call that was killed may be half of one
  const whole = lines.filter((line, i) => line !== '' && i < lines.length - 1);
  if (lines.at(-1) !== '') await writeTextFile(out, [head, ...whole, ''].join('\n'));
  try {
    return whole.map((line) => JSON.parse(line) as GivenAnswer);
  } catch {
    throw new FileError(out, 'lines of JSON', 'something else', 'it was damaged or edited; give another');
  }
}

/**
 * Shares of right answers, or what a text costs, with their errors over rows: answers to one row with several seeds are not
 * independent, and count together.
 */
export function taskMeasures(task: TaskDefinition, answers: readonly GivenAnswer[]): Record<string, Mean> {
  const share = (of: (answer: GivenAnswer) => boolean | undefined): Mean =>
    meanOverRows(
      answers.map((answer) => ({ row: answer.row, value: Number(of(answer) ?? false), weight: 1 })),
    );
  if (task.kind === 'choice')
    return { accuracy: share(({ right }) => right), 'accuracy by bytes': share((a) => a.rightByBytes) };
  if (task.kind !== 'perplexity') return { right: share(({ right }) => right) };
  const over = (weight: (answer: GivenAnswer) => number, unit: number): Mean =>
    meanOverRows(
      answers.map((answer) => ({
        row: answer.row,
        value: (answer.nats ?? NaN) / unit,
        weight: weight(answer),
      })),
    );
  const token = over(({ tokens = 0 }) => tokens, 1);
  return {
    'nats a token': token,
    'bits a byte': over(({ bytes = 0 }) => bytes, Math.LN2),
    perplexity: { mean: Math.exp(token.mean), standardError: Math.exp(token.mean) * token.standardError },
  };
}

function meanOverRows(
  terms: readonly { readonly row: number; readonly value: number; readonly weight: number }[],
): Mean {
  const sums = new Map<number, { value: number; weight: number }>();
  for (const { row, value, weight } of terms) {
    const sum = sums.get(row) ?? { value: 0, weight: 0 };
    sums.set(row, { value: sum.value + value, weight: sum.weight + weight });
  }
  return meanOf([...sums.values()]);
}
