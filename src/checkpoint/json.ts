import { FileError } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';

/** What JSON of a file has to keep to. */
export interface JsonLimits {
  /** Default 64 MiB. */
  readonly maxBytes?: number;
  /** Objects and lists inside each other. Default 64. */
  readonly maxDepth?: number;
}

/** Of a JSON file, where no other limit is said. */
export const defaultMaxBytes = 64 << 20;

/**
 * The value in the bytes of a JSON file. Of two equal keys the last counts, as for every other reader of model directories.
 *
 * A value from outside may have a key `__proto__`: copy members by name, never with Object.assign to `{}`.
 *
 * @throws FileError  when it is too deep, isn't UTF-8 or isn't JSON
 */
export function jsonIn(bytes: Uint8Array, path: string, { maxDepth = 64 }: JsonLimits = {}): unknown {
  const depth = depthOf(bytes);
  // JSON.parse would go a million deep, and whatever walks over the value afterwards would not
  if (depth > maxDepth) throw new FileError(path, `JSON at most ${maxDepth} deep`, `a depth of ${depth}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'text in UTF-8', 'other bytes', undefined, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'an error';
    throw new FileError(path, 'JSON', text === '' ? 'an empty file' : why, 'correct or fetch it again', {
      cause,
    });
  }
}

/** The same where it has to be an object, without a prototype: an absent key is undefined. */
export function jsonObjectIn(
  bytes: Uint8Array,
  path: string,
  limits?: JsonLimits,
): Readonly<Record<string, unknown>> {
  const value = jsonIn(bytes, path, limits);
  if (!isObject(value))
    throw new FileError(path, 'an object in JSON', Array.isArray(value) ? 'a list' : String(value));
  return Object.assign(Object.create(null), value);
}

/** How deep brackets outside of strings are nested. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
