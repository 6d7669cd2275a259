import { type NdArray, sizeOf } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import { differentiate } from '../graph/differentiate.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import { isParameter, topological } from '../graph/tensor.ts';
import type { Dim } from '../graph/tensor-type.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../model/config.ts';
import { type Adapter, adapterShapes, withAdapter } from '../model/adapter.ts';
import {
  forTwoTexts,
  forwardFeeds,
  forwardInputs,
  type LiveWeights,
  type StoredWeights,
  vector,
} from '../model/network.ts';
import { transformer } from '../model/transformer.ts';
import { openSession, type Session } from '../runtime/session.ts';
import type { Device } from '../runtime/device.ts';
import { adamW, type AdamWOptions, isMatrix } from './adamw.ts';
import { alone, OrderedSum, type Ranks } from '../ranks/ranks.ts';
import type { Learner, TrainingBatch } from './learner.ts';
import { checkLoss, type Loss, scoredRows, weightedCrossEntropy } from './loss.ts';

export interface LearnerOptions extends AdamWOptions {
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

type Arrays = ReadonlyMap<string, NdArray>;

export interface TransformerLearner extends Learner {
  /** The parameters as they are now; the next update writes over these arrays. */
  parameters(): Arrays;
  /** Their moving average, or the parameters where none is kept. */
  averages(): Arrays;
  /** ∂loss/∂θ of all that was accumulated since the last update, before clipping. */
  gradients(): Arrays;
}

/**
 * A transformer being trained: a graph on a device from a batch to the loss and its gradients, and AdamW on what comes
 * out of it. Between the two the norm is looked at, so that nothing that isn't finite is ever applied.
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
  const { clip, emaDecay, decays = isMatrix, adapter, loss, ranks = alone } = options;
  if (loss) checkLoss(loss, config.vocabularySize);
  /** One for each kind of mask, made when it's first asked for. */
  const sessions = new Map<Dim | undefined, Promise<Session>>();
  const live = adapter && 'arrays' in adapter.base ? adapter.base : undefined;
  const stored = adapter && 'locate' in adapter.base ? adapter.base : undefined;
  const sessionFor = (masks: Dim | undefined): Promise<Session> => {
    const graph = { masks, adapter: adapter?.adapter, locate: stored?.locate, loss };
    const opened =
      sessions.get(masks) ??
      openSession(gradientModel(config, names, graph), {
        ...options,
        folder: stored?.folder,
        keepStoredTypes: stored !== undefined,
      });
    sessions.set(masks, opened);
    return opened;
  };
  const shapes = adapter ? adapterShapes(config, names, adapter.adapter) : parameterShapes(config, names);
  const theta = copyOf(shapes, initial);
  const [m, v] = [zerosLike(theta), zerosLike(theta)];
  const average = emaDecay === undefined ? undefined : copyOf(shapes, theta);
  /** The gradients of micro-batches, by the order of `shapes`, and their sum once it is asked for. */
  const accumulated = new OrderedSum();
  let gradients: Arrays | undefined;
  let lossIsFinite = true;
  let updates = 0;

  /** The gradient of all that was accumulated here since the last update. */
  const summed = (): Arrays => {
    const arrays = accumulated.take();
    gradients ??= new Map(
      arrays && Array.from(shapes, ([name, shape], k) => [name, { shape, data: arrays[k] }]),
    );
    return gradients;
  };

  const state = (): Arrays =>
    new Map([
      ...theta,
      ...withPrefix('adam.m.', m),
      ...withPrefix('adam.v.', v),
      ...withPrefix('ema.', average ?? new Map()),
      ['adam.updates', { shape: [1], data: Float32Array.of(updates) }],
    ]);

  return {
    async accumulate(batch, signal) {
      const feeds = {
        ...batchFeeds(config, batch),
        ...Object.fromEntries([...(live?.arrays() ?? []), ...theta]),
      };
      const masks = batch.attentionMask && (batch.attentionMask.shape[0] === 1 ? 1 : 'B');
      const { loss, ...results } = await (await sessionFor(masks)).run(feeds, { signal });
      if (gradients) accumulated.add(Array.from(gradients.values(), ({ data }) => data));
      accumulated.add(Array.from(shapes.keys(), (name) => results[`gradient.${name}`].data as Float32Array));
      gradients = undefined;
      const value = Number(loss.data[0]);
      lossIsFinite &&= Number.isFinite(value);
      return value;
    },

    async update(learningRate) {
      const total = summed();
      invariant(total.size > 0, 'update needs a gradient: accumulate comes first');
      const isFinite = await sumOverRanks(ranks, total, lossIsFinite);
      const gradientNorm = norm(total);
      const applied = isFinite && Number.isFinite(gradientNorm);
      gradients = undefined;
      lossIsFinite = true;
      if (applied) {
        updates++;
        const gradientScale = clip === undefined ? 1 : Math.min(1, clip / (gradientNorm + 1e-6));
        const step = { step: updates, learningRate, gradientScale };
        for (const [name, { shape, data }] of theta) {
          const gradient = total.get(name)!.data;
          adamW(data, m.get(name)!.data, v.get(name)!.data, gradient, decays(name, shape), options, step);
          if (average)
            blend(average.get(name)!.data, data, Math.min(emaDecay!, (1 + updates) / (10 + updates)));
        }
      }
      return { gradientNorm, applied };
    },

    parameters: () => theta,
    averages: () => average ?? theta,
    gradients: summed,
    state,
    restore(saved) {
      for (const [name, { shape, data }] of state()) {
        const given = saved.get(name);
        invariant(given?.data.length === data.length, `the saved state has no ${name} of shape [${shape}]`);
        data.set(given.data);
      }
      updates = saved.get('adam.updates')!.data[0];
      accumulated.take();
      gradients = undefined;
    },
    async close() {
      for (const opened of sessions.values()) await (await opened).close();
    },
  };
}

interface GradientGraph extends Pick<LearnerOptions, 'loss'> {
  /** Of batches with an attention mask: 1 where all rows share it, else 'B'. */
  readonly masks?: Dim;
  readonly adapter?: Adapter;
  /** Where the weights are that an adapter changes. Default: they are inputs. */
  readonly locate?: StoredWeights['locate'];
}

/**
 * From a batch to the loss and its gradient with respect to every parameter; with an adapter, with respect to those of the
 * adapter alone.
 */
export function gradientModel(
  config: TransformerConfig,
  names: TensorNames,
  { masks, adapter, locate, loss: lossOf = weightedCrossEntropy }: GradientGraph,
): OnnxModel {
  const { mask, ...inputs } = forwardInputs('L', masks);
  const { logits } =
    masks === undefined
      ? transformer(config, names, inputs)
      : transformer(forTwoTexts(config), names, { ...inputs, mask });
  const { weighted } = withAdapter({ weighted: lossOf(scoredRows(logits)) }, adapter);

  const trained = adapter && adapterShapes(config, names, adapter);
  const parameters = topological([weighted])
    .filter(isParameter)
    .filter(({ attributes: { name } }) => trained?.has(name) ?? true);
  const { loss, gradients } = differentiate(weighted, parameters);
  const named = gradients.map((gradient, i) => [`gradient.${parameters[i].attributes.name}`, gradient]);
  const weights = locate && ((name: string) => (trained?.has(name) ? undefined : locate(name)));
  return writeOnnx({ loss, ...Object.fromEntries(named) }, { weights, exact: true });
}

/** A batch as the graph's inputs. One without scored rows scores row 0 with weight 0. */
function batchFeeds(
  config: TransformerConfig,
  { tokens, rows, targets, weights, positions, attentionMask, inputs }: TrainingBatch,
) {
  const scored = rows.length > 0 ? { rows, targets, weights } : nothing();
  return {
    ...forwardFeeds(config, tokens, scored.rows, positions),
    ...(attentionMask && { mask: attentionMask }),
    ...inputs,
    targets: vector(scored.targets),
    weights: vector(scored.weights),
  };
}

const nothing = () => ({ rows: new Int32Array(1), targets: new Int32Array(1), weights: new Float32Array(1) });

function copyOf(shapes: ReadonlyMap<string, readonly number[]>, arrays: Arrays): Arrays {
  const copies = new Map<string, NdArray>();
  for (const [name, shape] of shapes) {
    const data = arrays.get(name)?.data;
    invariant(data?.length === sizeOf(shape), `the initial parameters have no ${name} of shape [${shape}]`);
    copies.set(name, { shape, data: data.slice() });
  }
  return copies;
}

const zerosLike = (arrays: Arrays): Arrays =>
  new Map(
    [...arrays].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
  );

const withPrefix = (prefix: string, arrays: Arrays): Arrays =>
  new Map([...arrays].map(([name, array]) => [`${prefix}${name}`, array]));

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
