import type { TokenizerJson } from '../tokenizer-json.ts';
import { vocabularyEntries } from '../tokenizer-json.ts';
import type { EncodePiece } from './encode-piece.ts';
import { bpeModel } from './bpe-model.ts';
import { unigramModel } from './unigram.ts';

/** Pieces whose ids are remembered; words repeat. */
const rememberedPieces = 2 ** 16;
const longestRemembered = 64;

/**
 * @param spell  how a piece is spelled in the vocabulary
 * @throws Error  for a model of another kind, or one that contradicts itself
 */
export function modelOf(model: TokenizerJson['model'], spell: (piece: string) => string): EncodePiece {
  const type = model.type ?? guessedType(model);
  const make = Object.hasOwn(models, type) ? models[type] : undefined;
  if (!make) throw new Error(`its model is of the type ${JSON.stringify(type)}, which is not supported`);
  const encode = make(model);
  const known = new Map<string, readonly number[]>();
  return (piece) => {
    const found = known.get(piece);
    if (found) return found;
    const ids = encode(spell(piece));
    if (known.size >= rememberedPieces) known.clear();
    if (piece.length <= longestRemembered) known.set(piece, ids);
    return ids;
  };
}

/** Older files don't say it. */
function guessedType(model: TokenizerJson['model']): string {
  if (Array.isArray(model.merges)) return 'BPE';
  if (Array.isArray(model.vocab)) return 'Unigram';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel';
}

const models: Readonly<Record<string, (model: TokenizerJson['model']) => EncodePiece>> = {
  BPE: bpeModel,
  Unigram: unigramModel,
  WordPiece: wordPiece,
  WordLevel: (model) => {
    const vocab = new Map(vocabularyEntries(model));
    const unknown = unknownId(model, vocab);
    return (piece) => {
      const id = vocab.get(piece) ?? unknown;
      return id === undefined ? [] : [id];
    };
  },
};

/** The token for what is unknown, if the vocabulary has it. */
function unknownId({ unk_token: name }: TokenizerJson['model'], vocab: ReadonlyMap<string, number>) {
  return typeof name === 'string' ? vocab.get(name) : undefined;
}

/** The longest beginning that is a token, again and again; a word that can't be put together so is unknown. */
function wordPiece(model: TokenizerJson['model']): EncodePiece {
  const vocab = new Map(vocabularyEntries(model));
  const unknown = unknownId(model, vocab) ?? [];
  const { continuing_subword_prefix: prefix = '##', max_input_chars_per_word: most = 100 } = model;
  const longest = Array.from(vocab.keys()).reduce((max, token) => Math.max(max, token.length), 1);
  return (piece) => {
    if ([...piece].length > Number(most)) return [unknown].flat();
    const ids: number[] = [];
    for (let start = 0; start < piece.length;) {
      let end = Math.min(piece.length, start + longest);
      const named = () => (start > 0 ? String(prefix) : '') + piece.slice(start, end);
      while (end > start && !vocab.has(named())) end--;
      if (end === start) return [unknown].flat();
      ids.push(vocab.get(named())!);
      start = end;
    }
    return ids;
  };
}
