import { FileError } from '../base/errors.ts';
import { withFile } from './open-file.ts';

/**
 * All bytes of a file that fits into memory. A pipe is no such file: nobody may ever write to it.
 *
 * @param what  the file is made of, for messages
 * @throws FileError  when it isn't there, is no regular file or has more bytes
 */
export const readWhole = (path: string, maxBytes: number, what = 'bytes'): Promise<Uint8Array<ArrayBuffer>> =>
  withFile(path, async (file) => {
    if (file.size > maxBytes) throw new FileError(path, `at most ${maxBytes} ${what}`, `${file.size}`);
    const content = new Uint8Array(file.size);
    await file.readInto(content, 0);
    return content;
  });
