import { sizeOf } from '../base/array.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import type { WriteOptions } from '../graph/onnx-writer.ts';
import { add, div, matmul, mul, sqrt, sumOfSquares } from '../graph/primitives.ts';
import { input, scalar } from '../graph/tensor.ts';
import { checkDevice } from '../runtime/device-check.ts';
import { openSession, type Session, type SessionOptions } from '../runtime/session.ts';
import { Sessions } from '../runtime/sessions.ts';
import { AdamW, type AdamWOptions } from './adamw.ts';
import { type Arrays, type Optimizer, type OptimizerStep, withPrefix, zerosFor } from './optimizer.ts';

/** μ: how much of the direction before remains. */
const momentum = 0.95;
/** Iterations of Newton and Schulz, and the coefficients of each. */
const iterations = 5;
const [a, b, c] = [3.4445, -4.775, 2.0315];
/** A step is as long as AdamW's mostly are, so that the learning rate and the decay of one do for the other. */
const lengthOfAdamW = 0.2;

type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * Muon (Jordan et al. 2024), as Moonlight has it (Liu et al. 2025, arXiv:2502.16982): a matrix takes a step along the nearest
 * orthogonal matrix to its momentum, in which all directions are as long. Embedding, head, norms and biases are AdamW's.
 *
 *     M ← μ M + G         θ ← (1 − lr λ) θ − lr · 0.2 √max(N, P) · O(G + μ M)         θ: [N, P]
 *
 * O is made by a graph: products of matrices are what the engine is fast at.
 */
export class Muon implements Optimizer {
  readonly #options: AdamWOptions & SessionOptions;
  /** Matrices of one shape are made orthogonal at once: their names. */
  readonly #alike = new Map<string, { readonly shape: readonly number[]; readonly names: string[] }>();
  readonly #momenta: Arrays;
  readonly #others: AdamW;
  readonly #sessions = new Sessions<string, Session>();

  /** @param isHidden  whether a parameter is one of the matrices between embedding and head */
  constructor(
    shapes: Shapes,
    isHidden: (name: string, shape: readonly number[]) => boolean,
    options: AdamWOptions & SessionOptions,
  ) {
    this.#options = options;
    const hidden = new Map([...shapes].filter(([name, shape]) => isHidden(name, shape)));
    for (const [name, shape] of hidden) {
      const group = this.#alike.get(String(shape)) ?? { shape, names: [] };
      this.#alike.set(String(shape), group);
      group.names.push(name);
    }
    this.#momenta = zerosFor(hidden);
    this.#others = new AdamW(new Map([...shapes].filter(([name]) => !hidden.has(name))), options);
  }

  async step(parameters: Arrays, gradients: Arrays, at: OptimizerStep): Promise<void> {
    await this.#others.step(parameters, gradients, at);
    const { decays, weightDecay } = this.#options;
    for (const [key, { shape, names }] of this.#alike) {
      const size = sizeOf(shape);
      const directions = new Float32Array(names.length * size);
      for (const [k, name] of names.entries())
        this.#direct(name, gradients, at, directions.subarray(k * size, (k + 1) * size));
      const session = await this.#sessions.get(key, () => this.#open(names.length, shape));
      const given = { directions: { shape: [names.length, ...shape], data: directions } };
      const orthogonal = (await session.run(given)).orthogonal.data;
      const length = at.learningRate * lengthOfAdamW * Math.sqrt(Math.max(...shape));
      for (const [k, name] of names.entries()) {
        const theta = parameters.get(name)!.data;
        const kept = decays(name, shape) ? 1 - at.learningRate * weightDecay : 1;
        for (let i = 0; i < size; i++) theta[i] = kept * theta[i] - length * Number(orthogonal[k * size + i]);
      }
    }
  }

  moments(): Arrays {
    return new Map([...withPrefix('muon.', this.#momenta), ...this.#others.moments()]);
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  async #open(count: number, shape: readonly number[]): Promise<Session> {
    const { expanded } = await checkDevice(this.#options.device ?? 'cpu');
    return openSession(orthogonalModel(count, shape, { expanded }), this.#options);
  }

  /** Takes a gradient into the momentum, and writes where both point: Nesterov's direction. */
  #direct(name: string, gradients: Arrays, { gradientScale }: OptimizerStep, direction: Float32Array): void {
    const gradient = gradients.get(name)!.data;
    const m = this.#momenta.get(name)!.data;
    for (let i = 0; i < m.length; i++) {
      const g = gradient[i] * gradientScale;
      m[i] = momentum * m[i] + g;
      direction[i] = g + momentum * m[i];
    }
  }
}

/**
 * From matrices to those near their orthogonal factors U Vᵀ, by five iterations whose coefficients bring singular values of
 * 0.001 to 1 near 1 fastest, if not quite: to 0.7 to 1.2 (Jordan et al. 2024).
 *
 *     X ← X / ‖X‖         X ← a X + (b A + c A²) X,   A = X Xᵀ         where rows are more than columns, of Xᵀ
 */
export function orthogonalModel(
  count: number,
  [rows, columns]: readonly number[],
  options: Pick<WriteOptions, 'expanded'> = {},
): OnnxModel {
  const isWide = rows <= columns;
  let x = input('directions', 'float32', [count, rows, columns]);
  const norm = sqrt(sumOfSquares(x, [1, 2], { keepDims: true }));
  x = div(x, add(norm, scalar(1e-7)));
  for (let k = 0; k < iterations; k++) {
    const square = matmul(x, x, isWide ? { transB: true } : { transA: true });
    const polynomial = add(mul(square, scalar(b)), matmul(square, square, { alpha: c }));
    x = add(mul(x, scalar(a)), isWide ? matmul(polynomial, x) : matmul(x, polynomial));
  }
  return writeOnnx({ orthogonal: x }, options);
}
