import { type NdArray, sizeOf } from '../array.ts';
import { invariant } from '../errors.ts';
import { crossEntropy } from '../graph/composites.ts';
import { differentiate } from '../graph/differentiate.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import { mul, total } from '../graph/primitives.ts';
import { input, isParameter, topological } from '../graph/tensor.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../model/config.ts';
import { defaultPositions, forwardInputs, toInt64, vector } from '../model/network.ts';
import { transformer } from '../model/transformer.ts';
import { type Device, openSession } from '../runtime/session.ts';
import { adamWGraph, type AdamWOptions, adamWScalars } from './adamw.ts';
import type { Learner, TrainingBatch } from './learner.ts';

export interface LearnerOptions extends AdamWOptions {
  /** The gradient's global norm is scaled down to this. Absent: it is left as it is. */
  readonly clip?: number;
  readonly device?: Device;
  readonly threads?: number;
}

type Arrays = ReadonlyMap<string, NdArray>;

export interface TransformerLearner extends Learner {
  /** The parameters as they are now; the next update may write over these arrays. */
  parameters(): Arrays;
  /** Their moving average, or the parameters where none is kept. */
  averages(): Arrays;
  /** ∂loss/∂θ of all that was accumulated since the last update, before clipping. */
  gradients(): Arrays;
}

/**
 * A transformer being trained, as two graphs on a device: one from a batch to the loss and its gradients, one from
 * gradients to the next parameters and moments. Between the two the norm is looked at, so that nothing that
 * isn't finite is ever applied. Parameters and moments are written into a second set of buffers; then the two sets
 * change places.
 *
 * @param initial  the parameters to start from, by name; they are copied
 */
export async function openLearner(
  config: TransformerConfig,
  names: TensorNames,
  initial: Arrays,
  options: LearnerOptions,
): Promise<TransformerLearner> {
  const { clip, emaDecay } = options;
  const shapes = parameterShapes(config, names);
  const gradientSession = await openSession(gradientModel(config, names), options);
  const updateSession = await openSession(adamWGraph(shapes, options), options);

  let state: Arrays = initialState(shapes, initial, emaDecay !== undefined);
  let spare: Arrays = zerosLike(state);
  const gradients = zerosLike(withPrefix('gradient.', pick(state, '', shapes)));
  let more: Map<string, NdArray> | undefined;
  let microBatches = 0;
  let lossIsFinite = true;
  let updates = 0;

  return {
    async accumulate(batch, signal) {
      const into = microBatches === 0 ? gradients : (more ??= zerosLike(gradients));
      const feeds = { ...batchFeeds(batch), ...Object.fromEntries(pick(state, '', shapes)) };
      const { loss } = await gradientSession.run(feeds, { into: Object.fromEntries(into), signal });
      if (microBatches++ > 0) addInto(gradients, into);
      const value = Number(loss.data[0]);
      lossIsFinite &&= Number.isFinite(value);
      return value;
    },

    async update(learningRate) {
      invariant(microBatches > 0, 'update needs a gradient: accumulate comes first');
      const gradientNorm = norm(gradients);
      const applied = lossIsFinite && Number.isFinite(gradientNorm);
      microBatches = 0;
      lossIsFinite = true;
      if (applied) {
        const gradientScale = clip === undefined ? 1 : Math.min(1, clip / (gradientNorm + 1e-6));
        const scalars = adamWScalars(options, { step: updates + 1, learningRate, gradientScale });
        const feeds = { ...Object.fromEntries(state), ...Object.fromEntries(gradients), ...scalars };
        await updateSession.run(feeds, { into: Object.fromEntries(withPrefix('next.', spare)) });
        [state, spare] = [spare, state];
        updates++;
      }
      return { gradientNorm, applied };
    },

    parameters: () => pick(state, '', shapes),
    averages: () => pick(state, emaDecay === undefined ? '' : 'ema.', shapes),
    gradients: () => new Map([...shapes.keys()].map((name) => [name, gradients.get(`gradient.${name}`)!])),
    state: () => new Map([...state, ['adam.updates', { shape: [1], data: Float32Array.of(updates) }]]),
    restore(saved) {
      for (const [name, { shape, data }] of state) {
        const given = saved.get(name);
        invariant(given?.data.length === data.length, `the saved state has no ${name} of shape [${shape}]`);
        data.set(given.data);
      }
      const count = saved.get('adam.updates');
      invariant(count, 'the saved state has no adam.updates');
      updates = count.data[0];
      microBatches = 0;
    },
    async close() {
      await gradientSession.close();
      await updateSession.close();
    },
  };
}

/** From a batch to the loss, Σ weight · cross-entropy, and its gradient with respect to every parameter. */
export function gradientModel(config: TransformerConfig, names: TensorNames): OnnxModel {
  const { tokens, positions, rows } = forwardInputs();
  const logits = transformer(config, names, { tokens, positions, rows });
  const nats = crossEntropy(logits, input('targets', 'int32', ['R']));
  const weighted = total(mul(nats, input('weights', 'float32', ['R'])));

  const parameters = topological([weighted]).filter(isParameter);
  const { loss, gradients } = differentiate(weighted, parameters);
  const named = gradients.map((gradient, i) => [`gradient.${parameters[i].attributes.name}`, gradient]);
  return writeOnnx({ loss, ...Object.fromEntries(named) });
}

/**
 * A batch as the graph's inputs. The number of rows differs from step to step; filled up to a multiple of 64 with rows
 * of weight 0 it takes few values, and the runtime's buffers fit again.
 */
function batchFeeds({ tokens, rows, targets, weights }: TrainingBatch) {
  const R = Math.max(64, Math.ceil(rows.length / 64) * 64);
  const filled = <D extends Int32Array | Float32Array>(data: D, empty: D): NdArray<D> => {
    empty.set(data);
    return vector(empty);
  };
  return {
    tokens,
    positions: toInt64(defaultPositions(tokens.shape)),
    rows: filled(rows, new Int32Array(R)),
    targets: filled(targets, new Int32Array(R)),
    weights: filled(weights, new Float32Array(R)),
  };
}

/** Parameters as given, moments zero, averages equal to the parameters. */
function initialState(shapes: ReadonlyMap<string, readonly number[]>, initial: Arrays, ema: boolean): Arrays {
  const state = new Map<string, NdArray>();
  const copy = (name: string, shape: readonly number[]) => {
    const data = initial.get(name)?.data;
    invariant(data?.length === sizeOf(shape), `the initial parameters have no ${name} of shape [${shape}]`);
    return { shape, data: data.slice() };
  };
  for (const [name, shape] of shapes) state.set(name, copy(name, shape));
  for (const moment of ['adam.m.', 'adam.v.'])
    for (const [name, shape] of shapes)
      state.set(`${moment}${name}`, { shape, data: new Float32Array(sizeOf(shape)) });
  if (ema) for (const [name, shape] of shapes) state.set(`ema.${name}`, copy(name, shape));
  return state;
}

const zerosLike = (arrays: Arrays): Map<string, NdArray> =>
  new Map(
    [...arrays].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
  );

const withPrefix = (prefix: string, arrays: Arrays): Arrays =>
  new Map([...arrays].map(([name, array]) => [`${prefix}${name}`, array]));

/** The arrays of the names in `shapes`, stored with a prefix, under the bare names. */
const pick = (arrays: Arrays, prefix: string, shapes: ReadonlyMap<string, unknown>): Arrays =>
  new Map([...shapes.keys()].map((name) => [name, arrays.get(`${prefix}${name}`)!]));

function addInto(sums: Arrays, terms: Arrays): void {
  for (const [name, { data: sum }] of sums) {
    const term = terms.get(name)!.data;
    for (let i = 0; i < sum.length; i++) sum[i] += term[i];
  }
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
