import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tokenizerFromJson } from '../src/tokenizer/from-json.ts';
import type { TokenizerJson } from '../src/tokenizer/tokenizer-json.ts';
import { goldenFile } from './reference.ts';
import { randomTokenizer } from './random-tokenizer.ts';
import { tokenizerTexts } from './tokenizer-texts.ts';

/** What Hugging Face's tokenizers gave for texts that a seed makes. */
interface Digests {
  /** Of each recorded tokenizer: a digest of the texts with their ids for each hundred of them. */
  readonly published: Readonly<Record<string, readonly string[]>>;
  /** Of each tokenizer that `randomTokenizer` makes; without those that can't be loaded. */
  readonly generated: readonly {
    readonly seed: number;
    readonly digest: string;
    /** Texts that are left out, as README.md says. */
    readonly skipped?: readonly number[];
  }[];
}

export const tokenizerDigests = (): Digests =>
  JSON.parse(readFileSync(goldenFile('tokenizers/digests.json'), 'utf8')) as Digests;

export const textsAtOnce = 100;
const textsOfGenerated = 50;

/** Names of added tokens that come up in the texts. */
export const namesIn = ({ added_tokens: added }: TokenizerJson): string[] =>
  added.slice(0, 20).map(({ content }) => content);

/** The texts of one digest of a recorded tokenizer. */
export const publishedTexts = (json: TokenizerJson, batch: number): string[] =>
  tokenizerTexts(1_000_000 + batch, textsAtOnce, namesIn(json));

/** Of texts and their ids; `null` for those that are left out. */
export function digestOf(texts: readonly string[], ids: readonly (readonly number[] | null)[]): string {
  const hash = createHash('sha256').update(JSON.stringify([texts, ids]));
  return hash.digest('base64').slice(0, 12);
}

/** The ids of texts in which special tokens are spelled. */
export function idsOf(json: TokenizerJson, texts: readonly string[]): number[][] {
  const tokenizer = tokenizerFromJson(json);
  return texts.map((text) => tokenizer.encodeParts(tokenizer.split(text)));
}

/** The digest of a tokenizer that a seed makes, and of its texts. */
export function generatedDigest({ seed, skipped = [] }: Digests['generated'][number]): string {
  const { json, names } = randomTokenizer(seed);
  const texts = tokenizerTexts(1000 + seed, textsOfGenerated, names);
  return digestOf(
    texts,
    idsOf(json, texts).map((ids, i) => (skipped.includes(i) ? null : ids)),
  );
}
