const encoder = new TextEncoder();

/** A text as UTF-8. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Bytes that a text has in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3; // half of a pair by itself is written as the replacement character
  }
  return bytes;
}

/** A value as JSON that people read, with a line feed at the end, in UTF-8. */
export const jsonBytes = (value: unknown): Uint8Array => utf8(`${JSON.stringify(value, undefined, 2)}\n`);
