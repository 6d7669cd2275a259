import type { DecodeIds } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

interface Decoder {
  readonly type?: string;
  readonly decoders?: readonly Decoder[];
  readonly pattern?: { readonly String?: string };
  readonly content?: string;
  readonly start?: number;
  readonly stop?: number;
}

/**
 * The decoding of a vocabulary with byte fallback, as Llama and Gemma have it: bytes are tokens named `<0x41>`.
 * Undefined for a decoder that does anything else.
 *
 * `@huggingface/tokenizers` has all of these steps, but drops a byte order mark that such bytes spell.
 */
export function byteFallbackDecoder({ decoder }: TokenizerJson): DecodeIds | undefined {
  const { type, decoders = [] } = (decoder ?? {}) as Decoder;
  if (type !== 'Sequence' || !Array.isArray(decoders)) return undefined;
  const steps = decoders.map(stepOf);
  if (!steps.every((step) => step !== undefined) || !decoders.some((step) => step.type === 'ByteFallback'))
    return undefined;
  return (ids, tokens) =>
    steps
      .reduce<readonly string[]>(
        (parts, step) => step(parts),
        ids.map((id) => tokens[id] ?? ''),
      )
      .join('');
}

type Step = (parts: readonly string[]) => readonly string[];

function stepOf({ type, pattern, content = '', start = 0, stop = 0 }: Decoder): Step | undefined {
  switch (type) {
    case 'Replace': {
      const { String: replaced } = pattern ?? {};
      if (!replaced) return undefined;
      return (parts) => parts.map((part) => part.replaceAll(replaced, () => content));
    }
    case 'ByteFallback':
      return withBytes;
    case 'Fuse':
      return (parts) => [parts.join('')];
    case 'Strip':
      return [...content].length === 1
        ? (parts) => parts.map((part) => stripped(part, content, start, stop))
        : undefined;
    default:
      return undefined;
  }
}

/** Runs of byte tokens as the text that they are in UTF-8; where they aren't, each byte is U+FFFD. */
function withBytes(parts: readonly string[]): string[] {
  const texts: string[] = [];
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let bytes: number[] = [];
  const endRun = (): void => {
    if (bytes.length === 0) return;
    try {
      texts.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      texts.push('\ufffd'.repeat(bytes.length));
    }
    bytes = [];
  };
  for (const part of parts) {
    const byte = /^<0x([0-9A-F]{2})>$/i.exec(part);
    if (byte) bytes.push(Number.parseInt(byte[1], 16));
    else {
      endRun();
      texts.push(part);
    }
  }
  endRun();
  return texts;
}

/** A text without up to `start` of a character at its beginning, and up to `stop` at its end. */
function stripped(text: string, character: string, start: number, stop: number): string {
  let [from, to] = [0, text.length];
  for (let i = 0; i < start && text.startsWith(character, from); i++) from += character.length;
  for (let i = 0; i < stop && to > from && text.endsWith(character, to); i++) to -= character.length;
  return text.slice(from, to);
}
