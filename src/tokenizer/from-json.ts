import { addedTokenSplitter, type TextPart } from './added-tokens.ts';
import { bpeEncoder, type Merge, pairKey } from './bpe.ts';
import { BYTE_CHARACTERS, GPT2_PIECES, PUBLISHED_PIECES } from './byte-level.ts';
import { byteFallbackDecoder } from './byte-fallback.ts';
import { characterEncoder, isCharacterLevel } from './characters.ts';
import { postProcessorOf } from './post-processor.ts';
import { libraryDecoder, libraryEncoder } from './hf-tokenizers.ts';
import { neverSpecial } from './never-special.ts';
import { type TokenSpelling, spellingOf } from './token-bytes.ts';
import type { DecodeIds, Tokenizer } from './tokenizer.ts';
import { checkTokenizerJson, type TokenizerJson, vocabularyEntries } from './tokenizer-json.ts';

/** The parts that special tokens play, by id. */
export interface TokenizerRoles {
  readonly maskId?: number;
  readonly endId?: number;
}

/** A tokenizer that also knows where its special tokens are spelled. */
export interface JsonTokenizer extends Tokenizer {
  /** A text cut at the names of all added tokens, special or not: their ids, and the texts between them. */
  split(text: string): TextPart[];
  /** Ids of some parts: texts, in which no special token is found, and ids as they are. */
  encodeParts(parts: readonly TextPart[]): number[];
}

/**
 * A tokenizer from the content of a `tokenizer.json`.
 *
 * Byte-level BPE and tokenizers of single characters are encoded here, for speed; everything else by
 * `@huggingface/tokenizers`. Half of a surrogate pair in a text becomes U+FFFD. `decode` gives the text exactly
 * (spaces before punctuation are not tidied away) and leaves out ids that no token has.
 *
 * @throws Error  a sentence on what is wrong with the content
 */
export function tokenizerFromJson(json: TokenizerJson, roles: TokenizerRoles = {}): JsonTokenizer {
  checkTokenizerJson(json);
  const { added_tokens: added } = json;
  const vocab = new Map(vocabularyEntries(json.model));
  for (const { content, id } of added) vocab.set(content, id);
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of vocab) tokens[id] = token;

  const specialTokens = new Map(
    added.filter(({ special }) => special).map(({ content, id }) => [content, id]),
  );
  const { maskId } = roles;
  const mask = maskId === undefined ? undefined : tokens[maskId];
  if (maskId !== undefined && mask !== undefined) specialTokens.set(mask, maskId);
  // the token for what is unknown may come out of a text
  const banned = new Map([...specialTokens].filter(([token]) => token !== json.model['unk_token']));
  const encodePlain = neverSpecial(fastEncoder(json) ?? libraryEncoder(json), banned);
  const splitCommon = addedTokenSplitter(added.filter(({ content }) => !specialTokens.has(content)));
  const spelling = spellingOf(json);
  const decode = decoderOf(json, spelling);

  const encodeParts = (parts: readonly TextPart[]): number[] =>
    parts
      .flatMap((part) => (typeof part === 'number' ? [part] : splitCommon(part)))
      .flatMap((part, i) => (typeof part === 'number' ? [part] : encodePlain(part, i === 0)));

  const specialIds = new Set(specialTokens.values());
  return {
    vocabularySize: tokens.length,
    ...roles,
    specialTokens,
    ...postProcessorOf(json.post_processor),
    encode: (text) => encodeParts([text]),
    encodeParts,
    split: addedTokenSplitter(added),
    decode: (ids, { special = false } = {}) => {
      const kept: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i];
        if (tokens[id] !== undefined && (special || !specialIds.has(id))) kept.push(id);
      }
      return decode(kept, tokens);
    },
    bytesOf: (id) =>
      tokens[id] === undefined || specialIds.has(id) ? undefined : spelling.bytesOf(id, tokens[id]),
    dropsFirstSpace: spelling.dropsFirstSpace,
  };
}

const joinTokens: DecodeIds = (ids, tokens) => ids.map((id) => tokens[id]).join('');

function decoderOf(json: TokenizerJson, spelling: TokenSpelling): DecodeIds {
  if (isCharacterLevel(json)) return joinTokens;
  const { type } = (json.decoder ?? {}) as { readonly type?: string };
  if (type === 'ByteLevel') return byteLevelDecoder(spelling);
  return byteFallbackDecoder(json) ?? libraryDecoder(json);
}

function byteLevelDecoder({ bytesOf }: TokenSpelling): DecodeIds {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (ids, tokens) => {
    const parts = ids.map((id) => bytesOf(id, tokens[id] ?? ''));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    return decoder.decode(bytes);
  };
}

/** Our own encoding, where the tokenizer is of a kind that we have. */
function fastEncoder(json: TokenizerJson): ((text: string) => number[]) | undefined {
  const { model } = json;
  if (model.type !== 'BPE') return undefined;
  const vocab = new Map(vocabularyEntries(model));
  if (isCharacterLevel(json)) return characterEncoder(vocab);
  const pieces = piecesOf(json.pre_tokenizer);
  const plain =
    pieces !== undefined &&
    vocab.size < 2 ** 20 &&
    !model['dropout'] &&
    !model['continuing_subword_prefix'] &&
    !model['end_of_word_suffix'] &&
    (!model['unk_token'] || BYTE_CHARACTERS.every((character) => vocab.has(character)));
  const normalize = normalizerOf(json.normalizer);
  if (!plain || !normalize) return undefined;
  const encode = bpeEncoder(vocab, mergesOf(model.merges, vocab), {
    wholePiece: model['ignore_merges'] === true,
    pieces,
  });
  return (text) => encode(normalize(text));
}

function normalizerOf(normalizer: unknown): ((text: string) => string) | undefined {
  if (normalizer === null) return (text) => text;
  return JSON.stringify(normalizer) === '{"type":"NFC"}' ? (text) => text.normalize('NFC') : undefined;
}

interface PreTokenizer {
  readonly type?: string;
  readonly add_prefix_space?: boolean;
  readonly use_regex?: boolean;
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly pattern?: { readonly Regex?: string };
  readonly pretokenizers?: readonly PreTokenizer[];
}

/** Our pattern for the way in which a byte-level pre-tokenizer cuts, if we have it. */
function piecesOf(preTokenizer: unknown): string | undefined {
  const { type, pretokenizers = [], ...rest } = (preTokenizer ?? {}) as PreTokenizer;
  if (type === 'ByteLevel' && rest.add_prefix_space === false && rest.use_regex !== false) return GPT2_PIECES;
  if (type !== 'Sequence' || pretokenizers.length !== 2) return undefined;
  const [split, bytes] = pretokenizers;
  const known =
    split.type === 'Split' &&
    split.behavior === 'Isolated' &&
    split.invert === false &&
    bytes.type === 'ByteLevel' &&
    bytes.add_prefix_space === false &&
    bytes.use_regex === false;
  return known ? PUBLISHED_PIECES.get(split.pattern?.Regex ?? '') : undefined;
}

function mergesOf(
  merges: TokenizerJson['model']['merges'],
  ids: ReadonlyMap<string, number>,
): Map<number, Merge> {
  const byPair = new Map<number, Merge>();
  for (const [rank, merge] of merges.entries()) {
    const [left, right] = typeof merge === 'string' ? merge.split(' ') : merge;
    const [leftId, rightId, id] = [left, right, left + right].map((token) => ids.get(token));
    if (leftId === undefined || rightId === undefined || id === undefined)
      throw new Error(`merges[${rank}] ${JSON.stringify(merge)} is of tokens that the vocabulary lacks`);
    byPair.set(pairKey(leftId, rightId), { rank, id });
  }
  return byPair;
}
