import { invariant } from '../base/errors.ts';
import type { CacheReport } from './cache-report.ts';
import type { MaskPredictor } from './predictor.ts';
import type { Frame } from './sample.ts';

/** What a sample cost. */
export interface SampleStats {
  /** Times the network was run; guidance runs it twice a step. */
  readonly forwards: number;
  /** Positions whose token was predicted; one that was written twice counts once. */
  readonly tokens: number;
  readonly tokensPerForward: number;
  /** From the first frame asked for to the last one received. */
  readonly ms: number;
  /** To the first frame in which a token stands; `ms` where nothing was written. */
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  /** How far its cache strayed, where that was asked for. */
  readonly cache?: CacheReport;
}

/** A predictor that counts the forwards of its network. */
export interface CountedPredictor {
  readonly predict: MaskPredictor;
  /** So far. */
  readonly forwards: () => number;
}

/** A predictor of one forward a prediction, counted: put it around the network itself, inside guidance and other wrappers. */
export function countForwards(predict: MaskPredictor): CountedPredictor {
  let forwards = 0;
  return {
    predict: (xt, rows, context) => {
      forwards += 1;
      return predict(xt, rows, context);
    },
    forwards: () => forwards,
  };
}

/** What samples cost that were made one after another. */
export function together(all: readonly SampleStats[]): SampleStats {
  const sum = (of: (stats: SampleStats) => number): number =>
    all.reduce((total, stats) => total + of(stats), 0);
  const [forwards, tokens, ms] = [
    sum((stats) => stats.forwards),
    sum((stats) => stats.tokens),
    sum(({ ms }) => ms),
  ];
  return {
    forwards,
    tokens,
    ms,
    tokensPerForward: forwards === 0 ? 0 : tokens / forwards,
    firstTokenMs: all[0]?.firstTokenMs ?? 0,
    tokensPerSecond: ms === 0 ? 0 : (1000 * tokens) / ms,
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
  let written = new Set<number>();
  let firstTokenMs: number | undefined;
  for await (const frame of frames) {
    const { sources } = frame;
    if (sources) written = new Set([...sources.keys()].filter((to) => written.has(sources[to])));
    for (const i of frame.changed) written.add(i);
    if (frame.changed.length > 0) firstTokenMs ??= clock() - begin;
    last = frame;
  }
  invariant(last, 'a sample has at least one frame');
  // what stands behind a certain end token was filled in, not predicted
  const { confidence } = last;
  const tokens = [...written].filter((i) => !Number.isNaN(confidence[i])).length;
  const spent = forwards() - forwardsBefore;
  const tokensPerForward = spent === 0 ? 0 : tokens / spent;
  const ms = clock() - begin;
  const tokensPerSecond = ms === 0 ? 0 : (1000 * tokens) / ms;
  return {
    last,
    stats: {
      forwards: spent,
      tokens,
      tokensPerForward,
      ms,
      firstTokenMs: firstTokenMs ?? ms,
      tokensPerSecond,
    },
  };
}
