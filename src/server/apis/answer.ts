import type { Job, ModelFacts, JobProgress, Result } from '../worker/protocol.ts';

/** What an endpoint knows beside the request's body. */
export interface ApiRequest {
  readonly id: string;
  /** When it was asked, in milliseconds since 1970. */
  readonly nowMs: number;
  /** The model, by the name that the request calls it. */
  readonly model: string;
  readonly facts: ModelFacts;
  readonly newSeed: () => number;
  /** Has the model stay loaded for so long once nobody uses it. */
  readonly keepLoaded: (ms: number) => void;
  /** Notes fields of the request that have no effect; the answer names them. */
  readonly ignore: (...fields: readonly string[]) => void;
}

/** How one request is answered: what is written for it, and how an API says it. */
export interface Answer {
  /** One a choice; none where nothing has to be written. */
  readonly jobs: readonly Job[];
  readonly choices: number;
  /** What the answer says of itself, in a field `unmask` of it, or of the first object of a stream. */
  readonly remarks?: object;
  /** Whoever asked for some fields gets no others: remarks are in the headers alone. */
  readonly isBare?: boolean;
  /** Server-sent events, perhaps each with its `type` as a name, lines of JSON, or absent: one object. */
  readonly stream?: 'events' | 'named events' | 'lines';
  /** Ends a stream of events that was whole. */
  readonly terminator?: string;
  /** All at once. */
  whole(results: readonly Result[]): object;
  /** The objects of a stream: before anything is written, */
  opening?(choice: number): readonly object[];
  /** for each report, */
  progress?(choice: number, progress: JobProgress): readonly object[];
  /** when a choice is finished, */
  ended?(choice: number, result: Result): readonly object[];
  /** and when all are. */
  closing?(results: readonly Result[]): readonly object[];
}

/** A job for each choice: the same with the next seed. */
export const choicesOf = (job: Job, choices = 1): Job[] =>
  Array.from({ length: choices }, (_, i) => ({
    ...job,
    sampling: { ...job.sampling, seed: (job.sampling.seed ?? 0) + i },
  }));
