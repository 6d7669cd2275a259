import { entropyBound, type ReverseStep, type Strategy } from './strategies.ts';

/** What a canvas of random tokens is kept and ended by. */
export interface Renoising {
  /** What is kept adds up to no more nats of entropy than this, the last one not counted. */
  readonly bound: number;
  /** A block is done once its likeliest tokens have stayed the same for so many steps … */
  readonly stability: number;
  /** … and its positions have less entropy than this on average, in nats. */
  readonly confidence: number;
}

/**
 * Where noise is random tokens none can be told from a token that stands, so every step decides over the whole block: what
 * `entropyBound` keeps of the predicted tokens is written, all else is noise again. In the end the likeliest tokens are
 * written, not those that were drawn. DiffusionGemma.
 */
export function renoising({ bound, stability, confidence }: Renoising): Strategy {
  const keep = entropyBound(bound);
  const finish = ({ masked, likeliest }: ReverseStep) => ({ written: masked, tokens: likeliest, done: true });
  return {
    step(reverse) {
      const { masked, entropy, steady } = reverse;
      const mean = masked.reduce((sum, i) => sum + entropy[i], 0) / masked.length;
      if (steady >= stability && mean < confidence) return finish(reverse);
      const written = keep(reverse);
      const kept = new Set(written);
      return { written, noised: masked.filter((i) => !kept.has(i)), done: false };
    },
    finish,
    rewrites: true,
  };
}
