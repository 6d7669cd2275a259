import { grouped } from '../base/format-count.ts';
import { InvalidOptionError, invariant } from '../base/errors.ts';
import { utf8 } from '../base/utf8.ts';
import type { ModelFiles } from '../checkpoint/model-content.ts';
import { bidirectional, causal } from '../model/attention-pattern.ts';
import { parameterTotal, type TensorNames, type TransformerConfig } from '../model/config.ts';
import type { ModelConfig } from '../model/families/family.ts';
import { llada } from '../model/families/llada.ts';
import { initialisations, initialParameters } from '../model/initialise.ts';
import { type LiveWeights, openNetwork } from '../model/network.ts';
import { namesOf, tokenizerFiles } from '../tokenizer/files-to-write.ts';
import { freshNetwork } from './fresh-network.ts';
import { freshSampling } from './fresh-sampling.ts';
import type { Start } from './initial-model.ts';
import type { TrainingOptions } from './options.ts';
import type { RunTokenizer } from './run-tokenizer.ts';
import { requireTrainingMemory } from './training-memory.ts';
import type { TrainingTarget } from './training-target.ts';

/** What is trained where it is all weights: it can be written wherever files can. */
export interface WeightsTarget extends Omit<TrainingTarget, 'exportTo'> {
  /** The model directory of the numbers as they are, with a file beside them. */
  files(numbers: LiveWeights, beside: ReadonlyMap<string, Uint8Array>): ModelFiles;
}

/**
 * All weights of a network of LLaDA's architecture, new or those of a model that training begins with.
 *
 * @param freeBytes  of memory
 * @throws InvalidOptionError  for a network that doesn't fit into memory
 */
export function weightsTarget(
  options: TrainingOptions,
  run: RunTokenizer,
  { start, freeBytes }: { readonly start?: Start; readonly freeBytes: number },
): WeightsTarget {
  const { tokenizer, endId, template } = run;
  const config = configOf(options, run, start);
  const { transformer } = config;
  const { names } = llada;
  const parameters = parameterTotal(transformer, names);
  requireTrainingMemory(options, { ...transformer, parameters }, freeBytes);
  const initial =
    start?.parameters ?? initialParameters(transformer, names, options.seed, initialisations[options.init]);
  return {
    config,
    names,
    initial,
    open: (numbers) => openNetwork(transformer, names, numbers, options),
    openReference: () => openNetwork(transformer, names, { arrays: () => initial }, options),
    heldTo: options.learn === 'preferences' || options.certainty !== undefined ? (start?.files ?? []) : [],
    summary: [sizeLine(transformer, names)],
    files(numbers, beside) {
      const { dtype } = options;
      const weights = Array.from(numbers.arrays(), ([name, { shape, data }]) => ({
        name,
        shape,
        data,
        dtype,
      }));
      const texts = Object.entries(tokenizerFiles(tokenizer.json, namesOf(tokenizer), run.templateFiles));
      const files = new Map(texts.map(([name, text]) => [name, utf8(text)]));
      const generationConfig = {
        eos_token_id: endId,
        pad_token_id: endId,
        // it goes on writing as the model that it was made from
        ...(template && { unmask_sampling: start?.sampling }),
        ...(options.learn === 'text' && !start && { unmask_sampling: freshSampling(options) }),
      };
      return {
        config: llada.write(config),
        weights,
        generationConfig,
        tokenizerFiles: new Map([...files, ...beside]),
      };
    },
  };
}

/** A network in a line. */
export function sizeLine(config: TransformerConfig, names: TensorNames): string {
  const { layers, width, heads, hidden, vocabularySize } = config;
  return `${grouped(parameterTotal(config, names))} parameters: ${layers} layers, width ${width}, ${heads} heads, SwiGLU ${hidden}, vocabulary ${grouped(vocabularySize)}`;
}

function configOf(
  options: TrainingOptions,
  { tokenizer, maskId, endId }: RunTokenizer,
  start?: Start,
): ModelConfig {
  const { length, learn, objective, block, wholeShare, anneal, shiftedLogits, causalWarmup, from } = options;
  const isCausal = objective === 'autoregressive';
  // whoever learns to answer, or from texts of its own, need not forget how long a text may be
  const keepsLength = learn !== 'text' || options.certainty !== undefined;
  if (anneal !== undefined && !start?.isCausal)
    throw new InvalidOptionError('from', 'must be a causal model, to be opened by --anneal', from);
  return {
    transformer: {
      ...(start?.transformer ?? networkOf(options, tokenizer.vocabularySize)),
      maxLength: keepsLength ? Math.max(length, start?.transformer.maxLength ?? 0) : length,
      // a mask predictor made from a causal model, or that begins as one, goes on to predict each token at the position before
      shiftedLogits: !isCausal && (shiftedLogits ?? start?.predictsNext ?? causalWarmup !== undefined),
      attention: isCausal ? causal : bidirectional,
    },
    maskId,
    endIds: [endId],
    padId: endId,
    // a block as long as any window is all there is
    ...(block !== undefined && block < length && { blockLength: block, readsWhole: Boolean(wholeShare) }),
  };
}

function networkOf(
  { layers, width, heads, kvHeads, hidden, tied }: TrainingOptions,
  vocabularySize: number,
): ReturnType<typeof freshNetwork> {
  invariant(
    layers !== undefined && width !== undefined && heads !== undefined && hidden !== undefined,
    'a network that begins from nothing has its sizes from its options',
  );
  return freshNetwork({ layers, width, heads, kvHeads, hidden, tied, vocabularySize });
}
