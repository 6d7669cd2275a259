import { invariant } from '../errors.ts';
import type { CacheReport } from './cache-report.ts';
import type { MaskPredictor } from './predictor.ts';
import type { Frame } from './sample.ts';

/** What a sample cost. */
export interface SampleStats {
  /** Times the network was run; guidance runs it twice a step. */
  readonly forwards: number;
  /** Predicted tokens in the text; one that was rewritten counts once. */
  readonly tokens: number;
  readonly tokensPerForward: number;
  /** From the first frame asked for to the last one received. */
  readonly ms: number;
  /** How far its cache strayed, where that was asked for. */
  readonly cache?: CacheReport;
}

/** A predictor that counts: put it around the network itself, inside guidance and other wrappers. */
export function countForwards(predict: MaskPredictor): {
  readonly predict: MaskPredictor;
  readonly forwards: () => number;
} {
  let forwards = 0;
  return {
    predict: (xt, rows, moment) => {
      forwards += 1;
      return predict(xt, rows, moment);
    },
    forwards: () => forwards,
  };
}

/**
 * Reads a sample to its end.
 *
 * @param forwards  how often the network was run so far, see `countForwards`
 * @param clock     milliseconds from any beginning
 * @returns         the last frame, and what the whole cost
 */
export async function drain(
  frames: AsyncIterable<Frame>,
  { forwards, clock }: { forwards: () => number; clock: () => number },
): Promise<{ last: Frame; stats: SampleStats }> {
  const forwardsBefore = forwards();
  const begin = clock();
  let last: Frame | undefined;
  for await (const frame of frames) last = frame;
  invariant(last, 'a sample has at least one frame');
  // what was given, and what stands behind a certain end token, was never predicted
  const tokens = last.confidence.filter((p) => !Number.isNaN(p)).length;
  const spent = forwards() - forwardsBefore;
  const tokensPerForward = spent === 0 ? 0 : tokens / spent;
  return { last, stats: { forwards: spent, tokens, tokensPerForward, ms: clock() - begin } };
}
