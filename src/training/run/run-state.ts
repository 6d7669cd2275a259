import type { LoopState } from '../loop.ts';

/** All that the next update needs beside the learner's tensors. No update depends on `seconds`, which the clock says. */
export interface RunState extends LoopState {
  /** The updates after which the latest validation and the latest sample were made. */
  validated: number;
  sampled: number;
  /** Bytes of metrics.jsonl that belong to the updates so far. */
  metricsBytes: number;
  /** Seconds that the updates so far took. */
  seconds: number;
}

/** Where a run begins. */
export const beginning = (): RunState => ({
  step: 0,
  tokens: 0,
  skipped: [],
  validated: 0,
  sampled: 0,
  metricsBytes: 0,
  seconds: 0,
});
