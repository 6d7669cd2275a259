import { basename, dirname, join } from 'node:path';
import { FileError, show } from '../../base/errors.ts';
import { byteLengthOf, checkedSum } from '../checked.ts';
import { isDtype, itemSizes } from '../dtype.ts';
import type { TensorEntry } from '../header.ts';
import { isObject, readJsonObject } from '../json.ts';
import { type FileIdentity, stampOf, withFile } from '../range-reader.ts';
import type { SafetensorsFile } from '../safetensors.ts';
import { dtypeOf, type GgufFile, type GgufSource } from './file.ts';

// A GGUF file becomes a model directory beside it, FILE.unmask. Tensors that lie ready in FILE stay there: in-place.json
// says where. Which file it is follows from the directory's name, never from what is written in a file.

export const inPlaceName = 'in-place.json';
const suffix = '.unmask';

/** Changed whenever the directory would be made another way, so that an older one is made anew. */
const edition = 1;

/** The directory that a GGUF file becomes. */
export const inPlaceDirectory = (gguf: string): string => `${gguf}${suffix}`;

/** What in-place.json holds. */
export function inPlaceBytes(file: GgufFile, sources: readonly GgufSource[]): Uint8Array {
  const tensors = Object.fromEntries(
    sources.map((source) => [
      source.name,
      { dtype: dtypeOf(source), shape: source.shape, offset: source.offset },
    ]),
  );
  return Buffer.from(`${JSON.stringify({ edition, madeFrom: stampOf(file.identity), tensors })}\n`);
}

/** Whether a directory was made from the file as it is now, by this edition of ours. */
export async function isMadeFrom(directory: string, identity: FileIdentity): Promise<boolean> {
  const found = await readJsonObject(join(directory, inPlaceName)).catch(() => undefined);
  return found?.edition === edition && found.madeFrom === stampOf(identity);
}

/**
 * The tensors that lie ready in the GGUF file that a directory was made from, as if it were a safetensors file.
 *
 * @throws FileError  when the file isn't there, was changed, or in-place.json isn't right
 */
export async function openInPlace(directory: string): Promise<SafetensorsFile> {
  const path = join(directory, inPlaceName);
  const gguf = directory.endsWith(suffix) ? join(dirname(directory), basename(directory, suffix)) : undefined;
  if (gguf === undefined)
    throw new FileError(
      path,
      `a directory named after its GGUF file, with ${suffix}`,
      show(basename(directory)),
    );
  const { madeFrom, tensors } = await readJsonObject(path);
  if (!isObject(tensors)) throw new FileError(path, 'an object tensors', show(tensors));
  return withFile(gguf, async ({ size, identity }) => {
    if (madeFrom !== stampOf(identity))
      throw new FileError(gguf, `the file that ${directory} was made from`, 'a changed one', 'load it again');
    const entries = Object.entries(tensors).map(
      ([name, value]) => [name, entryOf(path, name, value, size)] as const,
    );
    return { path: gguf, identity, metadata: new Map(), tensors: new Map(entries) };
  });
}

function entryOf(path: string, name: string, value: unknown, size: number): TensorEntry {
  const { dtype, shape, offset } = isObject(value) ? value : ({} as Record<string, unknown>);
  const whole = (number: unknown): number is number =>
    Number.isSafeInteger(number) && (number as number) >= 0;
  if (
    typeof dtype === 'string' &&
    isDtype(dtype) &&
    Array.isArray(shape) &&
    shape.every(whole) &&
    whole(offset)
  ) {
    const byteLength = byteLengthOf(shape, itemSizes[dtype]);
    const end = byteLength === undefined ? undefined : checkedSum(offset, byteLength);
    if (byteLength !== undefined && end !== undefined && end <= size)
      return { name, dtype, shape, offset, byteLength };
  }
  throw new FileError(path, `tensor ${show(name)} inside the GGUF file`, show(value));
}
