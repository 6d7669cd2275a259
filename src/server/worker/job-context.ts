import type { JobProgress, Result, TokensTask } from './protocol.ts';

/** What a job has of the thread that it runs on. */
export interface JobContext {
  readonly signal: AbortSignal;
  /** Is given what each step adds, if the job has a view; the job waits for what it returns. */
  readonly emit: (progress: JobProgress) => Promise<void> | undefined;
  /** Reads a text elsewhere, or only counts its tokens. Absent: it is read here. */
  readonly readLong?: (task: TokensTask, isCount: boolean) => Promise<Result>;
}
