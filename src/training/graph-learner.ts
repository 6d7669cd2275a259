import { type NdArray, sizeOf } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import type { Dim } from '../graph/tensor-type.ts';
import { type Adapter, adapterShapes } from '../model/adapter.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../model/config.ts';
import type { LiveWeights, StoredWeights } from '../model/network.ts';
import { alone, OrderedSum, type Ranks } from '../ranks/ranks.ts';
import type { Device } from '../runtime/device.ts';
import { checkDevice } from '../runtime/device-check.ts';
import { openSession, type Session } from '../runtime/session.ts';
import { Sessions } from '../runtime/sessions.ts';
import { AdamW, type AdamWOptions, isMatrix } from './adamw.ts';
import { batchFeeds, gradientModel } from './backpropagation.ts';
import type { Learner, TrainingBatch } from './learner.ts';
import { checkLoss, type Loss } from './loss.ts';
import { Muon } from './muon.ts';
import { type Arrays, type Optimizer, withPrefix } from './optimizer.ts';

/** How a learner takes its steps, and on what. */
export interface LearnerOptions extends Omit<AdamWOptions, 'decays'>, Partial<Pick<AdamWOptions, 'decays'>> {
  /** What changes the parameters: AdamW all of them, or Muon the matrices between embedding and head. Default 'adamw'. */
  readonly optimizer?: 'adamw' | 'muon';
  /**
   * Decay of an exponential moving average of the parameters; in the first steps, k, at most (1 + k) / (10 + k), so that
   * what training began with is soon forgotten. Absent: none is kept.
   */
  readonly emaDecay?: number;
  /** The gradient's global norm is scaled down to this. Absent: it is left as it is. */
  readonly clip?: number;
  readonly device?: Device;
  readonly threads?: number;
  /** Default: the weighted cross-entropy. */
  readonly loss?: Loss;
  /** Who else learns the same: the gradient of an update is the sum over the micro-batches of all. Default: nobody. */
  readonly ranks?: Ranks;
  /** What is trained in place of the network's own weights, which stay as they are. */
  readonly adapter?: AdapterOfModel;
}

/** An adapter, and the weights that it changes. */
export interface AdapterOfModel {
  readonly adapter: Adapter;
  /**
   * Floats are fed like parameters, of which the engine keeps no copy in another order. Matrices in blocks stay in files;
   * each is made floats again, one at a time, for the gradient of what is multiplied with it.
   */
  readonly base: LiveWeights | StoredWeights;
}

/** A learner whose parameters, averages and gradients can be read, by tensor name. */
export interface TransformerLearner extends Learner {
  /** The parameters as they are now; the next update writes over these arrays. */
  parameters(): Arrays;
  /** Their moving average, or the parameters where none is kept. */
  averages(): Arrays;
  /** ∂loss/∂θ of all that was accumulated since the last update, before clipping. */
  gradients(): Arrays;
}

/**
 * A transformer being trained: a graph on a device from a batch to the loss and its gradients, and an optimizer of what
 * comes out of it. Between the two the norm is looked at, so that nothing that isn't finite is ever applied.
 *
 * @param initial  the parameters to start from, by name; they are copied. With an adapter, those of the adapter
 * @throws InvalidOptionError  for a loss that is no scalar
 */
export async function openLearner(
  config: TransformerConfig,
  names: TensorNames,
  initial: Arrays,
  options: LearnerOptions,
): Promise<TransformerLearner> {
  if (options.loss) checkLoss(options.loss, config.vocabularySize);
  return new GraphLearner(config, names, initial, options);
}

class GraphLearner implements TransformerLearner {
  readonly #config: TransformerConfig;
  readonly #names: TensorNames;
  readonly #options: LearnerOptions;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  /** One session for each kind of mask. */
  readonly #sessions = new Sessions<Dim | undefined, Session>();
  readonly #theta: Arrays;
  readonly #optimizer: Optimizer;
  readonly #average: Arrays | undefined;
  /** The gradients of micro-batches, by the order of the shapes, and their sum once it is asked for. */
  readonly #accumulated = new OrderedSum();
  #gradients: Arrays | undefined;
  #lossIsFinite = true;
  #updates = 0;

  constructor(config: TransformerConfig, names: TensorNames, initial: Arrays, options: LearnerOptions) {
    const { adapter, emaDecay } = options;
    this.#config = config;
    this.#names = names;
    this.#options = options;
    this.#shapes = adapter ? adapterShapes(config, names, adapter.adapter) : parameterShapes(config, names);
    this.#theta = copyOf(this.#shapes, initial);
    this.#optimizer = optimizerOf(names, this.#shapes, options);
    this.#average = emaDecay === undefined ? undefined : copyOf(this.#shapes, this.#theta);
  }

  async accumulate(batch: TrainingBatch, signal?: AbortSignal): Promise<number> {
    const { adapter } = this.#options;
    const live = adapter && 'arrays' in adapter.base ? adapter.base.arrays() : [];
    const feeds = { ...batchFeeds(this.#config, batch), ...Object.fromEntries([...live, ...this.#theta]) };
    const masks = batch.attentionMask && (batch.attentionMask.shape[0] === 1 ? 1 : 'B');
    const session = await this.#sessions.get(masks, () => this.#open(masks));
    const { loss, ...results } = await session.run(feeds, { signal });
    if (this.#gradients) this.#accumulated.add(Array.from(this.#gradients.values(), ({ data }) => data));
    this.#accumulated.add(
      Array.from(this.#shapes.keys(), (name) => results[`gradient.${name}`].data as Float32Array),
    );
    this.#gradients = undefined;
    const value = Number(loss.data[0]);
    this.#lossIsFinite &&= Number.isFinite(value);
    return value;
  }

  async update(learningRate: number): Promise<{ gradientNorm: number; applied: boolean }> {
    const { ranks = alone } = this.#options;
    const total = this.gradients();
    invariant(total.size > 0, 'update needs a gradient: accumulate comes first');
    const isFinite = await sumOverRanks(ranks, total, this.#lossIsFinite);
    const gradientNorm = norm(total);
    const applied = isFinite && Number.isFinite(gradientNorm);
    this.#gradients = undefined;
    this.#lossIsFinite = true;
    if (applied) await this.#apply(total, learningRate, gradientNorm);
    return { gradientNorm, applied };
  }

  parameters(): Arrays {
    return this.#theta;
  }

  averages(): Arrays {
    return this.#average ?? this.#theta;
  }

  gradients(): Arrays {
    const arrays = this.#accumulated.take();
    this.#gradients ??= new Map(
      arrays && Array.from(this.#shapes, ([name, shape], k) => [name, { shape, data: arrays[k] }]),
    );
    return this.#gradients;
  }

  state(): Arrays {
    return new Map([
      ...this.#theta,
      ...this.#optimizer.moments(),
      ...withPrefix('ema.', this.#average ?? new Map()),
      ['adam.updates', { shape: [1], data: Float32Array.of(this.#updates) }],
    ]);
  }

  restore(saved: Arrays): void {
    for (const [name, { shape, data }] of this.state()) {
      const given = saved.get(name);
      invariant(given?.data.length === data.length, `the saved state has no ${name} of shape [${shape}]`);
      data.set(given.data);
    }
    this.#updates = saved.get('adam.updates')!.data[0];
    this.#accumulated.take();
    this.#gradients = undefined;
  }

  async close(): Promise<void> {
    await this.#sessions.close();
    await this.#optimizer.close();
  }

  async #open(masks: Dim | undefined): Promise<Session> {
    const { adapter, loss, ...options } = this.#options;
    const stored = adapter && 'locate' in adapter.base ? adapter.base : undefined;
    const { expanded } = await checkDevice(options.device ?? 'cpu');
    const graph = { masks, adapter: adapter?.adapter, locate: stored?.locate, loss, expanded };
    const model = gradientModel(this.#config, this.#names, graph);
    return openSession(model, { ...options, folder: stored?.folder, keepStoredTypes: stored !== undefined });
  }

  async #apply(gradients: Arrays, learningRate: number, gradientNorm: number): Promise<void> {
    const { clip, emaDecay } = this.#options;
    this.#updates += 1;
    const updates = this.#updates;
    const gradientScale = clip === undefined ? 1 : Math.min(1, clip / (gradientNorm + 1e-6));
    await this.#optimizer.step(this.#theta, gradients, { step: updates, learningRate, gradientScale });
    for (const [name, { data }] of this.#average ?? [])
      blend(data, this.#theta.get(name)!.data, Math.min(emaDecay!, (1 + updates) / (10 + updates)));
  }
}

function optimizerOf(
  { embedding, head }: TensorNames,
  shapes: ReadonlyMap<string, readonly number[]>,
  { optimizer, decays = isMatrix, ...options }: LearnerOptions,
): Optimizer {
  if (optimizer !== 'muon') return new AdamW(shapes, { ...options, decays });
  const isHidden = (name: string, shape: readonly number[]) =>
    shape.length === 2 && name !== embedding && name !== head;
  return new Muon(shapes, isHidden, { ...options, decays });
}

function copyOf(shapes: ReadonlyMap<string, readonly number[]>, arrays: Arrays): Arrays {
  const copies = new Map<string, NdArray>();
  for (const [name, shape] of shapes) {
    const data = arrays.get(name)?.data;
    invariant(data?.length === sizeOf(shape), `the initial parameters have no ${name} of shape [${shape}]`);
    copies.set(name, { shape, data: data.slice() });
  }
  return copies;
}

/** average ← share · average + (1 − share) · values. */
function blend(average: Float32Array, values: Float32Array, share: number): void {
  for (let i = 0; i < average.length; i++) average[i] = share * average[i] + (1 - share) * values[i];
}

/**
 * Sums gradients over all ranks, in one exchange.
 *
 * @param isFinite  whether this rank's losses were
 * @returns         whether all ranks' were
 */
async function sumOverRanks(ranks: Ranks, gradients: Arrays, isFinite: boolean): Promise<boolean> {
  if (ranks.size === 1) return isFinite;
  const flags = await ranks.gather(Uint8Array.of(isFinite ? 1 : 0));
  const arrays = Array.from(gradients.values(), ({ data }) => data);
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  await ranks.sum(all);
  at = 0;
  for (const array of arrays) {
    array.set(all.subarray(at, at + array.length));
    at += array.length;
  }
  return flags.every(([flag]) => flag === 1);
}

/** √Σ g² over every gradient, in float64. */
function norm(gradients: Arrays): number {
  let squares = 0;
  for (const { data } of gradients.values()) {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
    squares += sum;
  }
  return Math.sqrt(squares);
}
