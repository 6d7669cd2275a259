import type { Job } from '../worker/protocol.ts';

/** A job that reads and writes nothing. */
export const readingJob = (name: string, task: Job['task']): Job => ({
  model: name,
  task,
  sampling: {},
  stop: [],
  logprobs: false,
  view: 'nothing',
  candidates: 0,
});
