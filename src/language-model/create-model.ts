import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { toSampleOptions } from '../sampling/from-options.ts';
import { chooseAnswer } from './choose.ts';
import { editText } from './edit.ts';
import { embedText } from './embed.ts';
import { beginSample, generateText, givenTokens } from './generate.ts';
import { type HoleModel, infillText, lengthOf } from './infill.ts';
import type { Model } from './language-model.ts';
import { logitsOf } from './logits-request.ts';
import { contextOfModel, type ModelContext, type ModelParts } from './model-context.ts';
import { networkScorer } from './network-scorer.ts';
import { requireOne } from './sample-request.ts';
import { scoreText } from './score.ts';
import { samplerScoring } from './score-under-sampler.ts';
import { tokenLogprobs } from './token-logprobs.ts';

/** A network and a tokenizer as a model: texts in, texts out. */
export function createModel(parts: ModelParts): Model {
  const context = contextOfModel(parts);
  const { network, tokenizer, maskId, chatTemplate, endIds, readsWhole, defaults, presets = [] } = context;
  const holeModel = holeModelOf(context);
  return {
    config: network.config,
    tokenizer,
    maskId,
    chatTemplate,
    endIds,
    readsWhole,
    defaults,
    presets,

    logits: async (tokens, options = {}) => logitsOf(network, tokens, options),

    async *sample(request) {
      const { options, predictor, reviser, write } = await beginSample(context, request);
      if (options.reportCache)
        throw new InvalidOptionError('reportCache', 'is for generate, which gives statistics', true);
      yield* write({ predict: predictor().predict, unconditional: predictor().predict, ...reviser });
    },

    generate: async (request) => generateText(context, request),

    async infill(request) {
      if (request.parts.some((part) => typeof part !== 'string' && typeof lengthOf(part) !== 'number'))
        requireBound(context, 'the length of a hole found');
      return infillText(holeModel, request);
    },

    async edit({ prompt, messages, template, ...request }) {
      requireBound(context, 'a text edited');
      requireOne({ prompt, messages });
      if (prompt === undefined && messages === undefined) return editText(holeModel, request);
      const before = givenTokens(context, { prompt, messages, template });
      return editText({ ...holeModel, opening: (text) => [...Array.from(before), ...text] }, request);
    },

    async score({ sampler, ...request }) {
      requireBound(context, 'a text scored');
      return scoreText(context, request, sampler && samplerScoring(context, sampler));
    },

    tokenLogprobs: async (request) => tokenLogprobs(context, request),

    embed: async (request) => embedText(context, request),

    choose: async (request) => chooseAnswer(context, request),

    close: () => network.close(),
  };
}

/** A model as holes are filled by it. */
function holeModelOf(context: ModelContext): HoleModel {
  const { sampler, vocabulary } = context;
  return {
    ...context,
    score: networkScorer(context.network),
    check: (options) => void toSampleOptions(options, vocabulary),
    run: async (canvas, options, { onFrame, ...settings }) => {
      const prepared = await sampler.prepare(canvas, options, settings);
      return (await sampler.finish(prepared, onFrame)).stats;
    },
    possibleLengths: (most, options, settings) => sampler.possibleLengths(most, options, settings),
  };
}

/** @throws UnsupportedError  of a model whose noise is random tokens */
function requireBound({ noise }: ModelContext, what: string): void {
  if (noise !== 'uniform') return;
  const why = 'the bound on −log p is for noise that is [MASK], and the noise of this model is random tokens';
  throw new UnsupportedError(`${what} can't be: ${why}`);
}
