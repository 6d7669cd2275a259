import { InvalidOptionError } from '../base/errors.ts';
import { bound, type BoundOptions, doubledBound, type Likelihood } from '../likelihood/likelihood.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import type { Score, ScoreRequest } from './language-model.ts';
import type { WindowScoring } from './score-under-sampler.ts';
import { causal } from '../model/attention-pattern.ts';
import type { Network } from '../model/network.ts';
import { contextOf } from './network-predictor.ts';
import { uniforms } from '../base/random.ts';
import { doubledNetworkScorer, networkScorer } from './network-scorer.ts';
import { encodeContinuation, encodeSeparately } from '../tokenizer/continuation.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** The parts of a model that a likelihood depends on. */
export interface ScoredModel {
  readonly network: Network;
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  /** What a causal network reads before every text, if it was trained so. */
  readonly startId?: number;
  /** The network was trained in blocks of so many positions. */
  readonly blockLength?: number;
  /** A text's ids behind what stands before every text. */
  readonly opening: (text: readonly number[]) => readonly number[];
}

/**
 * How likely an answer is, given its prompt, as both stand in one text (`encodeContinuation`): under a sampler, or without one exactly of a causal network, by an upper bound of
 * others. What is longer than the network's longest sequence is cut into windows, each behind the prompt.
 *
 * @throws InvalidOptionError  for an answer without a token, and a prompt that leaves no room
 */
export async function scoreText(
  model: ScoredModel,
  { prompt = '', answer, samples, seed = 0, onProgress, signal }: Omit<ScoreRequest, 'sampler'>,
  sampler?: WindowScoring,
): Promise<Score> {
  const { tokenizer, opening, network } = model;
  const { score, isBound } = sampler ?? plainScoring(model);
  // a sampler is given a prompt as it stands, and writes on
  const encoded = sampler ? encodeSeparately : encodeContinuation;
  const { given: before, continued: scored, bytes } = encoded(tokenizer, prompt, answer);
  const given = opening(before);
  if (answer === '' || scored.length === 0) throw new InvalidOptionError('answer', 'must be text', answer);
  const room = network.config.maxLength - given.length;
  if (room < 1) {
    const problem = `must have fewer tokens than the model's longest sequence (${network.config.maxLength})`;
    throw new InvalidOptionError('prompt', problem, `${given.length} tokens`);
  }
  const windows: Likelihood[] = [];
  const pieces = Math.ceil(scored.length / room);
  for (let start = 0; start < scored.length; start += room) {
    const done = windows.length;
    const x0 = Int32Array.from([...given, ...scored.slice(start, start + room)]);
    const work = {
      seed,
      window: done,
      samples,
      onProgress: (share: number) => onProgress?.((done + Math.min(1, share)) / pieces),
      signal,
    };
    windows.push(await score(x0, given.length, work));
    onProgress?.(windows.length / pieces);
  }
  return summed(windows, { tokens: scored.length, bytes, isBound });
}

/** The chain rule of a causal network; the bound of another one, over all orders or by the blocks that it was trained in. */
function plainScoring({ network, maskId, startId, blockLength }: ScoredModel): WindowScoring {
  const isCausal = network.config.attention === causal;
  return {
    isBound: !isCausal && blockLength !== 1,
    score(x0, from, { seed, window, samples = 128, onProgress, signal }) {
      const positions = Int32Array.from(x0.keys()).subarray(from);
      if (isCausal) return exact(network, { x0, positions, startId, signal });
      const uniform = uniforms(seed, 'likelihood', 0, window);
      const onCanvases = (done: number): void => onProgress(done / samples);
      const options = { x0, positions, maskId, draws: samples, uniform, signal };
      return boundOf(network, blockLength, onCanvases, options);
    },
  };
}

/** The bound of a network, by blocks where it was trained in them. */
const boundOf = (
  network: Network,
  blockLength: number | undefined,
  onCanvases: (done: number) => void,
  options: BoundOptions,
): Promise<Likelihood> =>
  blockLength === undefined
    ? bound(counting(networkScorer(network), onCanvases), options)
    : doubledBound(counting(doubledNetworkScorer(network, blockLength), onCanvases), {
        ...options,
        blockLength,
        shiftedLogits: network.config.shiftedLogits,
      });

/** A scorer that tells how many canvases it has scored. */
function counting(score: RowScorer, tell: (done: number) => void): RowScorer {
  let done = 0;
  return async (batch, signal) => {
    const costs = await score(batch, signal);
    done += batch.tokens.shape[0];
    tell(done);
    return costs;
  };
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
