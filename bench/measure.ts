/** What a benchmark program prints, as one JSON line. */
export interface Measurement {
  readonly program: string;
  readonly parameters: number;
  readonly secondsPerStep: number;
  readonly tokensPerSecond: number;
  /** Of the products that the program itself computes: who scores fewer rows computes less. */
  readonly gflopPerSecond: number;
  readonly peakMemoryBytes: number;
  readonly loss: number;
}

/** The middle value; of an even number of them, the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** The run whose time is the median, with the most memory that any took. */
export function average(runs: readonly Measurement[]): Measurement {
  const middle = median(runs.map((run) => run.secondsPerStep));
  const typical = runs.find((run) => run.secondsPerStep === middle)!;
  return { ...typical, peakMemoryBytes: Math.max(...runs.map((run) => run.peakMemoryBytes)) };
}

/** Tokens per second of `ours` to those of `theirs`: above 1, ours is the faster. */
export const ratioOfMedians = (ours: readonly Measurement[], theirs: readonly Measurement[]): number =>
  average(ours).tokensPerSecond / average(theirs).tokensPerSecond;
