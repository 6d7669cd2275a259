import { bytesAsCharacters } from '../byte-level.ts';
import { precompiledNormalizer } from './precompiled.ts';
import { cutterOf, type PatternJson } from './pieces.ts';

/** What is done to a text before it is cut. */
export type Normalize = (text: string) => string;

/** A normaliser of a `tokenizer.json`, of any type. */
interface NormalizerJson {
  readonly type?: string;
  readonly normalizers?: readonly NormalizerJson[];
  readonly pattern?: PatternJson;
  readonly content?: string;
  readonly prepend?: string;
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
  readonly precompiled_charsmap?: string | null;
}

/** @throws Error  for one that isn't supported, by its name */
export function normalizerOf(normalizer: unknown): Normalize {
  if (normalizer === null || normalizer === undefined) return (text) => text;
  const { type, ...json } = normalizer as NormalizerJson;
  if (type === undefined || !Object.hasOwn(normalizers, type))
    throw new Error(`its normalizer is of the type ${JSON.stringify(type)}, which is not supported`);
  return normalizers[type](json);
}

const normalizers: Readonly<Record<string, (json: NormalizerJson) => Normalize>> = {
  Sequence: ({ normalizers: parts = [] }) => {
    const steps = parts.map(normalizerOf);
    return (text) => steps.reduce((changed, step) => step(changed), text);
  },
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowerCase,
  Strip: ({ strip_left: left = true, strip_right: right = true }) => {
    return (text) => {
      const begun = left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return right ? withoutBlankEnd(begun) : begun;
    };
  },
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Replace: ({ pattern, content = '' }) => {
    const cut = cutterOf(pattern);
    return (text) => cut(text).reduce((all, part) => all + (part.isMatch ? content : part.text), '');
  },
  Prepend: ({ prepend = '' }) => {
    return (text) => (text === '' ? text : prepend + text);
  },
  Nmt: () => (text) => text.replace(nmtRemoved, '').replace(nmtBlanks, ' '),
  ByteLevel: () => bytesAsCharacters,
  Precompiled: ({ precompiled_charsmap: map }) => precompiledNormalizer(map),
  BertNormalizer: bert,
};

/** One character after the other, so that a sigma at the end of a word is one like others. */
const lowerCase: Normalize = (text) =>
  text.replace(/\P{Lowercase}/gu, (character) => character.toLowerCase());

/** As a regular expression would, whose time is the square of the text's length. */
function withoutBlankEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1])) end--;
  return text.slice(0, end);
}

/* oxlint-disable no-control-regex -- these are about control characters */
/** What the normaliser of SentencePiece's `nmt_nfkc` takes away, and what it takes for blanks. */
const nmtRemoved = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/gu;
const nmtBlanks = /[\u0009\u000a\u000c\u000d\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu;
const bertBlanks = /[\t\n\r\p{White_Space}]/gu;
const bertRemoved = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu;
/* oxlint-enable no-control-regex */

const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function bert(json: NormalizerJson): Normalize {
  const { clean_text: cleans = true, handle_chinese_chars: spaces = true, lowercase = true } = json;
  const stripsAccents = json.strip_accents ?? lowercase;
  return (text) => {
    let changed = text;
    if (cleans) changed = changed.replace(bertRemoved, '').replace(bertBlanks, ' ');
    if (spaces) changed = changed.replace(ideographs, ' $& ');
    if (stripsAccents) changed = changed.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lowercase ? lowerCase(changed) : changed;
  };
}
