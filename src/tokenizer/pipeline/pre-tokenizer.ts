import { bytesAsCharacters, forEachPiece, GPT2_PIECES, PUBLISHED_PIECES } from '../byte-level.ts';
import { behaviours, characterCutter, cutterOf, inverted, type Cutter, type PatternJson } from './pieces.ts';

/**
 * The pieces of a text, each of which becomes tokens by itself; what is taken away between them is empty.
 *
 * @param isFirst  whether the text begins where everything begins: some put a blank before that alone
 */
export type PreTokenize = (text: string, isFirst: boolean) => string[];

/** A pre-tokenizer of a `tokenizer.json`, of any type. */
interface PreTokenizerJson {
  readonly type?: string;
  readonly pretokenizers?: readonly PreTokenizerJson[];
  readonly pattern?: PatternJson;
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly delimiter?: string;
  readonly individual_digits?: boolean;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
  readonly split?: boolean;
  readonly add_prefix_space?: boolean;
  readonly use_regex?: boolean;
  readonly length?: number;
}

/** How a text is cut, and how its pieces are spelled in the vocabulary. */
export interface PreTokenizer {
  readonly cut: PreTokenize;
  readonly spell: (piece: string) => string;
}

/**
 * A pre-tokenizer whose last step turns pieces into bytes leaves that to the end, so that a word that was seen before needn't
 * be turned again.
 *
 * @throws Error  for one that isn't supported, by its name
 */
export function preTokenizerOf(preTokenizer: unknown): PreTokenizer {
  const json = (preTokenizer ?? undefined) as PreTokenizerJson | undefined;
  if (json === undefined) return { cut: (text) => [text], spell: asItIs };
  const { type, pretokenizers: parts = [] } = json;
  const last = type === 'Sequence' ? parts.at(-1) : json;
  if (last?.type !== 'ByteLevel') return { cut: cutOf(json), spell: asItIs };
  const before = type === 'Sequence' ? parts.slice(0, -1).map(cutOf) : [];
  const cut = before.length === 0 ? byteLevelCut(last) : oneAfterTheOther([...before, byteLevelCut(last)]);
  return { cut, spell: bytesAsCharacters };
}

const asItIs = (piece: string): string => piece;

function cutOf({ type, ...json }: PreTokenizerJson): PreTokenize {
  if (type === undefined || !Object.hasOwn(preTokenizers, type))
    throw new Error(`its pre_tokenizer is of the type ${JSON.stringify(type)}, which is not supported`);
  return preTokenizers[type](json);
}

const oneAfterTheOther =
  (steps: readonly PreTokenize[]): PreTokenize =>
  (text, isFirst) =>
    steps.reduce(
      (pieces, step) => pieces.flatMap((piece, i) => (piece === '' ? [''] : step(piece, isFirst && i === 0))),
      [text],
    );

const PUNCTUATION = '[!-/:-@[-`{-~\\p{P}]';
const BLANK = '\\p{White_Space}';

const preTokenizers: Readonly<Record<string, (json: PreTokenizerJson) => PreTokenize>> = {
  Sequence: ({ pretokenizers: parts = [] }) => oneAfterTheOther(parts.map(cutOf)),
  ByteLevel: (json) => {
    const cut = byteLevelCut(json);
    return (text, isFirst) => cut(text, isFirst).map(bytesAsCharacters);
  },
  Metaspace: metaspace,
  Split: ({ pattern, behavior, invert }) => {
    const published = PUBLISHED_PIECES.get(pattern?.Regex ?? '');
    if (published !== undefined && behavior === 'Isolated' && invert !== true)
      return (text) => piecesBy(text, published);
    const cut = cutterOf(pattern);
    return cutInto(invert === true ? inverted(cut) : cut, behavior);
  },
  Whitespace: () => {
    const words = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
    const pattern = new RegExp(`${words}+|(?:(?!${words}|${BLANK})[^])+`, 'gu');
    const blank = new RegExp(`^${BLANK}`, 'u');
    return (text) => [...(blank.test(text) ? [''] : []), ...(text.match(pattern) ?? [])];
  },
  WhitespaceSplit: () => cutInto(characterCutter(BLANK), 'Removed'),
  BertPreTokenizer: () => {
    const words = cutInto(characterCutter(BLANK), 'Removed');
    const signs = cutInto(characterCutter(PUNCTUATION), 'Isolated');
    return (text) => words(text, false).flatMap((word) => signs(word, false));
  },
  CharDelimiterSplit: ({ delimiter }) => cutInto(cutterOf({ String: delimiter }), 'Removed'),
  Digits: ({ individual_digits: individual }) =>
    cutInto(characterCutter('\\p{N}'), individual ? 'Isolated' : 'Contiguous'),
  Punctuation: ({ behavior = 'Isolated' }) => cutInto(characterCutter(PUNCTUATION), behavior),
  FixedLength: ({ length = 5 }) => {
    if (!(Number.isInteger(length) && length > 0))
      throw new Error('its pre_tokenizer FixedLength has no length');
    return (text) => {
      const characters = [...text];
      return Array.from({ length: Math.ceil(characters.length / length) }, (_, i) =>
        characters.slice(i * length, (i + 1) * length).join(''),
      );
    };
  },
};

function cutInto(cut: Cutter, behaviour = ''): PreTokenize {
  const name = behaviour.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (!Object.hasOwn(behaviours, name))
    throw new Error(
      `its pre_tokenizer has the behavior ${JSON.stringify(behaviour)}, which is not supported`,
    );
  const put = behaviours[name];
  return (text) => put(cut(text));
}

function piecesBy(text: string, pattern: string): string[] {
  const pieces: string[] = [];
  forEachPiece(text, (piece) => pieces.push(piece), pattern);
  return pieces;
}

function byteLevelCut({
  add_prefix_space: prefixes = true,
  use_regex: cuts = true,
}: PreTokenizerJson): PreTokenize {
  return (text) => {
    const whole = prefixes && text !== '' && !text.startsWith(' ') ? ` ${text}` : text;
    return cuts ? piecesBy(whole, GPT2_PIECES) : [whole];
  };
}

function metaspace(json: PreTokenizerJson): PreTokenize {
  const { replacement = '▁', split = true } = json;
  const scheme = json.prepend_scheme ?? (json.add_prefix_space === false ? 'never' : 'always');
  if (!['always', 'first', 'never'].includes(scheme))
    throw new Error(`its pre_tokenizer has the prepend_scheme ${JSON.stringify(scheme)}`);
  const pieces = split ? cutInto(cutterOf({ String: replacement }), 'MergedWithNext') : undefined;
  return (text, isFirst) => {
    const replaced = text.replaceAll(' ', () => replacement);
    const prefixes = scheme === 'always' || (scheme === 'first' && isFirst);
    const whole =
      prefixes && replaced !== '' && !replaced.startsWith(replacement) ? replacement + replaced : replaced;
    return pieces ? pieces(whole, isFirst) : [whole];
  };
}
