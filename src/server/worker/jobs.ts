import { checkIds } from '../../base/check-ids.ts';
import { nextTurn } from '../../base/next-turn.ts';
import { DeviceLostError, FileError, InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import type { GenerateRequest, InfillRequest, Model } from '../../language-model/language-model.ts';
import { causal } from '../../model/attention-pattern.ts';
import { constraintIn } from '../../sampling/constraint/constrain.ts';
import type { Frame } from '../../sampling/sample.ts';
import { runFilling } from './infill-jobs.ts';
import { chosenOf, echoOf, embedAll, nothingWritten, readTokens } from './reading-jobs.ts';
import { checkCandidates, checkSteps } from '../http/limits.ts';
import type { JobContext } from './job-context.ts';
import { AsideError } from './aside-threads.ts';
import { isLong } from './long-texts.ts';
import type { Failure, Job, JobTask, Result, TokensTask, WritingTask } from './protocol.ts';
import { conversation } from './conversation.ts';
import { TextStream } from './text-stream.ts';

/**
 * Writes one text. The event loop gets its turn after every step, so that a cancellation is seen there.
 *
 * @throws InvalidOptionError  for what this model can't do
 */
export async function runJob(
  model: Model,
  job: Job,
  { signal, emit, readLong }: JobContext,
): Promise<Result> {
  const { tokenizer, maskId } = model;
  const { sampling } = job;
  const candidates = Math.max(job.candidates, job.top ?? 0);
  const task = nearGap(job.task, model.config.maxLength);
  if (task.kind === 'infill' || task.kind === 'edit' || task.kind === 'doubts')
    return runFilling(model, task, job, { signal, emit });
  if (task.kind === 'tokens')
    return readLong && isLong(task) ? readLong(task, false) : readTokens(model, task);
  if (task.kind === 'embed') return embedAll(model, task, { signal, readLong });
  if (readLong) await checkRoomFor(model, task, readLong);
  if (job.answers) return chosenOf(model, task, job.answers, signal);
  const echoed = job.echo ? await echoOf(model, task, job.top ?? 0, signal) : undefined;
  if (job.most === 0) return { ...nothingWritten, finish: 'length', seed: sampling.seed ?? 0, ...echoed };
  const template = task.kind === 'chat' ? model.chatTemplate : undefined;
  const endIds = [...model.endIds, ...(template?.turnEndId === undefined ? [] : [template.turnEndId])];
  // an answer is a text of its own, all else goes on with one
  const contextTokens = template && !(task.kind === 'chat' && task.continues) ? 0 : 8;
  const before = task.kind === 'fill' ? task.before : undefined;
  const transcript = new TextStream({ tokenizer, maskId, endIds, contextTokens, before }, job);
  const watch = {
    signal,
    logitBias: job.logitBias,
    candidates,
    onFrame: async (frame: Frame) => {
      if (frame.step === 0) checkCandidates(frame.tokens, maskId, candidates);
      await emit(transcript.read(frame));
      await nextTurn();
      return transcript.stoppedBy === undefined;
    },
  };
  const isGap = task.kind === 'fill' && task.after !== '';
  const { stats, ...written } = isGap
    ? await model.infill({ ...gapOf(model, task, job), ...watch })
    : await model.generate({ ...continuationOf(model, task, job), ...watch });
  // a gap is as long as it was laid; under a constraint its text ends there
  const isConstrained = constraintIn({ ...sampling, language: job.language }) !== undefined;
  const isWhole = 'ended' in written ? written.ended === 'constraint' : isConstrained;
  await emit(transcript.finish());
  // harnesses count what was written behind a prompt that is said again, the end of a text too
  const end = echoed && transcript.end;
  return {
    text: transcript.text,
    tokens: end ? [...transcript.tokens, end] : transcript.tokens,
    finish: transcript.hasEnded || isWhole ? 'stop' : 'length',
    stoppedBy: transcript.stoppedBy,
    promptTokens: transcript.promptTokens,
    completionTokens: transcript.completionTokens,
    seed: sampling.seed ?? 0,
    steps: transcript.steps,
    forwards: stats.forwards,
    ms: stats.ms,
    firstTokenMs: stats.firstTokenMs,
    ...(echoed && { echoed: echoed.echoed }),
  };
}

/** What is asked of a model that goes on with a text. */
function continuationOf(
  model: Model,
  task: WritingTask,
  { sampling, most, tokensPerStep, language }: Job,
): GenerateRequest {
  const given = givenTo(model, task);
  const room = roomBehind(model, given);
  const length = sampling.length ?? (most === undefined ? undefined : Math.min(most, room));
  const wanted = length ?? Math.min(model.defaults.length ?? 128, room);
  checkSteps(sampling, wanted);
  const blocks = Math.ceil(wanted / (sampling.blockLength ?? model.defaults.blockLength ?? wanted));
  const steps =
    sampling.steps ??
    (tokensPerStep === undefined ? undefined : Math.max(blocks, Math.ceil(wanted / tokensPerStep)));
  // an answer, and what an editor waits for, is read while it is written
  const revise = sampling.revise ?? (task.kind === 'write' ? undefined : 0);
  const { length: _, ...others } = { ...sampling, revise };
  const masks = Array.from({ length: wanted }, () => model.maskId);
  if (task.kind === 'write' && typeof task.prompt !== 'string')
    return { ...others, steps, language, tokens: [...task.prompt, ...masks] };
  if (task.kind !== 'fill') return { ...given.request, ...others, steps, length, language };
  return { ...others, steps, language, tokens: openEnd(model, task.before, wanted) };
}

/** Characters of a token at most, for all that is counted here: of words it has four. */
const tokenCharacters = 64;

/** Of the text around a gap what a model could see of it: editors send whole files. */
function nearGap(task: JobTask, maxLength: number): JobTask {
  if (task.kind !== 'fill') return task;
  const most = tokenCharacters * maxLength;
  return { ...task, before: task.before.slice(-most), after: task.after.slice(0, most) };
}

/** @throws InvalidOptionError  where nothing fits behind what is given */
function roomBehind({ config }: Model, { option, tokens }: Pick<Given, 'option' | 'tokens'>): number {
  const room = config.maxLength - tokens;
  if (room >= 1) return room;
  const problem = `must leave room for an answer in the model's longest sequence (${config.maxLength} tokens)`;
  throw new InvalidOptionError(option, problem, `${tokens} tokens`);
}

/** What is read twice here has to be short: a long text is read elsewhere, and fits, or is refused. */
async function checkRoomFor(
  model: Model,
  task: WritingTask,
  readLong: NonNullable<JobContext['readLong']>,
): Promise<void> {
  // ids need no reading
  if (task.kind === 'fill' || (task.kind === 'write' && typeof task.prompt !== 'string')) return;
  const option = task.kind === 'chat' ? 'messages' : 'prompt';
  const reading: TokensTask =
    task.kind === 'chat'
      ? { kind: 'tokens', turns: task.turns, tools: task.tools }
      : { kind: 'tokens', text: task.prompt as string };
  if (isLong(reading)) roomBehind(model, { option, tokens: (await readLong(reading, true)).promptTokens });
}

interface Given {
  /** The option of the request that gives it. */
  readonly option: string;
  readonly tokens: number;
  readonly request: GenerateRequest;
}

function givenTo({ tokenizer, chatTemplate, config }: Model, task: WritingTask): Given {
  // an editor sends more than a small model can see: what is next to the gap is taken
  if (task.kind === 'fill') return { option: 'prompt', tokens: 0, request: {} };
  const option = task.kind === 'chat' ? 'messages' : 'prompt';
  if (task.kind === 'chat' && chatTemplate) {
    const template = { tools: task.tools, continueFinal: task.continues };
    const tokens = chatTemplate.encode(task.turns, template).ids.length;
    return { option, tokens, request: { messages: task.turns, template } };
  }
  const prompt = task.kind === 'chat' ? conversation(task.turns) : task.prompt;
  if (typeof prompt !== 'string') {
    checkIds(prompt, tokenizer.vocabularySize, option);
    return { option, tokens: prompt.length, request: {} };
  }
  const start = Math.max(
    tokenizer.prefixIds?.length ?? 0,
    config.attention === causal && prompt === '' ? 1 : 0,
  );
  return { option, tokens: start + tokenizer.encode(prompt).length, request: { prompt } };
}

/** A canvas with room behind a text, of which the end is taken as far as it fits. */
function openEnd({ tokenizer, maskId, config }: Model, before: string, length: number): number[] {
  const masks = Array.from({ length: Math.min(length, config.maxLength) }, () => maskId);
  const given = [...(tokenizer.prefixIds ?? []), ...tokenizer.encode(before)];
  return [...given.slice(Math.max(0, given.length - (config.maxLength - masks.length))), ...masks];
}

/** What is asked of a model that fills a gap: of a number of tokens, or of the likeliest up to one. */
function gapOf(
  { config, defaults }: Model,
  { before, after }: Extract<WritingTask, { kind: 'fill' }>,
  { sampling, most, tokensPerStep, language }: Job,
): InfillRequest {
  const { length, steps, grow, stopRepeating, reportCache, revise, reviseThreshold, ...options } = sampling;
  const meaningless = { grow, stopRepeating, reportCache, revise, reviseThreshold };
  for (const [option, value] of Object.entries(meaningless))
    if (value !== undefined) throw new InvalidOptionError(option, 'has no meaning for a gap', value);
  // a text on both sides is worth more than a longer gap
  const room = Math.max(1, Math.floor(config.maxLength / 2));
  const range = most === undefined ? 'any' : ([1, Math.min(most, room)] as const);
  const tokens = length ?? Math.min(most ?? defaults.length ?? room, room);
  checkSteps(sampling, tokens);
  return {
    ...options,
    language,
    tokensPerStep: tokensPerStep ?? (steps === undefined ? undefined : Math.ceil(tokens / steps)),
    parts: [before, { length: length ?? range }, after],
  };
}

/** What became of an error, for the one who asked. */
export function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof AsideError) return error.failure;
  if (signal.aborted) return { kind: 'cancelled', message: 'the request was called off' };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidOptionError) return { kind: 'request', message, option: error.option };
  if (error instanceof DeviceLostError) return { kind: 'device-lost', message };
  if (error instanceof UnsupportedError) return { kind: 'request', message };
  if (error instanceof FileError) return { kind: 'model', message };
  return { kind: 'internal', message: error instanceof Error ? (error.stack ?? message) : message };
}
