import { recordingIn, type RecordingFile } from './recording-file.ts';

/** Runs that were compared, with a name. */
export interface ComparisonFile {
  readonly name: string;
  readonly runs: readonly RecordingFile[];
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
  return { name, runs: runs.map(recordingIn) };
}
