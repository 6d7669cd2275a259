import { spawn } from 'node:child_process';
import { InvalidOptionError } from '../../base/errors.ts';
import type { GenerateRequest, Model } from '../../language-model/language-model.ts';
import { puzzleKinds } from '../planning/kinds.ts';
import type { TaskDefinition } from './definition.ts';
import { filled, type Questions, type QuestionRow } from './questions.ts';

/** What became of a question. */
export interface ModelAnswer {
  readonly prompt: string;
  /** What the model wrote, or which choice it took. */
  readonly said?: string;
  readonly expected?: string;
  readonly right?: boolean;
  /** Of multiple choice: whether it is right with each cost divided by its bytes. */
  readonly rightByBytes?: boolean;
  /** Of a text: what it cost. */
  readonly nats?: number;
  readonly tokens?: number;
  readonly bytes?: number;
}

/** How a question is asked. */
export interface AskOptions {
  /** How texts are written, over the model's own defaults. */
  readonly sampling: Partial<GenerateRequest>;
  /** Draws of a bound. */
  readonly samples?: number;
  readonly seed: number;
  /** A command that is given what stands after filling, on stdin, and ends with 0 where that is right. */
  readonly check?: string;
  readonly signal?: AbortSignal;
}

type TaskOf<Kind extends TaskDefinition['kind']> = Extract<TaskDefinition, { readonly kind: Kind }>;

/** Asks a model one question of a task. */
export function askQuestion(
  model: Model,
  task: TaskDefinition,
  row: QuestionRow,
  shots: Questions['shots'],
  options: AskOptions,
): Promise<ModelAnswer> {
  if (task.kind === 'choice') return choose(model, task, row, shots, options);
  if (task.kind === 'generate') return write(model, task, row, shots, options);
  if (task.kind === 'infill') return fill(model, task, row, options);
  return cost(model, task, row, options);
}

/** Examples and the question, a line of air between them. */
const behindShots = (shots: readonly string[], prompt: string): string => [...shots, prompt].join('\n\n');

async function choose(
  model: Model,
  task: TaskOf<'choice'>,
  row: QuestionRow,
  shots: readonly QuestionRow[],
  { samples, seed, signal }: AskOptions,
): Promise<ModelAnswer> {
  const choiceOf = (one: QuestionRow, choice: string): string => filled(task.choice, { ...one, choice });
  const examples = shots.map((one) => filled(task.prompt, one) + choiceOf(one, rightChoice(task, one).text));
  const prompt = behindShots(examples, filled(task.prompt, row));
  const { choices, index } = rightChoice(task, row);
  const scores = await Promise.all(
    choices.map((choice) => model.score({ prompt, answer: choiceOf(row, choice), samples, seed, signal })),
  );
  const best = (of: (k: number) => number): number =>
    choices.reduce((least, _, k) => (of(k) < of(least) ? k : least), 0);
  const taken = best((k) => scores[k].nats);
  return {
    prompt,
    said: choices[taken],
    expected: choices[index],
    right: taken === index,
    rightByBytes: best((k) => scores[k].nats / scores[k].bytes) === index,
  };
}

/** @throws InvalidOptionError  for a row that doesn't say which of its choices is right */
function rightChoice(
  task: TaskOf<'choice'>,
  row: QuestionRow,
): { readonly choices: readonly string[]; readonly index: number; readonly text: string } {
  const list = row[task.choices];
  const choices = Array.isArray(list) ? list.map(String) : [];
  const answer = row[task.answer];
  const letter = typeof answer === 'string' && /^[A-Z]$/.test(answer) ? answer.charCodeAt(0) - 65 : -1;
  const named = choices.indexOf(String(answer));
  const index = typeof answer === 'number' ? answer : named >= 0 ? named : letter;
  const text = choices[index];
  if (text === undefined)
    throw new InvalidOptionError(
      'data',
      `has a row that doesn't say which of its ${task.choices} is right`,
      row,
    );
  return { choices, index, text };
}

async function write(
  model: Model,
  task: TaskOf<'generate'>,
  row: QuestionRow,
  shots: readonly QuestionRow[],
  { sampling, seed, signal }: AskOptions,
): Promise<ModelAnswer> {
  const examples = shots.map((one) => filled(task.prompt, one) + filled(task.answer, one));
  const prompt = behindShots(examples, filled(task.prompt, row));
  const asks = task.chat && model.chatTemplate !== undefined;
  const { text } = await model.generate({
    temperature: 0,
    length: task.length,
    ...sampling,
    seed,
    signal,
    ...(asks ? { messages: [{ role: 'user', content: prompt }] } : { prompt }),
  });
  const said = asks ? text : text.slice(prompt.length);
  const expected = filled(task.answer, row);
  return {
    prompt,
    said,
    expected,
    right: isRight(task, { prompt: filled(task.prompt, row), said, expected }),
  };
}

/** Whether what was said is right. */
export function isRight(
  { puzzle, match, extract }: Pick<TaskOf<'generate'>, 'puzzle' | 'match' | 'extract'>,
  { prompt, said, expected }: { readonly prompt: string; readonly said: string; readonly expected: string },
): boolean {
  const counted = extract === undefined ? said : lastMatch(said, extract);
  if (counted === undefined) return false;
  if (puzzle !== undefined) return puzzleKinds[puzzle].isSolved(prompt, counted.trim());
  if (match === 'regex') return new RegExp(expected, 'su').test(counted);
  return counted.trim() === (lastMatch(expected, extract ?? '(.*)') ?? expected).trim();
}

function lastMatch(text: string, pattern: string): string | undefined {
  const last = [...text.matchAll(new RegExp(pattern, 'gsu'))].findLast(([whole]) => whole !== '');
  return last && (last[1] ?? last[0]);
}

async function fill(
  model: Model,
  task: TaskOf<'infill'>,
  row: QuestionRow,
  { sampling, seed, check, signal }: AskOptions,
): Promise<ModelAnswer> {
  const [before, after, expected] = [task.before, task.after, task.answer].map((part) => filled(part, row));
  const length = task.length === 'any' ? ('any' as const) : model.tokenizer.encode(expected).length;
  const { length: _none, ...how } = sampling;
  const { holes, text } = await model.infill({
    temperature: 0,
    ...(how as object),
    parts: [before, { length }, after],
    seed,
    signal,
  });
  const said = holes[0].text;
  const right = check === undefined ? said.trim() === expected.trim() : await passes(check, text, signal);
  return { prompt: before, said, expected, right };
}

/** Whether a command that is given a text on stdin ends with 0. */
export function passes(command: string, text: string, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'ignore', 'ignore'], signal });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
    child.stdin.on('error', () => {}); // it may not read to the end
    child.stdin.end(text);
  });
}

async function cost(
  model: Model,
  task: TaskOf<'perplexity'>,
  row: QuestionRow,
  { samples, seed, signal }: AskOptions,
): Promise<ModelAnswer> {
  const answer = filled(task.text, row);
  const { nats, tokens, bytes } = await model.score({ answer, samples, seed, signal });
  return { prompt: answer.slice(0, 60), nats, tokens, bytes };
}
