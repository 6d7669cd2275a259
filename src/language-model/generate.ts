import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions, withoutAbsent } from '../base/options.ts';
import { cutAtEnd, hole, layCanvas, maskedPositions, tailStart } from '../sampling/canvas.ts';
import { constraintIn } from '../sampling/constraint/constrain.ts';
import { endingOf } from '../sampling/growth.ts';
import { checkSampling, type SamplingOptions, showingSchema } from '../sampling/options.ts';
import type { GenerateRequest, Generation, SampleContext, SampleRequest } from './language-model.ts';
import type { ModelContext } from './model-context.ts';
import type { PreparedSample } from './sampler.ts';
import { checkFits, checkLeftToRight, fitting, requireOne, requireTemplate } from './sample-request.ts';

/** Tokens by which a text grows at a time, of a model that has no block length of its own. */
const grownBlock = 32;

/** A sample that is about to begin. */
interface BegunSample extends PreparedSample {
  /** Tokens that end it. */
  readonly ends: readonly number[];
  /** Where the answer begins of which the text is made. */
  readonly answerFrom: number;
}

/**
 * Lays the canvas that a request asks for.
 *
 * @throws InvalidOptionError  for what this model can't do
 */
export async function beginSample(model: ModelContext, request: SampleRequest): Promise<BegunSample> {
  const {
    prompt,
    tokens,
    messages,
    template: _,
    signal,
    candidates,
    language,
    logitBias,
    ...asked
  } = request;
  requireOne({ prompt, tokens, messages });
  const shown = checkOptions(showingSchema, { candidates });
  const requested = withoutAbsent(asked);
  const options = checkSampling({ ...fitting(model, requested, language), ...requested });
  const given = givenTokens(model, request);
  const turnEnd = messages ? model.chatTemplate?.turnEndId : undefined;
  const ends = turnEnd === undefined ? model.endIds : [...new Set([...model.endIds, turnEnd])];
  const room = Math.max(1, model.maxLength - given.length);
  const length = asked.length ?? (options.grow ? room : Math.min(options.length, room));
  checkFits(tokens ? given.length : given.length + length, model.maxLength);
  if (tokens && options.grow)
    throw new InvalidOptionError('grow', 'needs a prompt; a canvas of ids has its length', true);
  const first = firstLength(model, options, length, given.length);
  const canvas = tokens ? Int32Array.from(tokens) : layCanvas([given, hole(first)], model.maskId);
  if (model.isCausal)
    checkLeftToRight(canvas, { ...model.vocabulary, startId: model.startId, guidance: options.guidance });
  const masked = maskedPositions(canvas, model.maskId).length;
  const growsFreely = options.grow && !model.isCausal && !options.blockCausal;
  const blockLength = growsFreely ? first : blockLengthOf(model, options, asked, masked);
  const banned = [...(options.banned ?? []), ...model.unwritten];
  const sampling = { ...options, length, banned, blockLength };
  const prepared = await model.sampler.prepare(canvas, sampling, {
    ends,
    signal,
    language,
    logitBias,
    ...shown,
  });
  return { ...prepared, ends, answerFrom: messages ? given.length : 0 };
}

/** The ids that a canvas begins with, or all of it. */
export function givenTokens(
  { tokenizer, chatTemplate, opening }: ModelContext,
  { prompt = '', tokens, messages, template }: SampleContext,
): ArrayLike<number> {
  if (messages) return requireTemplate(chatTemplate).encode(messages, template).ids;
  return tokens ?? opening(tokenizer.encode(prompt));
}

/** The tokens that a canvas begins with: all, or the first block of a text that grows. */
function firstLength(
  { isCausal }: ModelContext,
  { grow, blockLength = grownBlock, blockCausal }: SamplingOptions,
  length: number,
  given: number,
): number {
  if (!grow) return length;
  if (isCausal) return 1;
  // blocks of a block-causal model begin at multiples of their length, prompt or not
  return Math.min(length, blockCausal ? blockLength - (given % blockLength) : blockLength);
}

/**
 * The length of a block, in a canvas of so many masks.
 *
 * @throws InvalidOptionError  for blocks of a causal model, which has nothing to say of a token whose predecessors aren't known
 */
export function blockLengthOf(
  { isCausal, noise }: Pick<ModelContext, 'isCausal' | 'noise'>,
  { blockCausal, blockLength, steps }: Pick<SamplingOptions, 'blockCausal' | 'blockLength' | 'steps'>,
  asked: { readonly blockLength?: number },
  masked: number,
): number | undefined {
  if (isCausal) {
    if (blockCausal) throw new InvalidOptionError('blockCausal', 'is not for a causal model', blockCausal);
    if (asked.blockLength !== undefined && asked.blockLength !== 1)
      throw new InvalidOptionError('blockLength', 'must be 1, the model being causal', asked.blockLength);
    return 1;
  }
  const isFixed = blockCausal || noise === 'uniform';
  if (asked.blockLength !== undefined || blockLength === undefined || isFixed) return blockLength;
  // what the model prefers, as far as masks and steps allow
  const longest = Math.max(blockLength, Math.ceil(masked / (steps ?? masked)));
  return Math.min(longest, masked) || undefined;
}

/** `Model.generate`. */
export async function generateText(
  model: ModelContext,
  { onFrame, ...request }: GenerateRequest,
): Promise<Generation> {
  const { ends, answerFrom, ...prepared } = await beginSample(model, request);
  const { last, stats } = await model.sampler.finish(prepared, onFrame);
  const tail = tailStart(prepared.canvas, model.maskId);
  const tokens = cutAtEnd(last.tokens, ends, tail);
  const { grow, stopRepeating } = prepared.options;
  const repeats = !(grow && stopRepeating);
  const isConstrained = constraintIn({ ...prepared.options, language: request.language }) !== undefined;
  const isWhole = isConstrained && !last.tokens.includes(model.maskId);
  const ended =
    endingOf({ tokens: last.tokens, tail }, { endIds: ends, repeats }) ?? (isWhole ? 'constraint' : 'length');
  return { text: model.tokenizer.decode(tokens.slice(answerFrom)), tokens, ended, frame: last, stats };
}
