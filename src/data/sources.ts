import { createHash } from 'node:crypto';
import { createReadStream, type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';

/** One file that text is read from. */
export interface Source {
  readonly path: string;
  /** Whether all of it is text, or each line is a JSON object, or all of it is a list of them. */
  readonly kind: 'text' | 'jsonl' | 'json';
  readonly gzip: boolean;
}

/** A source as it was when it was read. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const ENDINGS: readonly (readonly [RegExp, Source['kind']])[] = [
  [/\.(?:txt|md)(?:\.gz)?$/i, 'text'],
  [/\.(?:jsonl|ndjson)(?:\.gz)?$/i, 'jsonl'],
  [/\.json(?:\.gz)?$/i, 'json'],
];

/** Kinds of files that text is read from. */
export const textKinds: readonly Source['kind'][] = ['text', 'jsonl'];
/** Kinds of files in which each document is a JSON object. */
export const rowKinds: readonly Source['kind'][] = ['jsonl', 'json'];

const NAMES: Readonly<Record<Source['kind'], string>> = { text: '.txt, .md', jsonl: '.jsonl', json: '.json' };

/**
 * The files that paths stand for: a file itself, of a directory all that lie in it at any depth, in the order of their names.
 * Files with other endings, hidden ones and links to directories are skipped in a directory.
 *
 * @throws FileError  for a path that does not exist, a file of another kind, a directory without text
 */
export function findSources(
  paths: readonly string[],
  kinds: readonly Source['kind'][] = textKinds,
): Source[] {
  const names = kinds.map((kind) => NAMES[kind]).join(' or ');
  const wanted = (file: string): Source | undefined => {
    const source = asSource(file);
    return source && kinds.includes(source.kind) ? source : undefined;
  };
  return paths.flatMap((path) => {
    let found: Stats;
    try {
      found = statSync(path);
    } catch (error) {
      throw new FileError(path, 'a file or directory of text', 'nothing there', 'name one that exists', {
        cause: error,
      });
    }
    const isDirectory = found.isDirectory();
    if (!isDirectory && !found.isFile())
      throw new FileError(path, 'a file or directory of text', 'a pipe or a device', 'write it to a file');
    const sources = isDirectory ? filesIn(path).flatMap((file) => wanted(file) ?? []) : [wanted(path)];
    if (sources.length === 0)
      throw new FileError(path, `a directory with ${names} files, plain or .gz`, 'none in it');
    return sources.map((source) => {
      if (source) return source;
      throw new FileError(path, `a ${names} file, plain or .gz`, 'another ending', 'rename it if it is one');
    });
  });
}

function asSource(path: string): Source | undefined {
  const kind = ENDINGS.find(([ending]) => ending.test(path))?.[1];
  return kind && { path, kind, gzip: /\.gz$/i.test(path) };
}

function filesIn(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() || linksToFile(entry, path) ? [path] : [];
  });
}

function linksToFile(entry: Dirent, path: string): boolean {
  return entry.isSymbolicLink() && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}

/** Size and SHA-256 of a file. */
export async function fingerprint({ path }: Pick<Source, 'path'>, signal?: AbortSignal): Promise<SourceFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}
