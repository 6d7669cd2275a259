import { InvalidOptionError } from '../../base/errors.ts';
import { blockLengthOf } from '../../language-model/generate.ts';
import { fitting } from '../../language-model/sample-request.ts';
import { type ScoredSampler, scoredSamplerSchema } from '../../language-model/score-options.ts';
import { layBlocks } from '../../sampling/canvas.ts';
import { checkSampling, type SamplingOptions } from '../../sampling/options.ts';
import { divideSteps } from '../../sampling/plan.ts';
import { isOwnStrategy, strategyNamed } from '../../sampling/strategy-table.ts';
import type { ModelFacts } from '../worker/protocol.ts';

/** The sampler that wrote a text, as `unmask score` takes it, and the tokens that it wrote; or why the text has no score, and what to do. */
export type SamplerOfText =
  | { readonly sampler: Partial<ScoredSampler>; readonly length: number }
  | { readonly reason: string };

/** Options that `unmask score` doesn't know, with the values that change nothing. */
const unscored = {
  topK: undefined,
  topP: 1,
  minP: 0,
  typicalP: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  repetitionPenalty: 1,
  regex: undefined,
  jsonSchema: undefined,
  grow: false,
  revise: 0,
} as const satisfies Partial<SamplingOptions>;

/** What wrote a text, from what was asked for and the model's own defaults. */
export function samplerOfText(
  asked: Readonly<Record<string, unknown>>,
  model: Pick<ModelFacts, 'defaults' | 'isCausal' | 'readsWhole' | 'maxLength'>,
): SamplerOfText {
  let all: SamplingOptions;
  try {
    all = checkSampling({ ...fitting(model, asked), ...asked });
  } catch (error) {
    if (error instanceof InvalidOptionError) return { reason: error.message };
    throw error;
  }
  const reason = whyUnscored(all, model);
  if (reason !== undefined) return { reason };
  const blockLength = blockLengthOf(model, all, asked, all.length);
  const tokensPerStep = tokensPerStepOf({ ...all, blockLength });
  if (tokensPerStep === undefined)
    return {
      reason: 'its steps come to no whole number of tokens a step; write with steps that divide the length',
    };
  const known = Object.entries(all).filter(
    ([name, value]) => name in scoredSamplerSchema.shape && value !== undefined,
  );
  return {
    sampler: { ...Object.fromEntries(known), ...(blockLength && { blockLength }), tokensPerStep },
    length: all.length,
  };
}

function whyUnscored(
  all: SamplingOptions,
  { isCausal, maxLength }: Pick<ModelFacts, 'isCausal' | 'maxLength'>,
): string | undefined {
  const { strategy, temperature, confidenceOf, length } = all;
  if (isOwnStrategy(strategy) || strategyNamed(strategy).likelihood === 'none')
    return `the strategy ${String(strategy)} changes what it wrote, so that many ways lead to one text; write with another, such as low-confidence`;
  if (temperature === 0)
    return 'at temperature 0 nothing is drawn, and there is one text alone; write at a temperature above 0';
  for (const [name, value] of Object.entries(unscored)) {
    const given = all[name as keyof typeof unscored];
    const without = value === undefined ? `without ${name}` : `with ${name} ${value}`;
    if (given !== value)
      return `${name} changes the probabilities that the model gives, which the number is made of; write ${without}`;
  }
  if (!isCausal && confidenceOf === 'drawn' && strategyNamed(strategy).ordersByDrawn)
    return 'the order depends on the drawn tokens; write with confidenceOf likeliest';
  return length > maxLength
    ? 'it is longer than what the model reads at a time; write a shorter one'
    : undefined;
}

/** How many tokens each step writes; undefined where the plan has no such number. */
function tokensPerStepOf({
  length,
  steps,
  stepsPerBlock,
  blockLength,
  blockCausal,
}: SamplingOptions): number | undefined {
  if (steps === undefined && stepsPerBlock === undefined) return 1;
  if (blockCausal) return undefined; // where its blocks begin depends on the prompt
  try {
    const blocks = layBlocks(new Int32Array(length), { maskId: 0, blockLength });
    const planned = divideSteps({ steps, stepsPerBlock }, blocks);
    const tokens = Math.ceil(blocks[0].positions.length / planned[0]);
    const all = blocks.reduce((sum, { positions }) => sum + Math.ceil(positions.length / tokens), 0);
    const scored = divideSteps({ steps: all }, blocks);
    return scored.every((count, block) => count === planned[block]) ? tokens : undefined;
  } catch (error) {
    if (error instanceof InvalidOptionError) return undefined; // fewer steps than blocks
    throw error;
  }
}
