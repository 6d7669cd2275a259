import type { RowScorer } from '../src/likelihood/scorer.ts';
import { uniforms } from '../src/base/random.ts';
import { type ExactJoint, exactJoint } from './exact-joint.ts';

/** A joint distribution with no structure at all: a flat Dirichlet's, V^L probabilities from exponential variables. */
export function randomJoint(V: number, L: number, seed: number): ExactJoint {
  const uniform = uniforms(seed, 'synthetic');
  return exactJoint(
    V,
    L,
    (x) => -Math.log(uniform(x.reduce((index, value, i) => index + value * V ** i, 0))),
  );
}

/** The true conditionals of a joint distribution as a scorer, in float64. */
export function exactScorer({ sequences, probability, maskId }: ExactJoint): RowScorer {
  const known = new Map<string, Float64Array[]>(); // p(x_0^i = v, what is visible), [L][V] by canvas
  const V = maskId;

  function mass(canvas: Int32Array): Float64Array[] {
    const key = canvas.join(' ');
    let found = known.get(key);
    if (!found) {
      found = Array.from(canvas, () => new Float64Array(V));
      for (const [n, x] of sequences.entries()) {
        if (!x.every((token, i) => canvas[i] === maskId || canvas[i] === token)) continue;
        for (const [i, token] of x.entries()) found[i][token] += probability[n];
      }
      known.set(key, found);
    }
    return found;
  }

  return ({ tokens, rows, targets }) => {
    const L = tokens.shape[1];
    return Promise.resolve(
      Float64Array.from(rows, (row, r) => {
        const b = Math.floor(row / L);
        const masses = mass(tokens.data.subarray(b * L, (b + 1) * L))[row % L];
        return Math.log(masses.reduce((sum, value) => sum + value, 0) / masses[targets[r]]);
      }),
    );
  };
}
