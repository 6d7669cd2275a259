import type { RecordedFrame } from '../core/recording.ts';

/** A frame of a canvas of four tokens on which nothing has happened, but for what is given. */
export const frameOf = (given: Partial<RecordedFrame>): RecordedFrame => ({
  revision: 0,
  step: 0,
  block: 0,
  t: 1,
  length: 4,
  committed: 0,
  reset: false,
  changes: [],
  ...given,
});
