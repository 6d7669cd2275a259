import { FileError, invariant } from '../base/errors.ts';
import type { RangeReader } from '../checkpoint/range-reader.ts';

/** The files of one model directory by name, wherever they are. */
export interface PageModelFiles {
  /** Where, for messages. */
  readonly place: string;
  /** A file; undefined where there is none of this name. @throws FileError  where that can't be known */
  open(name: string): Promise<RangeReader | undefined>;
  /** The names of all files, where they can be had. */
  names?(): Promise<readonly string[]>;
}

/** All of a file. */
export async function contentOf(reader: RangeReader): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(reader.size);
  await reader.readInto(bytes, 0);
  return bytes;
}

/** A file that there has to be. @throws FileError  where it isn't */
export async function openFile({ place, open }: PageModelFiles, name: string): Promise<RangeReader> {
  const file = await open(name);
  if (file) return file;
  throw new FileError(place, `a model directory with ${name}`, 'no such file', 'check the address');
}

/**
 * Why there is no model where one was looked for: what else a person may have there is named.
 */
export async function noModelIn({ place, open, names }: PageModelFiles): Promise<FileError> {
  const expected = 'a model directory with config.json';
  if ((await names?.())?.some((name) => name.endsWith('.gguf'))) return ggufProblem(place);
  if (await open('adapter_config.json'))
    return new FileError(
      place,
      expected,
      'an adapter (LoRA), which pages don’t lay over a model',
      'put both into one directory: unmask merge MODEL ADAPTER DIRECTORY',
    );
  return new FileError(place, expected, 'no such file', 'check the address');
}

/** A file of llama.cpp, whose blocks only Node reads. */
export const ggufProblem = (place: string): FileError =>
  new FileError(
    place,
    'a model directory with config.json',
    'a GGUF file, which pages don’t read',
    'make a directory of it: unmask quantize FILE --weights int8 --out DIRECTORY',
  );

/** Files that a person chose, as `<input type="file" multiple>` or one for directories gives them. */
export function chosenFiles(files: Iterable<File>): PageModelFiles {
  const byName = new Map(Array.from(files, (file) => [file.name, file]));
  return {
    place: 'the files chosen',
    names: async () => [...byName.keys()],
    open: async (name) => {
      const file = byName.get(name);
      return file && blobReader(file, name);
    },
  };
}

/** A directory of the page's own file system (OPFS), or one that a person opened. */
export function filesIn(directory: FileSystemDirectoryHandle): PageModelFiles {
  return {
    place: directory.name || 'the directory',
    names: async () => {
      const names: string[] = [];
      for await (const name of directory.keys()) names.push(name);
      return names;
    },
    async open(name) {
      const folders = name.split('/');
      const last = folders.pop()!;
      try {
        let place = directory;
        for (const folder of folders) place = await place.getDirectoryHandle(folder);
        return blobReader(await (await place.getFileHandle(last)).getFile(), `${directory.name}/${name}`);
      } catch (error) {
        if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
        throw error;
      }
    },
  };
}

/** A reader of a blob, which reads only what it is asked for. */
const blobReader = (blob: Blob, path: string): RangeReader => ({
  path,
  size: blob.size,
  async readInto(target, offset) {
    const end = offset + target.length;
    invariant(offset >= 0 && end <= blob.size, `bytes ${offset} to ${end} of the ${blob.size} of ${path}`);
    target.set(new Uint8Array(await blob.slice(offset, end).arrayBuffer()));
  },
});
