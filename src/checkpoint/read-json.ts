import { defaultMaxBytes, type JsonLimits, jsonIn, jsonObjectIn } from './json.ts';
import { readWhole } from './read-whole.ts';

/**
 * The value in a JSON file, as `jsonIn` reads it.
 *
 * @throws FileError  when it isn't there, is too large or too deep, isn't UTF-8 or isn't JSON
 */
export async function readJson(path: string, limits?: JsonLimits): Promise<unknown> {
  return jsonIn(await bytesOf(path, limits), path, limits);
}

/** A JSON file that holds an object, as `readJson` reads it, without a prototype: an absent key is undefined. */
export async function readJsonObject(
  path: string,
  limits?: JsonLimits,
): Promise<Readonly<Record<string, unknown>>> {
  return jsonObjectIn(await bytesOf(path, limits), path, limits);
}

const bytesOf = (path: string, { maxBytes = defaultMaxBytes }: JsonLimits = {}): Promise<Uint8Array> =>
  readWhole(path, maxBytes, 'bytes of JSON');
