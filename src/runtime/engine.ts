import type * as Ort from 'onnxruntime-node';
import type { Device } from './device.ts';

/** Reads whole files of weights, where there is no folder of them: in a page. */
export interface WeightFiles {
  /** @param location  as the graph has it */
  read(location: string): Promise<Uint8Array>;
}

/** A session of the engine, as much of it as is used. */
export type EngineSession = Pick<Ort.InferenceSession, 'run' | 'release'>;

/**
 * ONNX Runtime as a platform has it. `engine-node.ts` and `engine-web.ts` each export `openEngine`; which one `#engine` is, the
 * `imports` of package.json say to Node and to bundlers.
 */
export interface GraphEngine {
  readonly ort: Pick<typeof Ort, 'InferenceSession' | 'Tensor'>;
  /** Makes a session on a thread of its own, where the platform can: to prepare a graph takes the thread that asks for it. */
  readonly onThread?: (
    bytes: Uint8Array,
    options: Ort.InferenceSession.SessionOptions,
  ) => Promise<EngineSession>;
  /** What the engine calls the device. */
  readonly provider: string;
  /** What is missing most often where the device cannot be opened. */
  readonly remedy: string;
  /** Resolves with why, once the device is lost for good; asked when a session is open. Absent: that can't be told. */
  readonly lost?: () => Promise<string>;
  /** How long the device may take to open a session whose weights are there, or for a run of a check. Absent: as long as it does. */
  readonly answerMs?: number;
  /** Is told that the device is lost, or didn't answer: whatever is asked of this engine from now on fails so at once. */
  readonly giveUp?: (why: Error) => void;
}

/** @throws UnsupportedError  where the engine isn't there; it says how to get it */
export type OpenEngine = (device: Device) => Promise<GraphEngine>;

/** What an error of the engine says, without the place in its sources. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split('\n')[0]
    .replace(/^\/onnxruntime_src\/.* was false\. (?=.)/, '');
