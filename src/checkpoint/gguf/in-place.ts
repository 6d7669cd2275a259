import { basename, dirname, join } from 'node:path';
import { FileError, show } from '../../base/errors.ts';
import { byteLengthOf, checkedSum } from '../checked.ts';
import { isObject } from '../../base/is-object.ts';
import { readJsonObject } from '../read-json.ts';
import { type FileIdentity, stampOf } from '../range-reader.ts';
import { withFile } from '../open-file.ts';
import type { GgufFile, GgufOrigin, GgufSource } from './file.ts';
import { readableTypes, tensorTypes } from './types.ts';

// A GGUF file becomes a model directory beside it, FILE.unmask. Tensors stay in FILE: in-place.json says where and how they
// are stored there. Which file it is follows from the directory's name, never from what is written in a file.

/** The file of such a directory that says which tensors there are, and where. */
export const inPlaceName = 'in-place.json';
const suffix = '.unmask';

/** Changed whenever the directory would be made another way, so that an older one is made anew. */
const edition = 4;

/** The directory that a GGUF file becomes. */
export const inPlaceDirectory = (gguf: string): string => `${gguf}${suffix}`;

/** What in-place.json holds. */
export function inPlaceBytes(file: GgufFile, sources: Iterable<GgufSource>): Uint8Array {
  const tensors = Object.fromEntries(
    Array.from(sources, ({ name, type, shape, offset, interleaved }) => [
      name,
      { type: type.name, shape, offset, interleaved },
    ]),
  );
  return Buffer.from(`${JSON.stringify({ edition, madeFrom: stampOf(file.identity), tensors })}\n`);
}

/** Whether a directory was made from the file as it is now, by this edition of ours. */
export async function isMadeFrom(directory: string, identity: FileIdentity): Promise<boolean> {
  const found = await readJsonObject(join(directory, inPlaceName)).catch(() => undefined);
  return found?.edition === edition && found.madeFrom === stampOf(identity);
}

/** The tensors of a model in the GGUF file that its directory was made from. */
export interface InPlace extends GgufOrigin {
  /** By the model's names. */
  readonly sources: ReadonlyMap<string, GgufSource>;
}

/**
 * Opens the GGUF file that a directory was made from.
 *
 * @throws FileError  when the file isn't there, was changed, or in-place.json isn't right
 */
export async function openInPlace(directory: string): Promise<InPlace> {
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
    const sources = Object.entries(tensors).map(
      ([name, value]) => [name, sourceIn(path, name, value, size)] as const,
    );
    return { path: gguf, identity, sources: new Map(sources) };
  });
}

const typeNamed = new Map(
  Array.from(tensorTypes.values(), (type) => [type.name, type] as const).filter(([name]) =>
    readableTypes.includes(name),
  ),
);

function sourceIn(path: string, name: string, value: unknown, size: number): GgufSource {
  const {
    type: typeName,
    shape,
    offset,
    interleaved,
  } = isObject(value) ? value : ({} as Record<string, unknown>);
  const whole = (number: unknown): number is number =>
    Number.isSafeInteger(number) && (number as number) >= 0;
  const type = typeof typeName === 'string' ? typeNamed.get(typeName) : undefined;
  if (type && Array.isArray(shape) && shape.length > 0 && shape.every(whole) && whole(offset)) {
    const { blockElements, blockBytes } = type;
    const rows = [...shape.slice(0, -1), shape.at(-1)! / blockElements];
    const byteLength = rows.every(whole) ? byteLengthOf(rows, blockBytes) : undefined;
    const end = byteLength === undefined ? undefined : checkedSum(offset, byteLength);
    const isOrdered =
      interleaved === undefined ||
      (whole(interleaved) && interleaved > 0 && interleaved % 2 === 0 && shape[0] % interleaved === 0);
    if (byteLength !== undefined && end !== undefined && end <= size && isOrdered)
      return {
        name,
        type,
        shape,
        offset,
        byteLength,
        ...(interleaved !== undefined && { interleaved: interleaved as number }),
      };
  }
  throw new FileError(path, `tensor ${show(name)} inside the GGUF file`, show(value));
}
