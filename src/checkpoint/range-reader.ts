import { show, UnsupportedError } from '../base/errors.ts';

/** Reads inside a file whose size doesn't change, and nowhere else. */
export interface RangeReader {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  /**
   * Fills `target` with the bytes that begin at `offset`.
   *
   * @throws InvariantError  when the range isn't inside the file: whoever asks has checked it
   * @throws FileError       when the file doesn't give the bytes that it has
   */
  readInto(target: Uint8Array, offset: number): Promise<void>;
}

/** What tells a file from another one, or from itself after a change. */
export type FileIdentity = string;

/** What of an identity is the same on another day and another mount: the size and the time of the last change. */
export const stampOf = (identity: FileIdentity): string => identity.split(' ').slice(2).join(' ');

/** Memory for bytes of a file. @throws UnsupportedError  when there can't be so much */
export function allocate(path: string, name: string, bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new UnsupportedError(
      `${path}: tensor ${show(name)} needs ${bytes} bytes of memory, which can't be had`,
    );
  }
}
