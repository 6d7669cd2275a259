import { isObject } from '../base/is-object.ts';
import { PUBLISHED_PIECES } from './byte-level.ts';
import { objectIn, type TokenizerFiles } from './files.ts';
import { type AddedToken, specialToken, type TokenizerJson } from './tokenizer-json.ts';

/**
 * The content of a `tokenizer.json` for a tokenizer that is published as `vocab.json` and `merges.txt`, with its added
 * tokens in `tokenizer_config.json` or `added_tokens.json`: Qwen's kind of byte-level BPE, which Dream has too.
 *
 * @throws Error  where the files are of another kind
 */
export function tokenizerJsonOf(files: TokenizerFiles): TokenizerJson {
  const merges = (files.texts.get('merges.txt') ?? '').split(/\r?\n/);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokensOf(files),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN_PIECES }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: objectIn(files, 'vocab.json') as Readonly<Record<string, number>>,
      merges: merges.filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version'))),
    },
  };
}

/** The pattern that Qwen's own code cuts texts with. */
const [QWEN_PIECES] = PUBLISHED_PIECES.keys();

/** `tokenizer_config.json` says of each whether it is special; `added_tokens.json` has the ids alone. */
function addedTokensOf(files: TokenizerFiles): AddedToken[] {
  const described = objectIn(files, 'tokenizer_config.json').added_tokens_decoder;
  const tokens = new Map<string, AddedToken>();
  for (const [name, id] of Object.entries(objectIn(files, 'added_tokens.json')))
    tokens.set(name, specialToken(name, id as number));
  for (const [id, token] of Object.entries(isObject(described) ? described : {})) {
    if (!isObject(token) || typeof token.content !== 'string')
      throw new Error(`added_tokens_decoder does not say what token ${id} is`);
    tokens.set(token.content, { ...specialToken(token.content, Number(id)), ...token } as AddedToken);
  }
  return [...tokens.values()];
}
