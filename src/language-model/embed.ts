import { checkIds } from '../base/check-ids.ts';
import { InvalidOptionError } from '../base/errors.ts';
import type { EmbedRequest, Embedding } from './language-model.ts';
import type { ModelContext } from './model-context.ts';

/**
 * The mean of the network's last hidden states over a text in which nothing is masked,
 *
 *     e = m / ‖m‖,      m = (1/L) Σ_i h_i(x_0)
 *
 * h being what the head makes logits of. A text longer than the model is read in windows that don't see each other; the mean is
 * over the tokens of all. With fewer `dimensions` it is that of the first numbers, made as long again.
 *
 * @throws InvalidOptionError  for an empty text, ids that there aren't, and more dimensions than there are
 */
export async function embedText(
  { network, tokenizer, opening, vocabulary, maxLength }: ModelContext,
  { text, dimensions, signal }: EmbedRequest,
): Promise<Embedding> {
  const D = network.config.width;
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= D))
    throw new InvalidOptionError('dimensions', `must be 1 to ${D}, as wide as the network is`, dimensions);
  const given = typeof text === 'string' ? opening(tokenizer.encode(text)) : text;
  if (given.length === 0) throw new InvalidOptionError('text', 'must not be empty', text);
  checkIds(given, vocabulary.size, 'text');
  const ids = Int32Array.from(given);
  const sum = new Float64Array(D);
  for (let start = 0; start < ids.length; start += maxLength) {
    signal?.throwIfAborted();
    const window = ids.subarray(start, start + maxLength);
    const rows = Int32Array.from(window.keys());
    const { data } = await network.hidden({ shape: [1, window.length], data: window }, rows, { signal });
    for (const [k, value] of data.entries()) sum[k % D] += value;
  }
  const kept = sum.subarray(0, dimensions ?? D);
  const length = Math.hypot(...kept) || 1;
  return { vector: Float32Array.from(kept, (value) => value / length), tokens: ids.length };
}
