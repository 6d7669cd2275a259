import { argmax, type Choose, type Decode, type DecodeOptions, decodeRows } from '../sampling/decode.ts';
import type { Frame } from '../sampling/sample.ts';

/** A sampler that is made to write a given text. */
export interface TeacherForcing {
  /** As sure as the sampler is of what it would write, and writes x_0. */
  readonly decode: Decode;
  /** −log p_θ of the tokens that this frame's step wrote, in nats. To be asked of each frame before the next. */
  readonly costOf: (frame: Frame) => number;
}

/**
 * Teacher forcing: a decoding that tells a strategy how sure the model is of the likeliest token of each position, as it
 * would if it were writing, and gives it the token of a known text instead. So the sampler itself, with its blocks, steps,
 * cache and guidance, walks over a held-out text, and pays at each step for the tokens that it writes there:
 *
 *     −log p(x_0) = Σ_k Σ_{i ∈ S_k} −log p_θ(x_0^i | x_0^{S_1} … x_0^{S_{k−1}})        DUEL (arXiv:2603.01367)
 *
 * where S_k are the positions that the strategy chooses in step k. This is the likelihood of the sampler, no bound, as long as
 * nothing but the network and the text so far has a part in S_k (`confidenceOf: 'likeliest'`), and what is written stays. Tokens
 * of one step are drawn apart from each other, so a step that writes several pays for what it doesn't know of them together.
 *
 * @param x0       the text, where the canvas is to be written   [L]
 * @param options  of the decoding that the sampler has; its temperature must be above 0: p is softmax(logits / T), and what
 *   `topK`, `topP` or `forbidden` cut away costs ∞
 */
export function teacherForcing(
  x0: Int32Array,
  { temperature = 1, ...options }: DecodeOptions = {},
): TeacherForcing {
  const costs = new Float64Array(x0.length);
  const choose: Choose = (logits, position, row) => {
    costs[position] = surprise(logits, x0[position], temperature);
    return argmax(logits, position, row);
  };
  return {
    decode({ logits, rows }) {
      const prediction = decodeRows(logits, rows, choose, { temperature, ...options });
      return { ...prediction, tokens: rows.map((i) => x0[i]) };
    },
    costOf: ({ changed }) => changed.reduce((sum, i) => sum + costs[i], 0),
  };
}

/** −log softmax(logits / T)[token], in nats. */
function surprise(logits: Float64Array, token: number, temperature: number): number {
  const highest = logits[argmax(logits, 0, 0)];
  let total = 0;
  for (let v = 0; v < logits.length; v++) total += Math.exp((logits[v] - highest) / temperature);
  return Math.log(total) - (logits[token] - highest) / temperature;
}
