import { uniforms } from '../src/base/random.ts';

/** A source of choices that a seed repeats. */
export class Draws {
  readonly #uniform: (i: number) => number;
  #next = 0;

  constructor(seed: number) {
    this.#uniform = uniforms(seed, 'synthetic');
  }

  below = (n: number): number => Math.floor(this.#uniform(this.#next++) * n);
  of = <T>(choices: readonly T[]): T => choices[this.below(choices.length)];
  /** Whether something that happens so often out of ten happens. */
  often = (tenths: number): boolean => this.below(10) < tenths;
}

const words =
  "the The THE dog it's IT'S we'll don't I'm they've he'd fooBar snake_case HTTPServer naïve coöperate Straße ΣΟΦΟΣ İstanbul ſpell 中文字 日本語 ひらがな カタカナ 한국어 สวัสดี नमस्ते שלום مرحبا Привет ЁЖ ǅ ﬁne ½ ² Ⅷ ٣٤ १२ 12 345 6789 3.14 1,000 0x1F";
const signs = `. , ! ? ' " - _ ( ) [ ] { } < > / \\ | @ # $ % ^ & * + = ~ \` : ; … — « » ¿ 。 、 「 」 ‖ ₿ ∑ ♥ ' 's 'S 'll 'Re ''`;
const blanks =
  ' |  |   |\t|\n|\n\n|\r\n|\r| \n|\n |\u00a0|\u0085|\u2003|\u2028|\u3000|\u000b|\u000c|\u200b|\ufeff|\u180e'.split(
    '|',
  );
const odd = [
  'e\u0301',
  '\u0301',
  'o\u0308\u0323',
  'a\u0328\u0301',
  '\u1100\u1161\u11a8',
  '\uac00',
  '\u11a8',
  '\u212b',
  '\u212a',
  '\u03c2',

  '👍',
  '👍🏽',
  '👨‍👩‍👧',
  '🇩🇪',
  '\u{1d400}',
  '\u{20000}',
  '\u{2a700}',
  '\u{10ffff}',
  '\ue000',
  '\ufffd',
  '\ufdd0',

  '\u0000',
  '\u0007',
  '\u001b',
  '\u007f',
  '\u0093',
  '\u00ad',
  '\u200d',
  '\u202e',
  '\u2060',
  '▁',
  '▁▁',
  'Ġ',
  'Ċ',
  '##',
  '</w>',

  '<0x41>',
  '<unk>',
  '<s>',
  '</s>',
  '[MASK]',
  '[UNK]',
  '<|endoftext|>',
  '<|im_start|>',
  '<|',
  '|>',
  '<',
  '<think>',
];
const [wordList, signList] = [words.split(' '), signs.split(' ')];

/** Parts of the code space that every version of Unicode since 13 agrees about, first and last. */
const spans: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x20, 0x7e],
  [0xa0, 0x17f],
  [0x1e00, 0x1eff],
  [0x370, 0x377],
  [0x400, 0x4ff],

  [0x5d0, 0x5ea],
  [0x621, 0x64a],
  [0x905, 0x939],
  [0xe01, 0xe3a],
  [0x300, 0x36f],
  [0x2000, 0x206f],

  [0x2100, 0x214f],
  [0x2190, 0x21ff],
  [0x3041, 0x3096],
  [0x30a1, 0x30fa],
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],

  [0xff01, 0xff5e],
  [0x1f300, 0x1f5ff],
  [0x1d400, 0x1d454],
  [0x20000, 0x2a6d6],
  [0, 0x1f],
];

/**
 * A text of everything that tokenizers treat in ways of their own: words, signs, all kinds of blanks, composed and
 * decomposed letters, special tokens and parts of them.
 *
 * @param names  texts that are to come up often, such as the tokenizer's added tokens
 */
export function tokenizerText(draws: Draws, names: readonly string[] = []): string {
  let text = '';
  for (let parts = draws.below(14); parts >= 0; parts--) {
    const kind = draws.below(12);
    if (kind < 4) text += draws.of(wordList);
    else if (kind < 6) text += draws.of(signList);
    else if (kind < 8) text += draws.of(blanks);
    else if (kind < 9) text += draws.of(odd);
    else if (kind < 10 && names.length > 0) text += draws.of(names);
    else {
      const [first, last] = draws.of(spans);
      for (let count = draws.below(3); count >= 0; count--)
        text += String.fromCodePoint(first + draws.below(last - first + 1));
    }
    if (draws.often(3)) text += ' ';
  }
  return text;
}

/** Texts of a seed. */
export function tokenizerTexts(seed: number, count: number, names: readonly string[] = []): string[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, () => tokenizerText(draws, names));
}
