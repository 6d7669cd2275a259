import { invariant } from '../../base/errors.ts';
import { utf8 } from '../../base/utf8.ts';

/**
 * Files in one .zip file, as a download: unpacked it is a model directory. They are stored as they are, as the numbers of a
 * network don't get smaller; the format is PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16, without its 64 bits.
 *
 * @param folder  that they are in
 */
export async function zipped(files: readonly File[], folder: string): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const file of files) {
    const content = new Uint8Array(await file.arrayBuffer());
    const name = utf8(`${folder}/${file.name}`);
    const common = [
      [2, 20], // the version that reads it
      [2, 0x0800], // names are UTF-8
      [2, 0], // stored
      [2, 0],
      [2, 0x21], // the first day there is, 1 January 1980
      [4, checksum(content)],
      [4, content.length],
      [4, content.length],
      [2, name.length],
      [2, 0],
    ] satisfies Field[];
    const header = record([[4, 0x04034b50], ...common], name);
    const entry = [
      [4, 0x02014b50],
      [2, 20],
      ...common,
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, offset],
    ] satisfies Field[];
    directory.push(record(entry, name));
    parts.push(header, content);
    offset += header.length + content.length;
  }
  const length = directory.reduce((sum, entry) => sum + entry.length, 0);
  invariant(offset + length < 2 ** 32, 'a .zip file of 4 GiB needs fields of 64 bits');
  const count = files.length;
  const end = record([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, length],
    [4, offset],
    [2, 0],
  ]);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}

/** Bytes of a number, and the number. */
type Field = [bytes: 2 | 4, value: number];

function record(fields: readonly Field[], name: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const size = fields.reduce((sum, [bytes]) => sum + bytes, 0);
  const result = new Uint8Array(size + name.length);
  const view = new DataView(result.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  result.set(name, at);
  return result;
}

/** CRC-32 of a byte, of the polynomial 0xedb88320. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
