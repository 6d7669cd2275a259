import { FileError, InvalidOptionError, UnsupportedError } from '../errors.ts';
import type { Generation, GenerateRequest, Model } from '../language-model.ts';
import { causal } from '../model/attention-pattern.ts';
import type { Failure, Job, Progress, Result, Task } from './protocol.ts';
import { Transcript } from './transcript.ts';

/** Steps that a request may ask for, for each token that it wants. */
const mostStepsPerToken = 4;
/** Tokens in a hole of which the request says no length. */
const usualHole = 32;

/**
 * Writes one text. The event loop gets its turn after every step, so that a cancellation is seen there.
 *
 * @param emit  is given what each step adds, if the job has a view
 * @throws InvalidOptionError  for what this model can't do
 */
export async function runJob(
  model: Model,
  job: Job,
  { signal, emit }: { signal: AbortSignal; emit: (progress: Progress) => void },
): Promise<Result> {
  const { tokenizer, maskId } = model;
  const template = job.task.kind === 'chat' ? model.chatTemplate : undefined;
  const endIds = [...model.endIds, ...(template?.turnEndId === undefined ? [] : [template.turnEndId])];
  // an answer is a text of its own, all else goes on with one
  const contextTokens = template ? 0 : 8;
  const transcript = new Transcript({ tokenizer, maskId, endIds, contextTokens }, job);
  const request = requestOf(model, job);
  const generation: Generation = await model.generate({
    ...request,
    signal,
    onFrame: async (frame) => {
      emit(transcript.read(frame));
      await new Promise((resume) => setImmediate(resume));
      return transcript.stoppedBy === undefined;
    },
  });
  const { stats, frame } = generation;
  return {
    text: transcript.text,
    tokens: transcript.tokens,
    finish: transcript.hasEnded ? 'stop' : 'length',
    stoppedBy: transcript.stoppedBy,
    promptTokens: transcript.promptTokens,
    completionTokens: transcript.completionTokens,
    seed: request.seed ?? 0,
    steps: frame.step,
    forwards: stats.forwards,
    ms: stats.ms,
    firstTokenMs: stats.firstTokenMs,
  };
}

/** What a job asks of the model. */
function requestOf(model: Model, { task, sampling, most, tokensPerStep }: Job): GenerateRequest {
  const given = givenTo(model, task);
  const room = model.config.maxLength - given.tokens;
  if (room < 1) {
    const problem = `must leave room for an answer in the model's longest sequence (${model.config.maxLength} tokens)`;
    throw new InvalidOptionError(given.option, problem, `${given.tokens} tokens`);
  }
  const length = sampling.length ?? (most === undefined ? undefined : Math.min(most, room));
  const wanted = length ?? Math.min(model.defaults.length ?? 128, room);
  if (sampling.steps !== undefined && sampling.steps > mostStepsPerToken * wanted) {
    throw new InvalidOptionError(
      'steps',
      `must be at most ${mostStepsPerToken} for each token (${wanted})`,
      sampling.steps,
    );
  }
  const blocks = Math.ceil(wanted / (sampling.blockLength ?? model.defaults.blockLength ?? wanted));
  const steps =
    sampling.steps ??
    (tokensPerStep === undefined ? undefined : Math.max(blocks, Math.ceil(wanted / tokensPerStep)));
  const { length: _, ...others } = sampling;
  const options = { ...others, steps };
  if (task.kind !== 'fill') return { ...given.request, ...options, length };
  return { ...options, ...filling(model, task, length ?? Math.min(usualHole, room)) };
}

interface Given {
  /** The option of the request that gives it. */
  readonly option: string;
  readonly tokens: number;
  readonly request: GenerateRequest;
}

function givenTo({ tokenizer, chatTemplate, config }: Model, task: Task): Given {
  // an editor sends more than a small model can see: what is next to the gap is taken
  if (task.kind === 'fill') return { option: 'prompt', tokens: 0, request: {} };
  const option = task.kind === 'chat' ? 'messages' : 'prompt';
  if (task.kind === 'chat' && chatTemplate) {
    const tokens = chatTemplate.encode(task.turns).ids.length;
    return { option, tokens, request: { messages: task.turns } };
  }
  const prompt = task.kind === 'chat' ? conversation(task.turns) : task.prompt;
  const start = Math.max(
    tokenizer.prefixIds?.length ?? 0,
    config.attention === causal && prompt === '' ? 1 : 0,
  );
  return { option, tokens: start + tokenizer.encode(prompt).length, request: { prompt } };
}

/** A conversation with a model that has no chat template: its turns as one text, which the model goes on with. */
const conversation = (turns: readonly { content: string }[]): string =>
  turns.map(({ content }) => content).join('\n\n');

/** A canvas with a hole between two texts, as much of them as fits. */
function filling(
  { tokenizer, maskId, endIds, config }: Model,
  { before, after }: Extract<Task, { kind: 'fill' }>,
  length: number,
): GenerateRequest {
  const left = [...(tokenizer.prefixIds ?? []), ...tokenizer.encode(before)];
  const right = tokenizer.encode(after);
  const hole = Math.min(length, config.maxLength);
  const room = config.maxLength - hole;
  const rightLength = Math.min(right.length, Math.max(Math.floor(room / 2), room - left.length));
  const leftLength = Math.min(left.length, room - rightLength);
  const masks = Array.from({ length: hole }, () => maskId);
  const tokens = [...left.slice(left.length - leftLength), ...masks, ...right.slice(0, rightLength)];
  return { tokens, ...(rightLength > 0 && endIds.length > 0 && { endless: true }) };
}

/** What became of an error, for the one who asked. */
export function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return { kind: 'cancelled', message: 'the request was called off' };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidOptionError) return { kind: 'request', message, option: error.option };
  if (error instanceof UnsupportedError) return { kind: 'request', message };
  if (error instanceof FileError) return { kind: 'model', message };
  return { kind: 'internal', message: error instanceof Error ? (error.stack ?? message) : message };
}
