import { UnsupportedError } from '../base/errors.ts';
import { tokenBytes } from './byte-level.ts';
import { isCharacterLevel } from './characters.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** What one token adds to a text, in UTF-8. */
export type BytesOf = (id: number, token: string) => Uint8Array;

/** How the tokens of a tokenizer spell, and what is lost when they are put together. */
export interface TokenSpelling {
  readonly bytesOf: BytesOf;
  /** Whether `decode` drops a space at the beginning of a text. */
  readonly dropsFirstSpace: boolean;
}

const encoder = new TextEncoder();

/**
 * The bytes of tokens, where a text is its tokens one after the other: byte-level BPE, single characters, and
 * SentencePiece with a byte for each character that it lacks.
 */
export function spellingOf(json: TokenizerJson): TokenSpelling {
  const spelledOut = (spell: (token: string, id: number) => Uint8Array | undefined): BytesOf => {
    const known = new Map<number, Uint8Array>();
    return (id, token) => {
      let bytes = known.get(id);
      if (!bytes) {
        bytes = spell(token, id) ?? encoder.encode(token);
        known.set(id, bytes);
      }
      return bytes;
    };
  };
  if (isCharacterLevel(json)) return { bytesOf: spelledOut(() => undefined), dropsFirstSpace: false };
  if (isByteLevel(json)) {
    // an added token is what it is called
    const added = new Set(json.added_tokens.map(({ id }) => id));
    const spell = (token: string, id: number) => (added.has(id) ? undefined : tokenBytes(token));
    return { bytesOf: spelledOut(spell), dropsFirstSpace: false };
  }
  const steps = JSON.stringify(json.decoder);
  if (steps === `{"type":"Sequence","decoders":[${SENTENCE_PIECE},${STRIP}]}`)
    return { bytesOf: spelledOut(sentencePiece), dropsFirstSpace: true };
  if (steps === `{"type":"Sequence","decoders":[${SENTENCE_PIECE}]}`)
    return { bytesOf: spelledOut(sentencePiece), dropsFirstSpace: false };
  return {
    bytesOf: () => {
      throw new UnsupportedError(
        `a constraint needs a tokenizer whose tokens are stretches of the text, and the decoder of this one is ${decoderType(json) ?? 'absent'}`,
      );
    },
    dropsFirstSpace: false,
  };
}

const decoderType = ({ decoder }: TokenizerJson): string | undefined =>
  ((decoder ?? {}) as { readonly type?: string }).type;

/** Whether tokens are spelled in bytes. */
export const isByteLevel = (json: TokenizerJson): boolean => decoderType(json) === 'ByteLevel';

const SENTENCE_PIECE =
  '{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}';
const STRIP = '{"type":"Strip","content":" ","start":1,"stop":0}';

function sentencePiece(token: string): Uint8Array | undefined {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
  return byte ? Uint8Array.of(parseInt(byte[1], 16)) : encoder.encode(token.replaceAll('▁', ' '));
}
