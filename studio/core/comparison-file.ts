import { isObject } from '../../src/base/is-object.ts';
import { recordingIn, type RecordingFile } from './recording-file.ts';

/** What a text is worth: by an outside model, and by the one that wrote it. */
export interface TextQuality {
  readonly bitsPerCharacter?: number;
  /** Of these bits; unknown of a text that the judge reads at once. */
  readonly standardError?: number;
  /** Different pairs of words, as a share. */
  readonly distinct?: number;
  /** -log p under model and strategy, in nats a token. */
  readonly exact?: number;
  readonly isBound?: boolean;
  /** Why there is no such number. */
  readonly unscored?: string;
}

/** A run that was compared, and what its text is worth where it was judged. */
export interface ComparedRun extends RecordingFile {
  readonly quality?: TextQuality;
}

/** Runs that were compared, with a name. */
export interface ComparisonFile {
  readonly name: string;
  readonly runs: readonly ComparedRun[];
}

const format = 'unmask comparison 1';

export const writeComparison = (comparison: ComparisonFile): string =>
  `${JSON.stringify({ format, ...comparison })}\n`;

/**
 * A comparison from a file; undefined where the file is another one.
 *
 * @throws Error  for a comparison that could not be shown, in one sentence
 */
export function readComparison(text: string): ComparisonFile | undefined {
  let file: { readonly format?: unknown; readonly name?: unknown; readonly runs?: unknown } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    return undefined;
  }
  if (file?.format !== format) return undefined;
  const { name, runs } = file;
  if (typeof name !== 'string' || !Array.isArray(runs) || runs.length === 0)
    throw new Error('This comparison cannot be shown: it has no name or no runs.');
  return { name, runs: runs.map(comparedIn) };
}

const numbers = ['bitsPerCharacter', 'standardError', 'distinct', 'exact'] as const;

/** @throws Error  for a run that could not be shown, in one sentence */
export function comparedIn(run: Readonly<Record<string, unknown>>): ComparedRun {
  const recording = recordingIn(run);
  if (run.quality === undefined) return recording;
  const quality = run.quality as TextQuality;
  const isRight =
    isObject(run.quality) &&
    numbers.every((name) => ['number', 'undefined'].includes(typeof quality[name])) &&
    ['boolean', 'undefined'].includes(typeof quality.isBound) &&
    ['string', 'undefined'].includes(typeof quality.unscored);
  if (!isRight) throw new Error('This comparison cannot be shown: quality is not as it must be.');
  return { ...recording, quality };
}
