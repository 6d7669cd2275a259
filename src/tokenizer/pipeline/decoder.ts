import type { DecodeIds } from '../tokenizer.ts';
import { tokenBytes } from '../byte-level.ts';
import { cutterOf, type PatternJson } from './pieces.ts';

/** A decoder of a `tokenizer.json`, of any type. */
interface DecoderJson {
  readonly type?: string;
  readonly decoders?: readonly DecoderJson[];
  readonly pattern?: PatternJson;
  readonly content?: string;
  readonly start?: number;
  readonly stop?: number;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly cleanup?: boolean;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
  readonly add_prefix_space?: boolean;
  readonly pad_token?: string;
  readonly word_delimiter_token?: string;
}

/** Changes the texts that tokens stand for, which are joined in the end. */
type Step = (parts: readonly string[]) => readonly string[];

/**
 * The decoding of a `tokenizer.json`. Without a decoder there is a blank between tokens.
 *
 * @throws Error  for a decoder that isn't supported, by its name
 */
export function decoderOf(decoder: unknown): DecodeIds {
  const step: Step =
    decoder === null || decoder === undefined ? (parts) => [parts.join(' ')] : stepOf(decoder as DecoderJson);
  return (ids, tokens) => step(ids.map((id) => tokens[id] ?? '')).join('');
}

function stepOf({ type, ...json }: DecoderJson): Step {
  if (type === undefined || !Object.hasOwn(steps, type))
    throw new Error(`its decoder is of the type ${JSON.stringify(type)}, which is not supported`);
  return steps[type](json);
}

const steps: Readonly<Record<string, (json: DecoderJson) => Step>> = {
  Sequence: ({ decoders = [] }) => {
    const parts = decoders.map(stepOf);
    return (texts) => parts.reduce((changed, step) => step(changed), texts);
  },
  ByteLevel: () => (parts) => {
    const bytes = parts.flatMap((part) => [...(tokenBytes(part) ?? new TextEncoder().encode(part))]);
    return [new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  },
  Replace: ({ pattern, content = '' }) => {
    const cut = cutterOf(pattern);
    const replaced = (part: string) =>
      cut(part).reduce((all, { text, isMatch }) => all + (isMatch ? content : text), '');
    return (parts) => parts.map(replaced);
  },
  ByteFallback: () => withBytes,
  Fuse: () => (parts) => [parts.join('')],
  Strip: ({ content = ' ', start = 0, stop = 0 }) => {
    return (parts) => parts.map((part) => stripped(part, content, start, stop));
  },
  WordPiece: ({ prefix = '##', cleanup = true }) => {
    const tidy = cleanup ? tidied : (text: string) => text;
    const joined = (part: string, i: number): string => {
      if (i === 0) return part;
      return part.startsWith(prefix) ? part.slice(prefix.length) : ` ${part}`;
    };
    return (parts) => parts.map((part, i) => tidy(joined(part, i)));
  },
  BPEDecoder: ({ suffix = '</w>' }) => {
    return (parts) =>
      parts.map((part, i) => part.replaceAll(suffix, () => (i === parts.length - 1 ? '' : ' ')));
  },
  Metaspace: ({ replacement = '▁', prepend_scheme: scheme, add_prefix_space: prefixes }) => {
    const wasPrefixed = scheme === undefined ? prefixes !== false : scheme !== 'never';
    const spaced = (part: string) => part.replaceAll(replacement, ' ');
    return (parts) =>
      parts.map((part, i) => spaced(i === 0 && wasPrefixed ? part.replaceAll(replacement, '') : part));
  },
  CTC: ({ pad_token: pad = '<pad>', word_delimiter_token: delimiter = '|', cleanup = true }) => {
    const text = (part: string): string => {
      const spoken = part.replaceAll(pad, '');
      return cleanup ? tidied(spoken).replaceAll(delimiter, ' ') : spoken;
    };
    return (parts) =>
      parts.flatMap((part, i) => {
        const spoken = i > 0 && part === parts[i - 1] ? '' : text(part);
        return spoken === '' ? [] : [spoken];
      });
  },
};

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
      texts.push(...bytes.map(() => '\ufffd'));
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

/** English without the blanks that cutting it into words has left before signs. */
const tidied = (text: string): string =>
  [
    [' .', '.'],
    [' ?', '?'],
    [' !', '!'],
    [' ,', ','],
    [" ' ", "'"],
    [" n't", "n't"],
    [" 'm", "'m"],
    [' do not', " don't"],
    [" 's", "'s"],
    [" 've", "'ve"],
    [" 're", "'re"],
  ].reduce((tidy, [from, to]) => tidy.replaceAll(from, to), text);
