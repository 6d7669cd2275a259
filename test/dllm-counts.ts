import { byShare, type RevealCounts } from '../src/sampling/reveal-counts.ts';

export const roundHalfToEven = (count: number): number =>
  count % 1 === 0.5 ? 2 * Math.round(count / 2) : Math.round(count);

const { fround } = Math;

/** α(t) in float32, as PyTorch has it. */
const alphas = {
  linear: (t: number): number => fround(1 - t),
  cosine: (t: number): number => fround(1 - fround(Math.cos(fround(fround(Math.PI / 2) * fround(1 - t))))),
};

/** dllm's counts: in float32, rounded half to even, where a step that reveals nothing is still a step. */
export const inDllm = (schedule: keyof typeof alphas): RevealCounts =>
  byShare((t) => fround(1 - alphas[schedule](fround(t))), roundHalfToEven, fround);
