import type { NdArray } from './array.ts';
import { edit } from './edit.ts';
import { InvalidOptionError, UnsupportedError } from './errors.ts';
import { bound, type Likelihood } from './evaluation/likelihood.ts';
import type { RowScorer } from './evaluation/scorer.ts';
import { decodeGreedy, greedy, isGreedy } from './greedy.ts';
import { type HoleModel, infill } from './infill.ts';
import { causal } from './model/attention-pattern.ts';
import { batched } from './model/batching.ts';
import type { ForwardOptions, Network } from './model/network.ts';
import { checkOptions } from './options.ts';
import { blockCausal, contextOf, encodingPredictor, predictorOf, rememberingNetwork } from './predictors.ts';
import { uniforms } from './random.ts';
import { blockCausalCache, causalCache, withCache } from './sampling/cache.ts';
import { agreementOf, probing } from './sampling/cache-report.ts';
import { cutAtEnd, hole, layCanvas, maskedPositions, tailStart } from './sampling/canvas.ts';
import type { DecodeOptions } from './sampling/decode.ts';
import { endingOf } from './sampling/growth.ts';
import { compileConstraint, constrain, type Wanted } from './sampling/constraint/constrain.ts';
import { withGuidance } from './sampling/guidance.ts';
import type { MaskPredictor } from './sampling/predictor.ts';
import {
  parameters,
  type SamplingOptions,
  samplingSchema,
  temperatureOf,
  toCachePolicy,
  toDecodeOptions,
  toSampleOptions,
} from './sampling/options.ts';
import { type Frame, sample, type SampleOptions } from './sampling/sample.ts';
import { withSelfConditioning, withTemperature } from './sampling/self-conditioning.ts';
import { countForwards, drain } from './sampling/stats.ts';
import type { ChatTemplate } from './tokenizer/chat-template.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';
import type {
  GenerateRequest,
  Generation,
  LogitsOptions,
  Model,
  SampleRequest,
  Score,
} from './language-model.ts';

/** The special token by which a model says that a mask stands for two tokens: DreamOn. */
const expandToken = '<|expand|>';

/** Tokens by which a text grows at a time, of a model that has no block length of its own. */
const grownBlock = 32;

/** What a model is made of. */
export interface Parts {
  readonly network: Network;
  readonly tokenizer: Tokenizer;
  /** Of a causal network it may be beyond the vocabulary. */
  readonly maskId: number;
  /** What the network sees there, where that isn't [MASK]: any token. */
  readonly noise?: 'uniform';
  readonly endIds: readonly number[];
  /** What a causal network reads before every text, if it was trained so. */
  readonly startId?: number;
  readonly chatTemplate?: ChatTemplate;
  readonly defaults?: Partial<SamplingOptions>;
}

/** A network and a tokenizer as a model: texts in, texts out. */
export function assemble(parts: Parts): Model {
  const { tokenizer, maskId, noise, endIds, chatTemplate, defaults = {} } = parts;
  const network = batched(parts.network); // samples that run at the same time share forwards
  const { config } = network;
  const isCausal = config.attention === causal;
  const expandId = tokenizer.specialTokens.get(expandToken);
  const resizing = expandId === undefined ? undefined : { expandId, deleteIds: endIds };
  const startId = isCausal ? parts.startId : undefined;
  const size = Math.min(tokenizer.vocabularySize, config.vocabularySize);
  const reductionOf = latest((options: DecodeOptions) => greedy(config.vocabularySize, options));
  const compile = latest((wanted: Wanted) => compileConstraint(wanted, tokenizer));
  const openingOf = (text: readonly number[]): readonly number[] => opening(parts, text);

  /** A sample that is about to begin. */
  function begin({ prompt, tokens, messages, template, signal, ...asked }: SampleRequest) {
    requireOne({ prompt, tokens, messages });
    const wishes = withoutAbsent(asked);
    const options = checkOptions(samplingSchema, { ...fitting(defaults, wishes), ...wishes });
    const given = messages
      ? requireTemplate(chatTemplate).encode(messages, template).ids
      : (tokens ?? openingOf(tokenizer.encode(prompt ?? '')));
    const turnEnd = messages ? chatTemplate?.turnEndId : undefined;
    const ends = turnEnd === undefined ? endIds : [...new Set([...endIds, turnEnd])];
    const room = Math.max(1, config.maxLength - given.length);
    const length = asked.length ?? (options.grow ? room : Math.min(options.length, room));
    checkFits(tokens ? given.length : given.length + length, config.maxLength);
    if (tokens && options.grow) {
      throw new InvalidOptionError('grow', 'needs a prompt; a canvas of ids has its length', true);
    }
    const grown = isCausal ? 1 : (options.blockLength ?? grownBlock);
    const first = options.grow ? Math.min(length, grown) : length;
    const canvas = tokens ? Int32Array.from(tokens) : layCanvas([given, hole(first)], maskId);
    if (isCausal) checkLeftToRight(canvas, { maskId, startId, guidance: options.guidance, size });
    const blockLength =
      options.grow && !isCausal
        ? first
        : blockLengthOf(options, asked, maskedPositions(canvas, maskId).length);
    // without resizing, the token that asks for it would stand in the text
    const banned = [...(options.banned ?? []), ...(resizing ? [resizing.expandId] : [])];
    const prepared = prepare(canvas, { ...options, length, banned, blockLength }, { ends, signal });
    return { ...prepared, ends, answerFrom: messages ? given.length : 0 };
  }

  /** How a canvas is sampled, by options that were checked; `adapt` may change what they became. */
  function prepare(
    canvas: Int32Array,
    options: SamplingOptions,
    {
      ends = endIds,
      adapt = (same) => same,
      signal,
    }: {
      ends?: readonly number[];
      adapt?: (options: SampleOptions) => SampleOptions;
      signal?: AbortSignal;
    },
  ) {
    const { blockLength } = options;
    const vocabulary = { maskId, endIds: ends, size, noise };
    const decoding = toDecodeOptions(options, vocabulary);
    const named = toSampleOptions(options, vocabulary);
    const plain = adapt(named);
    const setting = { canvas, maskId, endIds: ends, strategy: plain.strategy, compile };
    const constrained = constrain(options, decoding, setting);
    // at temperature 0 the logits needn't leave the device; guidance wants two of them, a report and a constraint all
    const isReduced =
      isGreedy(decoding) &&
      options.guidance === 0 &&
      !options.reportCache &&
      !constrained &&
      plain.decode === named.decode;
    const decode = constrained ?? (isReduced ? decodeGreedy : plain.decode);
    const sampling = { ...plain, decode, signal };

    const sees = options.blockCausal && blockLength ? blockCausal(blockLength) : undefined;
    const how = { isCausal, startId, sees, reduce: isReduced ? reductionOf(decoding) : undefined };
    const exact = isCausal ? causalCache : sees && blockCausalCache(blockLength!);
    const policy = toCachePolicy(options, { maskId, exact });
    const uncached = predictorOf(network, how);
    const predictor = (): MaskPredictor => {
      if (config.encoderAttention) {
        const tempered = withTemperature(encodingPredictor(network), temperatureOf(options));
        return config.selfConditioning ? withSelfConditioning(tempered) : tempered;
      }
      return policy ? withCache(rememberingNetwork(network, how), policy) : uncached;
    };
    /** The frames by a predictor, and by one for the blind half of guidance, which remembers another canvas. */
    const write = (predict: MaskPredictor, unconditional: MaskPredictor) =>
      sample(withGuidance(predict, { w: options.guidance, canvas, maskId, unconditional }), canvas, sampling);
    return { canvas, options, uncached, predictor, write };
  }

  /** Reads a sample to its end; the time of whoever watches doesn't count. */
  async function finish(
    { canvas, options, uncached, predictor, write }: ReturnType<typeof prepare>,
    onFrame: GenerateRequest['onFrame'],
  ): ReturnType<typeof drain> {
    let elsewhereMs = 0;
    const elsewhere = async <T>(work: () => T): Promise<Awaited<T>> => {
      const start = performance.now();
      const done = await work();
      elsewhereMs += performance.now() - start;
      return done;
    };
    const conditional = countForwards(predictor());
    const unconditional = countForwards(predictor());
    const probes = options.reportCache
      ? probing(conditional.predict, (...asked) => elsewhere(() => uncached(...asked)))
      : undefined;
    const frames = write(probes?.predict ?? conditional.predict, unconditional.predict);
    const watched = async function* (): AsyncGenerator<Frame> {
      for await (const frame of frames) {
        const goesOn = await elsewhere(() => onFrame?.(frame));
        yield frame;
        if (goesOn === false) return;
      }
    };
    const { last, stats } = await drain(watched(), {
      forwards: () => conditional.forwards() + unconditional.forwards(),
      clock: () => performance.now() - elsewhereMs,
    });
    if (!probes) return { last, stats };

    let other = canvas;
    for await (const frame of write(uncached, uncached)) other = frame.tokens;
    const agreement = agreementOf(last.tokens, other, maskedPositions(canvas, maskId));
    return { last, stats: { ...stats, cache: { agreement, ...probes.probed() } } };
  }

  /** The length of a block, in a canvas of so many masks. */
  function blockLengthOf(
    { blockCausal: inBlocks, blockLength, steps }: SamplingOptions,
    asked: SampleRequest,
    masked: number,
  ): number | undefined {
    if (isCausal) {
      // it has nothing to say of a token whose predecessors aren't known
      if (inBlocks) throw new InvalidOptionError('blockCausal', 'is not for a causal model', inBlocks);
      if (asked.blockLength !== undefined && asked.blockLength !== 1)
        throw new InvalidOptionError('blockLength', 'must be 1, the model being causal', asked.blockLength);
      return 1;
    }
    const isFixed = inBlocks || noise === 'uniform';
    if (asked.blockLength !== undefined || blockLength === undefined || isFixed) return blockLength;
    // what the model prefers, as far as masks and steps allow
    const longest = Math.max(blockLength, Math.ceil(masked / (steps ?? masked)));
    return Math.min(longest, masked) || undefined;
  }

  async function generate({ onFrame, ...request }: GenerateRequest): Promise<Generation> {
    const { ends, answerFrom, ...prepared } = begin(request);
    const { last, stats } = await finish(prepared, onFrame);
    const tail = tailStart(prepared.canvas, maskId);
    const tokens = cutAtEnd(last.tokens, ends, tail);
    const { grow, stopRepeating } = prepared.options;
    const repeats = !(grow && stopRepeating);
    const ended = endingOf({ tokens: last.tokens, tail }, { endIds: ends, repeats }) ?? 'length';
    return { text: tokenizer.decode(tokens.slice(answerFrom)), tokens, ended, frame: last, stats };
  }

  /** @throws UnsupportedError  of a model whose noise is random tokens */
  function requireScore(what: string): void {
    if (noise !== 'uniform') return;
    const why =
      'the bound on −log p is for noise that is [MASK], and the noise of this model is random tokens';
    throw new UnsupportedError(`${what} can't be: ${why}`);
  }

  const holeModel: HoleModel = {
    tokenizer,
    maskId,
    endIds,
    isCausal,
    defaults,
    maxLength: config.maxLength,
    resizing,
    score: scorerOf(network),
    opening: openingOf,
    check: (options) => void toSampleOptions(options, { maskId, endIds, size, noise }),
    run: async (canvas, options, { adapt, onFrame, signal }) =>
      (await finish(prepare(canvas, options, { adapt, signal }), onFrame)).stats,
  };

  return {
    config,
    tokenizer,
    maskId,
    chatTemplate,
    endIds,
    defaults,

    async logits(tokens, options = {}) {
      const { batch, forward } = batchOf(tokens, options);
      const [B, L] = batch.shape;
      checkFits(L, config.maxLength);
      const rows = Int32Array.from({ length: B * L }, (_, row) => row);
      const { shape, data } = await network.logits(batch, rows, forward);
      return { shape: [B, L, shape[1]], data };
    },

    sample(request) {
      const { options, predictor, write } = begin(request);
      if (options.reportCache)
        throw new InvalidOptionError('reportCache', 'is for generate, which gives statistics', true);
      return write(predictor(), predictor());
    },

    generate,

    async infill(request) {
      if (request.parts.some((part) => typeof part !== 'string' && typeof part.length !== 'number'))
        requireScore('the length of a hole found');
      return infill(holeModel, request);
    },

    async edit(request) {
      requireScore('a text edited');
      return edit(holeModel, request);
    },

    async score({ prompt = '', answer, samples = 128, seed = 0, signal }) {
      requireScore('a text scored');
      const given = openingOf(tokenizer.encode(prompt));
      const scored = tokenizer.encode(answer);
      if (scored.length === 0) throw new InvalidOptionError('answer', 'must be text', answer);
      const room = config.maxLength - given.length;
      if (room < 1) {
        const problem = `must have fewer tokens than the model's longest sequence (${config.maxLength})`;
        throw new InvalidOptionError('prompt', problem, `${given.length} tokens`);
      }
      const windows: Likelihood[] = [];
      for (let start = 0; start < scored.length; start += room) {
        const x0 = Int32Array.from([...given, ...scored.slice(start, start + room)]);
        const positions = Int32Array.from(x0.keys()).subarray(given.length);
        windows.push(
          isCausal
            ? await exact(network, { x0, positions, startId, signal })
            : await bound(scorerOf(network), {
                x0,
                positions,
                maskId,
                draws: samples,
                uniform: uniforms(seed, 'likelihood', 0, windows.length),
                signal,
              }),
        );
      }
      return summed(windows, { tokens: scored.length, bytes: Buffer.byteLength(answer), isBound: !isCausal });
    },

    close: () => network.close(),
  };
}

/** A function that gives the same answer to the same question, as long as no other comes between. */
function latest<Q, A>(answer: (question: Q) => A): (question: Q) => A {
  let known: { readonly key: string; readonly answer: A } | undefined;
  return (question) => {
    const key = JSON.stringify(question);
    if (known?.key !== key) known = { key, answer: answer(question) };
    return known.answer;
  };
}

/** A model's defaults without those that mean nothing beside what is asked: steps of another length, another strategy's. */
function fitting(
  defaults: Partial<SamplingOptions>,
  asked: Partial<SamplingOptions>,
): Partial<SamplingOptions> {
  const changes = (option: 'length' | 'strategy'): boolean =>
    asked[option] !== undefined && asked[option] !== defaults[option];
  const meaningless = new Set([
    ...(changes('length') ? ['steps'] : []),
    ...(asked.steps === undefined ? [] : ['stepsPerBlock']),
    ...(asked.stepsPerBlock === undefined ? [] : ['steps']),
    ...(changes('strategy') ? ['counts', ...Object.keys(parameters)] : []),
  ]);
  return Object.fromEntries(Object.entries(defaults).filter(([option]) => !meaningless.has(option)));
}

/** Absent options may be given as undefined. */
function withoutAbsent(options: Partial<SamplingOptions>): Partial<SamplingOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function checkFits(length: number, maxLength: number): void {
  if (length <= maxLength) return;
  const problem = `must keep prompt and answer within the model's longest sequence (${maxLength} tokens)`;
  throw new InvalidOptionError('length', problem, `${length} tokens in all`);
}

/**
 * A text's ids as a canvas begins with them: behind what the tokenizer puts before every text. A causal network that
 * reads nothing before a text needs a first token: where a text is empty it is an end token, behind which others begin.
 */
function opening({ network, tokenizer, endIds, startId }: Parts, text: readonly number[]): readonly number[] {
  const ids = [...(tokenizer.prefixIds ?? []), ...text];
  if (ids.length > 0 || network.config.attention !== causal || startId !== undefined) return ids;
  return endIds.slice(0, 1);
}

/** @throws InvalidOptionError  for more than one way to say what is given */
function requireOne(ways: Pick<SampleRequest, 'prompt' | 'tokens' | 'messages'>): void {
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length <= 1) return;
  const names = given.map(([name]) => name);
  throw new InvalidOptionError(
    names[1],
    'is given instead of prompt, tokens or messages, not beside them',
    names,
  );
}

function requireTemplate(template: ChatTemplate | undefined): ChatTemplate {
  if (template) return template;
  const problem =
    "needs a model with a chat template (chat_template.jinja, or chat_template in tokenizer_config.json), and this one has none: use prompt, with the conversation written as the model's training data had it";
  throw new InvalidOptionError('messages', problem, 'messages');
}

/** @throws InvalidOptionError  for what a causal network can't do with masks that it doesn't know */
function checkLeftToRight(
  canvas: Int32Array,
  { maskId, startId, guidance, size }: { maskId: number; startId?: number; guidance: number; size: number },
): void {
  if (startId === undefined && canvas[0] === maskId)
    throw new InvalidOptionError(
      'tokens',
      'must begin with a token that is given, the model being causal',
      maskId,
    );
  if (guidance !== 0 && maskId >= size)
    throw new InvalidOptionError('guidance', 'needs a model with a mask token', guidance);
}

function scorerOf(network: Network): RowScorer {
  return ({ tokens, rows, targets }, signal) => network.score(tokens, rows, targets, { signal });
}

/** −log p_θ of some positions given those before them, by the chain rule in one forward of a causal network. */
async function exact(
  network: Network,
  {
    x0,
    positions,
    startId,
    signal,
  }: { x0: Int32Array; positions: Int32Array; startId?: number; signal?: AbortSignal },
): Promise<Likelihood> {
  const targets = positions.map((i) => x0[i]);
  const { data, outputs } = contextOf(x0, positions, startId);
  const costs = await network.score({ shape: [1, data.length], data }, outputs, targets, { signal });
  return { nats: costs.reduce((sum, cost) => sum + cost, 0), standardError: 0, forwards: 1 };
}

function summed(
  windows: readonly Likelihood[],
  counts: { readonly tokens: number; readonly bytes: number; readonly isBound: boolean },
): Score {
  const nats = windows.reduce((sum, window) => sum + window.nats, 0);
  return {
    nats,
    standardError: Math.hypot(...windows.map((window) => window.standardError)),
    natsPerToken: nats / counts.tokens,
    bitsPerByte: nats / Math.LN2 / counts.bytes,
    forwards: windows.reduce((sum, window) => sum + window.forwards, 0),
    windows: windows.length,
    ...counts,
  };
}

/** Nested arrays as the network takes them. */
function batchOf(
  tokens: readonly ArrayLike<number>[],
  { attentionMask, positionIds, signal }: LogitsOptions,
): { batch: NdArray<Int32Array>; forward: ForwardOptions } {
  const [B, L] = [tokens.length, tokens[0]?.length ?? 0];
  const rectangle = (name: string, rows: readonly ArrayLike<number>[]): NdArray<Int32Array> => {
    if (rows.length !== B || L === 0 || rows.some((row) => row.length !== L)) {
      throw new InvalidOptionError(
        name,
        `must be ${B} rows of ${L} numbers, not empty`,
        rows.map((row) => row.length),
      );
    }
    return { shape: [B, L], data: Int32Array.from(rows.flatMap((row) => Array.from(row))) };
  };
  return {
    batch: rectangle('tokens', tokens),
    forward: {
      attentionMask: attentionMask && maskOf(attentionMask, B, L),
      positions: positionIds && rectangle('positionIds', positionIds),
      signal,
    },
  };
}

/** A mask over keys is the same for every query. */
function maskOf(
  mask: NonNullable<LogitsOptions['attentionMask']>,
  B: number,
  L: number,
): NdArray<Uint8Array> {
  const data = new Uint8Array(B * L * L);
  for (let b = 0; b < B; b++) {
    for (let q = 0; q < L; q++) {
      const row = mask[b]?.[typeof mask[b]?.[0] === 'number' ? 0 : q];
      const keys = (typeof row === 'number' ? mask[b] : row) as readonly number[] | undefined;
      if (keys?.length !== L) {
        throw new InvalidOptionError(
          'attentionMask',
          `must be [${B}][${L}] or [${B}][${L}][${L}]`,
          mask.length,
        );
      }
      for (let k = 0; k < L; k++) data[(b * L + q) * L + k] = keys[k] === 0 ? 0 : 1;
    }
  }
  return { shape: [B, L, L], data };
}
