import { addedTokenSplitter } from './added-tokens.ts';
import { characterEncoder, isCharacterLevel } from './characters.ts';
import { neverSpecial } from './never-special.ts';
import { decoderOf } from './pipeline/decoder.ts';
import { modelOf } from './pipeline/model.ts';
import { normalizerOf } from './pipeline/normalizer.ts';
import { preTokenizerOf } from './pipeline/pre-tokenizer.ts';
import { type TextPart, textOfPart } from './text-part.ts';
import { postProcessorOf } from './post-processor.ts';
import { isByteLevel, type TokenSpelling, spellingOf } from './token-bytes.ts';
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
 * A tokenizer from the content of a `tokenizer.json`, with the ids that Hugging Face's tokenizers give.
 *
 * Half of a surrogate pair in a text becomes U+FFFD. `decode` gives the text exactly (spaces before punctuation are tidied
 * away where the decoder says so) and leaves out ids that no token has.
 *
 * @throws Error  a sentence on what is wrong with the content, or isn't supported
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
  // one that is looked for in normalised text stands for what is found: `▁<x>` for the blank before it, too
  if (!isByteLevel(json)) {
    const normalize = normalizerOf(json.normalizer);
    for (const { content, id, normalized } of added) if (normalized) tokens[id] = normalize(content);
  }
  const spelling = spellingOf(json);
  const decode = decodeWith(json, spelling);
  const { split, encodeParts } = encoderOf(json, specialTokens);

  const specialIds = new Set(specialTokens.values());
  return {
    vocabularySize: tokens.length,
    ...roles,
    specialTokens,
    ...postProcessorOf(json.post_processor),
    encode: (text) => encodeParts([text]),
    encodeParts,
    split,
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

/** Ids of texts: cut at added tokens, normalised, cut at those that are looked for in normalised text, cut into pieces. */
function encoderOf(
  json: TokenizerJson,
  specialTokens: ReadonlyMap<string, number>,
): Pick<JsonTokenizer, 'split' | 'encodeParts'> {
  const { added_tokens: added } = json;
  const isCommon = ({ content }: { content: string }) => !specialTokens.has(content);
  const [normalised, plain] = [
    added.filter((token) => token.normalized),
    added.filter((token) => !token.normalized),
  ];
  const normalize = normalizerOf(json.normalizer);
  const nameOf = ({ content }: { content: string }) => normalize(content);
  const splitPlain = addedTokenSplitter(plain);
  const splitNormalised = addedTokenSplitter(normalised, nameOf);
  const splitPlainCommon = addedTokenSplitter(plain.filter(isCommon));
  const splitNormalisedCommon = addedTokenSplitter(normalised.filter(isCommon), nameOf);
  // the token for what is unknown may come out of a text
  const banned = new Map([...specialTokens].filter(([token]) => token !== json.model['unk_token']));
  const encodePieces = neverSpecial(piecesEncoder(json), banned);
  const seesNormalised = normalised.some((token) => !isCommon(token));

  const prepared = (part: TextPart): (string | number)[] => {
    if (typeof part === 'number') return [part];
    if (typeof part !== 'string')
      return part.isNormalised ? [part.text] : splitNormalisedCommon(normalize(part.text));
    return splitPlainCommon(part).flatMap((piece) =>
      typeof piece === 'number' ? [piece] : splitNormalisedCommon(normalize(piece)),
    );
  };
  const searched = (pieces: (string | number)[], isNormalised: boolean): TextPart[] =>
    pieces.map((piece) => (typeof piece === 'number' ? piece : { text: piece, isNormalised }));
  return {
    split: (text) => {
      const pieces = splitPlain(text);
      if (!seesNormalised) return searched(pieces, false);
      return pieces.flatMap((piece) =>
        typeof piece === 'number' ? [piece] : searched(splitNormalised(normalize(piece)), true),
      );
    },
    encodeParts: (parts) => {
      const begins = beginsWhole(parts[0], normalize);
      return parts
        .flatMap(prepared)
        .flatMap((part, i) => (typeof part === 'number' ? [part] : encodePieces(part, i === 0 && begins)));
    },
  };
}

/** Whether the first character of a text is one of the normalised text, or becomes one: else that begins later. */
function beginsWhole(part: TextPart | undefined, normalize: (text: string) => string): boolean {
  const text = part === undefined ? undefined : textOfPart(part);
  if (text === undefined || text === '' || (typeof part === 'object' && part.isNormalised)) return true;
  const beginning = Array.from(text.slice(0, 33)).slice(0, 32);
  return normalize(beginning.join('')) !== normalize(beginning.slice(1).join(''));
}

/** The ids of a text that is normalised, and in which no added token is looked for. */
function piecesEncoder(json: TokenizerJson): (text: string, isFirst: boolean) => number[] {
  if (isCharacterLevel(json)) return characterEncoder(new Map(vocabularyEntries(json.model)));
  const { cut, spell } = preTokenizerOf(json.pre_tokenizer);
  const encode = modelOf(json.model, spell);
  return (text, isFirst) => {
    const ids: number[] = [];
    for (const piece of cut(wellFormed(text), isFirst))
      if (piece !== '') for (const id of encode(piece)) ids.push(id);
    return ids;
  };
}

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

const joinTokens: DecodeIds = (ids, tokens) => ids.map((id) => tokens[id]).join('');

function decodeWith(json: TokenizerJson, spelling: TokenSpelling): DecodeIds {
  if (isCharacterLevel(json)) return joinTokens;
  return isByteLevel(json) ? byteLevelDecoder(spelling) : decoderOf(json.decoder);
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
