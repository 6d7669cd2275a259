import type { TransformerConfig } from './config.ts';

/** Tokens of the text that the memory of sampling is told for; fewer where the model has less room. */
const usualLength = 1024;

/** What a text takes beside the weights while it is sampled. */
export interface SamplingMemory {
  /** Tokens of the text. */
  readonly length: number;
  readonly bytes: number;
}

/**
 * About what one text takes while all of it is predicted: its logits, on the device and handed over; of one layer the scores
 * of its attention and their softmax, and the activations. Not counted: caches, what the runtime keeps for later, texts beside it.
 *
 *     4 L (2 V + 2 H L + 8 D + 3 F)      for V tokens, H heads, width D, inner width F
 */
export function samplingMemory(config: TransformerConfig): SamplingMemory {
  const { maxLength, vocabularySize, heads, width, hidden } = config;
  const length = Math.min(usualLength, maxLength);
  return { length, bytes: 4 * length * (2 * vocabularySize + 2 * heads * length + 8 * width + 3 * hidden) };
}
