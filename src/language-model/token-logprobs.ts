import { checkIds } from '../base/check-ids.ts';
import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { teacherForcing } from '../likelihood/sampler-likelihood.ts';
import { candidatesOf } from '../sampling/candidates.ts';
import { toDecodeOptions } from '../sampling/from-options.ts';
import { checkSampling } from '../sampling/options.ts';
import type { SampleOptions } from '../sampling/sample.ts';
import { leftToRight, type Strategy, unmasking } from '../sampling/strategies.ts';
import type { TokenLogprobs, TokenLogprobsRequest } from './language-model.ts';
import type { ModelContext } from './model-context.ts';
import { contextOf } from './network-predictor.ts';

/** Numbers of logits that are taken from the device at once. */
const maxLogits = 2 ** 24;

/**
 * What each token of a text costs where it is written from left to right:
 *
 *     ln p(x_0) = Σ_i ln p(x_0^i | x_0^1 … x_0^{i−1})
 *
 * Of a causal model that is the chain rule, in one forward. Of a diffusion model it is the exact likelihood of the sampler
 * `left-to-right` with one token a step, which sees masks in the place of what is to come: L forwards.
 *
 * @throws InvalidOptionError  for no tokens, too many, and ids that there aren't
 * @throws UnsupportedError    of a model whose noise is random tokens
 */
export async function tokenLogprobs(
  model: ModelContext,
  { tokens, top = 0, signal }: TokenLogprobsRequest,
): Promise<TokenLogprobs> {
  const x0 = Int32Array.from(tokens);
  const { vocabulary, maxLength, isCausal, noise } = model;
  if (noise === 'uniform')
    throw new UnsupportedError(
      'the tokens of a text have no likelihood: the noise of this model is random tokens',
    );
  if (x0.length === 0 || x0.length > maxLength) {
    const problem = `must be 1 to ${maxLength} ids, the model's longest sequence`;
    throw new InvalidOptionError('tokens', problem, `${x0.length} tokens`);
  }
  checkIds(tokens, vocabulary.size, 'tokens');
  const told = await (isCausal ? chained(model, x0, top, signal) : walked(model, x0, top, signal));
  // the same number for the same token, to the bit: clients compare them to see whether it was the likeliest
  const logprobs = told.logprobs.map(
    (logprob, i) => told.top[i].find(({ token }) => token === x0[i])?.logprob ?? logprob,
  );
  return { ...told, logprobs };
}

/** As many rows at a time as there is room for their logits. */
async function chained(
  { network, startId, vocabulary }: ModelContext,
  x0: Int32Array,
  top: number,
  signal?: AbortSignal,
): Promise<TokenLogprobs> {
  const first = startId === undefined ? 1 : 0;
  const logprobs = new Float64Array(x0.length).fill(NaN);
  const likeliest: TokenLogprobs['top'][number][] = Array.from(x0, () => []);
  const rowsAtOnce = Math.max(1, Math.floor(maxLogits / network.config.vocabularySize));
  const options = { vocabularySize: vocabulary.size };
  for (let from = first; from < x0.length; from += rowsAtOnce) {
    const rows = Int32Array.from(x0.keys()).subarray(from, from + rowsAtOnce);
    const { data, outputs } = contextOf(x0, rows, startId);
    const logits = await network.logits({ shape: [1, data.length], data }, outputs, { signal });
    const V = logits.shape[1];
    for (const [r, i] of rows.entries()) {
      const row = logits.data.subarray(r * V, r * V + vocabulary.size);
      logprobs[i] = logSoftmax(row, x0[i]);
    }
    for (const [i, tokens] of likeliestIn(candidatesOf({ logits, rows }, top, options)))
      likeliest[i] = tokens;
  }
  return { logprobs, top: likeliest };
}

function logSoftmax(row: ArrayLike<number>, token: number): number {
  let highest = -Infinity;
  for (let v = 0; v < row.length; v++) highest = Math.max(highest, row[v]);
  let total = 0;
  for (let v = 0; v < row.length; v++) total += Math.exp(row[v] - highest);
  return row[token] - highest - Math.log(total);
}

/** The leftmost mask alone is predicted, and written. */
const nextToken: Strategy = { ...unmasking(leftToRight), asks: ({ masked }) => masked.slice(0, 1) };

async function walked(
  { sampler, vocabulary, defaults, unwritten }: ModelContext,
  x0: Int32Array,
  top: number,
  signal?: AbortSignal,
): Promise<TokenLogprobs> {
  const { blockCausal, blockLength } = defaults;
  const trained = blockCausal ? { blockCausal, blockLength } : {};
  const options = checkSampling({ ...trained, temperature: 1, banned: unwritten, stopEarly: false });
  const { decode, costOf } = teacherForcing(x0, toDecodeOptions(options, vocabulary));
  const adapt = (own: SampleOptions): SampleOptions => ({
    ...own,
    steps: x0.length,
    stepsPerBlock: undefined,
    strategy: nextToken,
    decode,
    endIds: [],
  });
  const logprobs = new Float64Array(x0.length);
  const likeliest: TokenLogprobs['top'][number][] = Array.from(x0, () => []);
  const canvas = x0.slice().fill(vocabulary.maskId);
  const prepared = await sampler.prepare(canvas, options, { adapt, candidates: top, signal });
  await sampler.finish(prepared, (frame) => {
    for (const i of frame.step === 0 ? [] : frame.changed) logprobs[i] = -costOf({ ...frame, changed: [i] });
    if (frame.candidates) for (const [i, tokens] of likeliestIn(frame.candidates)) likeliest[i] = tokens;
  });
  return { logprobs, top: likeliest };
}

/** The likeliest tokens by position. */
function likeliestIn({
  positions,
  tokens,
  probabilities,
}: ReturnType<typeof candidatesOf>): [position: number, TokenLogprobs['top'][number]][] {
  const k = tokens.length / Math.max(1, positions.length);
  return Array.from(positions, (i, r) => [
    i,
    Array.from({ length: k }, (_, n) => ({
      token: tokens[r * k + n],
      logprob: Math.log(probabilities[r * k + n]),
    })),
  ]);
}
