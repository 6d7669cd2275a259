import type { NdArray } from '../src/base/array.ts';
import { invariant } from '../src/base/errors.ts';
import type { ScoredBatch } from '../src/likelihood/scorer.ts';
import type { Learner, TrainingBatch } from '../src/training/learner.ts';

const beta1 = 0.9;
const beta2 = 0.99;
const epsilon = 1e-8;

/**
 * A learner without a network, for tests of everything around one: the logits of a row are the sum of two rows of a
 * table, one for each neighbour (`left` and `right`, each [V, V]), trained by Adam in plain TypeScript.
 */
export class FakeLearner implements Learner {
  readonly #V: number;
  readonly #state: Map<string, NdArray>;
  readonly #gradients: Map<string, Float64Array>;
  #lossIsFinite = true;
  /** Updates, by their count from 0, whose gradient is made NaN; losses whose value is. */
  readonly brokenGradients = new Set<number>();
  readonly brokenLosses = new Set<number>();
  /** Micro-batches so far, and updates so far, since this object was made. */
  accumulated = 0;
  updated = 0;
  /** Awaited before each micro-batch: a place to stop a run in the middle of an update. */
  beforeAccumulate: () => Promise<void> | void = () => {};

  constructor(vocabularySize: number) {
    this.#V = vocabularySize;
    const shape = [vocabularySize, vocabularySize];
    const names = ['left.weight', 'right.weight'];
    const table = (): NdArray => ({ shape, data: new Float32Array(vocabularySize ** 2) });
    this.#state = new Map(
      names.flatMap((name) => [
        [name, table()],
        [`adam.m.${name}`, table()],
        [`adam.v.${name}`, table()],
      ]),
    );
    this.#state.set('adam.step', { shape: [1], data: new Float32Array(1) });
    this.#gradients = new Map(names.map((name) => [name, new Float64Array(vocabularySize ** 2)]));
  }

  async accumulate(batch: TrainingBatch): Promise<number> {
    await this.beforeAccumulate();
    const step = this.#state.get('adam.step')!.data[0];
    let loss = 0;
    for (const [r, row] of batch.rows.entries()) {
      const [left, right] = this.#neighbours(batch, row);
      const p = this.#probabilities(left, right);
      loss -= batch.weights[r] * Math.log(p[batch.targets[r]]);
      for (const [name, neighbour] of [
        ['left.weight', left],
        ['right.weight', right],
      ] as const) {
        const gradient = this.#gradients.get(name)!;
        for (let v = 0; v < this.#V; v++) {
          gradient[neighbour * this.#V + v] += batch.weights[r] * (p[v] - (v === batch.targets[r] ? 1 : 0));
        }
      }
    }
    this.accumulated += 1;
    if (this.brokenLosses.has(step)) loss = NaN;
    if (!Number.isFinite(loss)) this.#lossIsFinite = false;
    return loss;
  }

  update(learningRate: number): Promise<{ gradientNorm: number; applied: boolean }> {
    const count = this.#state.get('adam.step')!.data;
    if (this.brokenGradients.has(count[0])) this.#gradients.get('left.weight')![0] = NaN;
    let squares = 0;
    for (const gradient of this.#gradients.values()) for (const g of gradient) squares += g * g;
    const gradientNorm = Math.sqrt(squares);
    const applied = Number.isFinite(gradientNorm) && this.#lossIsFinite;
    if (applied) {
      count[0] += 1;
      const clip = Math.min(1, 1 / gradientNorm);
      for (const [name, gradient] of this.#gradients)
        this.#adam(name, gradient, clip, learningRate, count[0]);
    }
    for (const gradient of this.#gradients.values()) gradient.fill(0);
    this.#lossIsFinite = true;
    this.updated += 1;
    return Promise.resolve({ gradientNorm, applied });
  }

  state(): ReadonlyMap<string, NdArray> {
    return this.#state;
  }

  restore(state: ReadonlyMap<string, NdArray>): void {
    invariant(state.size === this.#state.size, 'another number of tensors');
    for (const [name, { data }] of this.#state) {
      const other = state.get(name);
      invariant(other?.data.length === data.length, `${name} has another size`);
      data.set(other.data);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** −log p of each row's target, in nats   [R] */
  score(batch: ScoredBatch): Promise<Float64Array> {
    const nats = Array.from(batch.rows, (row, r) => {
      const [left, right] = this.#neighbours(batch, row);
      return -Math.log(this.#probabilities(left, right)[batch.targets[r]]);
    });
    return Promise.resolve(Float64Array.from(nats));
  }

  #neighbours({ tokens }: ScoredBatch, row: number): [left: number, right: number] {
    const L = tokens.shape[1];
    return [row % L > 0 ? tokens.data[row - 1] : 0, row % L < L - 1 ? tokens.data[row + 1] : 0];
  }

  #probabilities(left: number, right: number): Float64Array {
    const [a, b] = ['left.weight', 'right.weight'].map((name) => this.#state.get(name)!.data);
    const p = new Float64Array(this.#V);
    let sum = 0;
    for (let v = 0; v < this.#V; v++) sum += p[v] = Math.exp(a[left * this.#V + v] + b[right * this.#V + v]);
    return p.map((value) => value / sum);
  }

  #adam(name: string, gradient: Float64Array, clip: number, learningRate: number, count: number): void {
    const [w, m, v] = ['', 'adam.m.', 'adam.v.'].map((prefix) => this.#state.get(prefix + name)!.data);
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] * clip;
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const [mean, square] = [m[i] / (1 - beta1 ** count), v[i] / (1 - beta2 ** count)];
      w[i] -= (learningRate * mean) / (Math.sqrt(square) + epsilon);
    }
  }
}
