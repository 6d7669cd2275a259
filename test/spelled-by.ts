import type { Tokenizer } from '../src/tokenizer/tokenizer.ts';

/** The text of tokens whose bytes are put together. */
export function spelledBy({ bytesOf, dropsFirstSpace }: Tokenizer, ids: readonly number[]): string {
  const text = Buffer.concat(ids.map((id) => bytesOf(id) ?? new Uint8Array(0))).toString('utf8');
  return dropsFirstSpace ? text.replace(/^ /, '') : text;
}
