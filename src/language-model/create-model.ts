import { editText } from './edit.ts';
import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { type HoleModel, infillText, lengthOf } from './infill.ts';
import type { GenerateRequest, Generation, Model, SampleRequest } from './language-model.ts';
import { logitsBatch } from './logits-request.ts';
import { causal } from '../model/attention-pattern.ts';
import { batched } from '../model/request-batching.ts';
import type { Network } from '../model/network.ts';
import { checkOptions } from '../base/options.ts';
import {
  checkFits,
  checkLeftToRight,
  fitting,
  opening,
  requireOne,
  requireTemplate,
  withoutAbsent,
} from './sample-request.ts';
import { cutAtEnd, hole, layCanvas, maskedPositions, tailStart } from '../sampling/canvas.ts';
import { endingOf } from '../sampling/growth.ts';
import { type SamplingOptions, samplingSchema, showingSchema, toSampleOptions } from '../sampling/options.ts';
import { networkScorer } from './network-scorer.ts';
import { scoreText } from './score.ts';
import { samplerScoring } from './score-under-sampler.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import { expandToken } from '../tokenizer/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { createSampler } from './sampler.ts';

/** Tokens by which a text grows at a time, of a model that has no block length of its own. */
const grownBlock = 32;

/** What a model is made of. */
export interface ModelParts {
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
  /** The network was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  readonly defaults?: Partial<SamplingOptions>;
}

/** A network and a tokenizer as a model: texts in, texts out. */
export function createModel(parts: ModelParts): Model {
  const { tokenizer, maskId, noise, endIds, chatTemplate, blockLength: trained } = parts;
  const network = batched(parts.network); // samples that run at the same time share forwards
  const { config } = network;
  const isCausal = config.attention === causal;
  const expandId = tokenizer.specialTokens.get(expandToken);
  const resizing = expandId === undefined ? undefined : { expandId, deleteIds: endIds };
  // without resizing, the token that asks for it would stand in the text
  const unwritten = resizing ? [resizing.expandId] : [];
  const startId = isCausal ? parts.startId : undefined;
  const defaults = { ...(trained && { blockCausal: true, blockLength: trained }), ...parts.defaults };
  const size = Math.min(tokenizer.vocabularySize, config.vocabularySize);
  const vocabulary = { maskId, endIds, size, noise };
  const sampler = createSampler(network, tokenizer, vocabulary, startId);
  const { prepare, finish } = sampler;
  const openingOf = (text: readonly number[]): readonly number[] => opening(parts, text);

  /** A sample that is about to begin. */
  function begin({ prompt, tokens, messages, template, signal, candidates, ...asked }: SampleRequest) {
    requireOne({ prompt, tokens, messages });
    const shown = checkOptions(showingSchema, { candidates });
    const requested = withoutAbsent(asked);
    const options = checkOptions(samplingSchema, { ...fitting(defaults, requested), ...requested });
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
    const banned = [...(options.banned ?? []), ...unwritten];
    const prepared = prepare(canvas, { ...options, length, banned, blockLength }, { ends, signal, ...shown });
    return { ...prepared, ends, answerFrom: messages ? given.length : 0 };
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
    const { grow, stopRepeating, regex, jsonSchema } = prepared.options;
    const repeats = !(grow && stopRepeating);
    const isWhole = (regex !== undefined || jsonSchema !== undefined) && !last.tokens.includes(maskId);
    const ended =
      endingOf({ tokens: last.tokens, tail }, { endIds: ends, repeats }) ??
      (isWhole ? 'constraint' : 'length');
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
    noise,
    defaults,
    maxLength: config.maxLength,
    resizing,
    score: networkScorer(network),
    opening: openingOf,
    check: (options) => void toSampleOptions(options, vocabulary),
    run: async (canvas, options, { adapt, onFrame, signal, candidates }) =>
      (await finish(prepare(canvas, options, { adapt, signal, candidates }), onFrame)).stats,
  };

  return {
    config,
    tokenizer,
    maskId,
    chatTemplate,
    endIds,
    defaults,

    async logits(tokens, options = {}) {
      const { batch, forward } = logitsBatch(tokens, options);
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
      if (request.parts.some((part) => typeof part !== 'string' && typeof lengthOf(part) !== 'number'))
        requireScore('the length of a hole found');
      return infillText(holeModel, request);
    },

    async edit(request) {
      requireScore('a text edited');
      return editText(holeModel, request);
    },

    async score({ sampler: asked, ...request }) {
      requireScore('a text scored');
      const under =
        asked && samplerScoring({ sampler, vocabulary, defaults, isCausal, unwritten, blockLengthOf }, asked);
      return scoreText({ ...parts, network, opening: openingOf }, request, under);
    },

    close: () => network.close(),
  };
}
