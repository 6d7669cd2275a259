import { FileError, show, UnsupportedError } from '../base/errors.ts';
import { cutNamed, cutNames } from './gguf-cuts.ts';
import { type GgufDefaults, ggufRoles } from './gguf-roles.ts';
import { templateProcessing } from './post-processor.ts';
import { type AddedToken, specialToken, type TokenizerJson, vocabularyOf } from './tokenizer-json.ts';

/** The metadata of a GGUF file, by key. */
export type Metadata = ReadonlyMap<string, unknown>;

/** What a GGUF file says of its tokenizer, as the content of the files of a model directory. */
export interface GgufTokenizer {
  readonly json: TokenizerJson;
  /** tokenizer_config.json */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tokens that end a text or a turn of a conversation. */
  readonly endIds: readonly number[];
}

/**
 * The tokenizer in a GGUF file of llama.cpp, byte-level BPE (`gpt2`) or SentencePiece's BPE (`llama`), as a
 * `tokenizer.json`.
 *
 * @param path  named in errors
 * @throws FileError         for keys that are missing or contradict each other
 * @throws UnsupportedError  for another kind of tokenizer, or a way to cut texts that we don't have
 */
export function tokenizerFromGguf(metadata: Metadata, path: string): GgufTokenizer {
  const vocabulary = readVocabulary(metadata, path);
  const model = metadata.get('tokenizer.ggml.model');
  const kind = typeof model === 'string' && Object.hasOwn(models, model) ? models[model] : undefined;
  if (!kind)
    throw new UnsupportedError(
      `${path}: tokenizer.ggml.model is ${model === undefined ? 'absent' : show(model)}; supported are ${Object.keys(models).join(', ')}`,
    );
  const parts = kind.parts(metadata, path, vocabulary);
  const roles = ggufRoles(metadata, path, vocabulary.tokens, kind);
  const { tokens } = vocabulary;
  const tokenAt = (id: number | undefined) => (id === undefined ? undefined : { content: tokens[id], id });
  const named = (id: number | undefined) => tokenAt(id)?.content;
  const template = metadata.get('tokenizer.chat_template');
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: roles.addsBos,
    add_eos_token: roles.addsEos,
    bos_token: named(roles.bos),
    eos_token: named(roles.eos),
    unk_token: named(roles.unknown),
    pad_token: named(roles.padding),
    mask_token: named(roles.mask),
    chat_template: typeof template === 'string' ? template : undefined,
    clean_up_tokenization_spaces: false,
  };
  const json: TokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    post_processor: templateProcessing(
      roles.addsBos ? tokenAt(roles.bos) : undefined,
      roles.addsEos ? tokenAt(roles.eos) : undefined,
    ),
    ...parts,
  };
  return { json, config, endIds: roles.ends };
}

/** The tokenizers of `tokenizer.ggml.model`. */
const models: Readonly<
  Record<string, GgufDefaults & { parts(metadata: Metadata, path: string, vocabulary: Vocabulary): Parts }>
> = {
  gpt2: { parts: byteLevel },
  llama: { parts: sentencePiece, bos: 1, eos: 2, unknown: 0, addsBos: true },
};

/** What `tokenizer.ggml.token_type` says of a token. */
const kinds = { common: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 } as const;

/** Names that are control tokens to llama.cpp also in a file that calls them common, as some converters did. */
const controlNames: ReadonlySet<string> = new Set(
  `<|eot_id|> <|eom_id|> <|im_end|> <end_of_turn> <|endoftext|> <|end_of_text|> <EOT> _<EOT> [EOT] [EOS]
   <｜end▁of▁sentence｜> <end_of_utterance> <|return|> <|call|> <|flush|> <|calls|> <turn|>`.split(/\s+/),
);

interface Vocabulary {
  readonly tokens: readonly string[];
  /** Of each token. */
  readonly kinds: ArrayLike<number>;
}

function readVocabulary(metadata: Metadata, path: string): Vocabulary {
  const tokens = textsOf(metadata, 'tokenizer.ggml.tokens', path);
  const given = metadata.get('tokenizer.ggml.token_type') ?? new Int32Array(tokens.length).fill(kinds.common);
  if (!(given instanceof Int32Array || given instanceof Uint32Array) || given.length !== tokens.length)
    throw new FileError(
      path,
      `tokenizer.ggml.token_type to be ${tokens.length} whole numbers`,
      'something else',
    );
  const isCommon = (id: number) => given[id] === kinds.common || given[id] === kinds.unused;
  return {
    tokens,
    kinds: tokens.map((token, id) => (isCommon(id) && controlNames.has(token) ? kinds.control : given[id])),
  };
}

function textsOf(metadata: Metadata, key: string, path: string): readonly string[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  throw new FileError(path, `${key} to be a list of texts`, value === undefined ? 'none' : 'something else');
}

/** What has an id: not the rows of the embedding that no token has, which llama.cpp calls [PAD1234]. */
const vocabOf = ({ tokens, kinds: of }: Vocabulary): Record<string, number> =>
  vocabularyOf(
    tokens
      .map((token, id) => [token, id] as const)
      .filter(([token, id]) => of[id] !== kinds.unused || token !== `[PAD${id}]`),
  );

function addedTokens({ tokens, kinds: of }: Vocabulary): AddedToken[] {
  return tokens.flatMap((token, id) => {
    if (of[id] === kinds.control || of[id] === kinds.unknown) return [specialToken(token, id)];
    return of[id] === kinds.userDefined ? [{ ...specialToken(token, id), special: false }] : [];
  });
}

type Parts = Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'>;

function byteLevel(metadata: Metadata, path: string, vocabulary: Vocabulary): Parts {
  const pre = metadata.get('tokenizer.ggml.pre');
  const cut = cutNamed(pre);
  if (!cut)
    throw new UnsupportedError(
      `${path}: tokenizer.ggml.pre is ${pre === undefined ? 'absent' : show(pre)}; supported are ${cutNames.join(', ')}`,
    );
  const { patterns = [], nfc = false, wholePiece = false } = cut;
  const bytes = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: false,
    use_regex: patterns.length === 0,
  };
  const splits = patterns.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  return {
    normalizer: nfc ? { type: 'NFC' } : null,
    pre_tokenizer: splits.length > 0 ? { type: 'Sequence', pretokenizers: [...splits, bytes] } : bytes,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: wholePiece,
      vocab: vocabOf(vocabulary),
      merges: textsOf(metadata, 'tokenizer.ggml.merges', path).map((merge) => pairOf(merge, path)),
    },
  };
}

/** The two tokens of a merge; the first may itself begin with a space. */
function pairOf(merge: string, path: string): [left: string, right: string] {
  const space = merge.indexOf(' ', 1);
  if (space < 0) throw new FileError(path, 'merges of two tokens', show(merge));
  return [merge.slice(0, space), merge.slice(space + 1)];
}

/** The space of SentencePiece. */
const blank = '▁';
/** Longer than any piece is; what costs a hostile file the square of it is then little. */
const longestPiece = 256;

function sentencePiece(metadata: Metadata, path: string, vocabulary: Vocabulary): Parts {
  const { tokens } = vocabulary;
  const scores = metadata.get('tokenizer.ggml.scores');
  if (!(scores instanceof Float32Array) || scores.length !== tokens.length)
    throw new FileError(path, `tokenizer.ggml.scores to be ${tokens.length} numbers`, 'something else');
  if (tokens.some((token) => token.length > longestPiece))
    throw new FileError(path, `tokens of at most ${longestPiece} characters`, 'a longer one');
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix') !== false;
  const unknown = metadata.get('tokenizer.ggml.unknown_token_id') ?? models.llama.unknown;
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: blank };
  const blanks = { type: 'Replace', pattern: { String: blank }, content: ' ' };
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [...(prefix ? [{ type: 'Prepend', prepend: blank }] : []), spaces],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        blanks,
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: typeof unknown === 'number' ? (tokens[unknown] ?? null) : null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabOf(vocabulary),
      merges: mergesByScore(vocabulary, scores),
    },
  };
}

/**
 * SentencePiece merges the two neighbours that make the piece of the highest score. As merges in order: all ways to make
 * each piece of two others, the best pieces first.
 */
function mergesByScore({ tokens, kinds: of }: Vocabulary, scores: Float32Array): [string, string][] {
  const isPiece = (id: number): boolean => of[id] === kinds.common;
  const ids = new Map(tokens.flatMap((token, id) => (isPiece(id) ? [[token, id] as const] : [])));
  const ways: { readonly score: number; readonly left: number; readonly right: number }[] = [];
  for (const [token, id] of ids) {
    for (let at = 1; at < token.length; at++) {
      const [left, right] = [ids.get(token.slice(0, at)), ids.get(token.slice(at))];
      if (left !== undefined && right !== undefined) ways.push({ score: scores[id], left, right });
    }
  }
  ways.sort((a, b) => b.score - a.score || a.left - b.left || a.right - b.right);
  return ways.map(({ left, right }) => [tokens[left], tokens[right]]);
}
