import type { AddedToken, TokenizerJson } from '../src/tokenizer/tokenizer-json.ts';
import { BYTE_CHARACTERS } from '../src/tokenizer/byte-level.ts';
import { normalizerOf } from '../src/tokenizer/pipeline/normalizer.ts';
import { Draws } from './tokenizer-texts.ts';

// Files of tokenizers with every option that Hugging Face's tokenizers know, put together at random from a seed.

type Json = Readonly<Record<string, unknown>>;

const patterns = [
  '\\s+',
  '\\S+',
  '\\d',
  '\\d{1,3}',
  '\\w+|[^\\w\\s]+',
  '[^\\s]+',
  ' ',
  ' ?\\p{L}+',
  '\\p{N}',
  '\\p{P}',
  '[A-Z][a-z]*',
  '(?i)the|dog',

  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",

  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s+',

  '\\s?\\p{L}++|\\d+?',
  '(?<=[a-z])(?=[A-Z])',
  '\\b',
  '(?<!\\S)\\S',
  '[\\p{L}&&[^a-z]]+',
  '[[:punct:]]+',
  '[[:alpha:]]+',
  '\\h+',
  '[^\\x00-\\x7F]+',

  '\\p{Han}+|\\p{Hiragana}+|\\p{Katakana}+',
  '(a|b|c)+',
  '(?>\\w+)\\s',
  '.',
  '^.',
  '.$',
  '',
  'x*',
  '(?:\\r\\n|\\n)',
  '\\p{^L}+',
  '\\P{L}',
  '[\\s\\S]',
  '(?m:.)+',

  '\\d{1,3}(?=(?:\\d{3})*\\b)',
  '[一-龥]+',
  '\\p{Sc}|\\p{So}',
  '(?=(\\d{3})+(?!\\d))',
  '\\A\\s+|\\s+\\z',
  '[\\]\\-a]',
  '[a-]',
  'a{2}',
  'a{,2}',
  '\\u0041|\\x{1F44D}',
];
const behaviours = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

const patternOf = (d: Draws): Json =>
  d.often(7) ? { Regex: d.of(patterns) } : { String: d.of([' ', '▁', 'o', '--', '.', 'the', '\n']) };

const normalizer = (d: Draws, depth = 0): Json | null => {
  const sequence = depth < 2 && d.often(3);
  if (sequence)
    return {
      type: 'Sequence',
      normalizers: Array.from({ length: d.below(4) }, () => normalizer(d, depth + 1)).filter((one) => one),
    };
  return d.of<() => Json | null>([
    () => null,
    () => ({ type: d.of(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt']) }),
    () => ({ type: 'Strip', strip_left: d.often(5), strip_right: d.often(5) }),
    () => ({ type: 'Prepend', prepend: d.of(['▁', ' ', 'x']) }),
    () => ({ type: 'Replace', pattern: patternOf(d), content: d.of(['▁', ' ', '', 'xy']) }),
    () => ({
      type: 'BertNormalizer',
      clean_text: d.often(5),
      handle_chinese_chars: d.often(5),
      strip_accents: d.of([null, true, false]),
      lowercase: d.often(5),
    }),
  ])();
};

const preTokenizer = (d: Draws, depth = 0): Json | null => {
  if (depth < 2 && d.often(3))
    return {
      type: 'Sequence',
      pretokenizers: Array.from({ length: d.below(4) }, () => preTokenizer(d, depth + 1)).filter(
        (one) => one,
      ),
    };
  return d.of<() => Json | null>([
    () => null,
    () => ({ type: d.of(['Whitespace', 'WhitespaceSplit', 'BertPreTokenizer']) }),
    () => ({ type: 'CharDelimiterSplit', delimiter: d.of([' ', '_', 'e']) }),
    () => ({ type: 'Digits', individual_digits: d.often(5) }),
    () => ({ type: 'Punctuation', behavior: d.of(behaviours) }),
    () => ({
      type: 'Metaspace',
      replacement: d.of(['▁', '_']),
      prepend_scheme: d.of(['always', 'never', 'first']),
      split: d.often(7),
    }),
    () => split(d),
    () => split(d),
    () => split(d),
    () => byteLevel(d),
  ])();
};

const split = (d: Draws): Json => ({
  type: 'Split',
  pattern: patternOf(d),
  behavior: d.of(behaviours),
  invert: d.often(4),
});
const byteLevel = (d: Draws): Json => ({
  type: 'ByteLevel',
  add_prefix_space: d.often(5),
  trim_offsets: true,
  use_regex: d.often(5),
});

const syllables =
  "a b c d e f g h i l m n o p r s t u th he in er an re the ing dog Do TH é ü 中 日 한 ▁ ▁t ▁the Ġ Ġt _ . , ' 1 2 12 < | > 👍 ο σ".split(
    ' ',
  );
const bytes = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

function model(d: Draws): TokenizerJson['model'] {
  const ofBytes = d.often(4);
  const characters = [...new Set([...(ofBytes ? BYTE_CHARACTERS : []), ...syllables])].filter(
    () => d.below(20) > 0,
  );
  const unknown = d.of([null, '<unk>']);
  const fallsBack = d.often(4);
  const tokens = [
    '<unk>',
    ...(fallsBack ? bytes.filter(() => d.below(100) > 0 || d.often(9)) : []),
    ...characters,
  ];
  const kind = d.below(10);
  if (kind < 5) {
    const merges: [string, string][] = [];
    for (let i = 0; i < 60; i++) {
      const pair: [string, string] = [d.of(characters), d.of(characters)];
      const joined = pair.join('');
      if (merges.some(([left, right]) => left + right === joined)) continue;
      merges.push(pair);
      if (!tokens.includes(joined)) tokens.push(joined);
      characters.push(joined);
    }
    const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
    return {
      type: 'BPE',
      dropout: null,
      unk_token: unknown,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: d.often(5),
      byte_fallback: fallsBack,
      ignore_merges: d.often(3),
      vocab,
      merges,
    };
  }
  if (kind < 7) {
    const all = [...new Set([...tokens, ...characters.map((one) => `##${one}`)])].filter(
      (one) => one !== '[UNK]',
    );
    return {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: d.of([4, 100]),
      vocab: Object.fromEntries(['[UNK]', ...all].map((token, id) => [token, id])),
    } as unknown as TokenizerJson['model'];
  }
  if (kind < 8)
    return {
      type: 'WordLevel',
      unk_token: '<unk>',
      vocab: Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id])),
    } as unknown as TokenizerJson['model'];
  return {
    type: 'Unigram',
    unk_id: 0,
    byte_fallback: fallsBack,
    vocab: [...new Set(tokens)].map((token) => [token, -d.below(400) / 16] as const),
  } as unknown as TokenizerJson['model'];
}

const names = ['<a>', '<ab>', '<A B>', 'dog', ' x', 'É', '[T]', '▁b', 'the', 'e\u0301', '12', '_<c>_'];

/** A file, and the names of its added tokens. */
export function randomTokenizer(seed: number): { json: TokenizerJson; names: string[] } {
  const d = new Draws(seed);
  const made = model(d);
  const size = Array.isArray(made.vocab) ? made.vocab.length : Object.keys(made.vocab).length;
  const chosen = names.filter(() => d.often(4));
  const vocab = Array.isArray(made.vocab)
    ? new Map(made.vocab.map(([token], id) => [token as string, id]))
    : new Map(Object.entries(made.vocab));
  let next = size;
  const added = chosen.map((content): AddedToken => ({
    id: (vocab.get(content) as number | undefined) ?? next++,
    content,
    single_word: d.often(3),
    lstrip: d.often(3),
    rstrip: d.often(3),
    normalized: d.often(5),
    // one that the model may write would never come out of a text here
    special: !vocab.has(content) && d.often(4),
  }));
  const normalise = normalizer(d);
  const json: TokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: apart(added, normalise),
    normalizer: normalise,
    pre_tokenizer: preTokenizer(d),
    post_processor: null,
    decoder: null,
    model: made,
  };
  return { json, names: chosen };
}

/** Of two tokens that are looked for as the same text it isn't settled which is found. */
function apart(tokens: readonly AddedToken[], normalise: Json | null): AddedToken[] {
  const names = new Set(['']);
  return tokens.map((token) => {
    if (!token.normalized) return token;
    const name = normalizerOf(normalise)(token.content);
    if (names.has(name)) return { ...token, normalized: false };
    names.add(name);
    return token;
  });
}
