import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadedTokenizer } from '../src/tokenizer/load.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { goldenRoot } from './reference.ts';
import { spelledBy } from './spelled-by.ts';

// The ids and texts that Hugging Face's Rust tokenizers gave (for Dream, its own Python).

interface Vector {
  readonly text: string;
  /** Special tokens that are spelled in the text are special. */
  readonly ids: readonly number[];
  /** With what the post-processor adds; absent where that is nothing. */
  readonly ids_with_special?: readonly number[];
  /** Absent where it is the text. */
  readonly decoded?: string;
  /** Absent where it is `decoded`. */
  readonly decoded_skip_special?: string;
  /** What transformers makes of `decoded` by tidying spaces; we never do. */
  readonly decoded_hf?: string;
}

/** Where the texts of a published tokenizer are. */
export const vectorsOf = (name: string): string => join(goldenRoot, 'tokenizers', `${name}.vectors.json`);

/** Reads a folder's or a file's tokenizer and compares it with all vectors. */
export async function compareWithVectors(
  path: string,
  vectorsPath: string,
  expected: number,
): Promise<number> {
  const tokenizer = await loadTokenizer(path);
  const { vectors } = JSON.parse(readFileSync(vectorsPath, 'utf8')) as { vectors: Vector[] };
  assert.equal(vectors.length, expected);
  const { prefixIds = [], suffixIds = [] } = tokenizer;
  // Dream's Python leaves out only the special tokens that have a role, and we all that are marked special
  const isPython = tokenizer.path.endsWith('vocab.json');
  let tidied = 0;
  for (const vector of vectors) {
    const { text, decoded = text, decoded_skip_special: withoutSpecial = decoded } = vector;
    const ids = withoutPadding(tokenizer, vector.ids);
    const found = tokenizer.encodeParts(tokenizer.split(text));
    assert.deepEqual(withoutPadding(tokenizer, found), ids, JSON.stringify(text));
    assert.deepEqual(
      withoutPadding(tokenizer, [...prefixIds, ...found, ...suffixIds]),
      withoutPadding(tokenizer, vector.ids_with_special ?? vector.ids),
    );
    assert.equal(tokenizer.decode(vector.ids, { special: true }), decoded);
    assert.equal(
      tokenizer.decode(vector.ids),
      isPython ? spelledOut(tokenizer, withoutSpecial) : withoutSpecial,
    );
    if (vector.decoded_hf !== undefined) {
      assert.equal(vector.decoded_hf, tidy(decoded));
      tidied++;
    }
    // words in pieces have no spelling of their own
    if (!path.includes('wordpiece'))
      assert.equal(spelledBy(tokenizer, vector.ids), tokenizer.decode(vector.ids));
    const fromText = new Set(tokenizer.encode(text));
    for (const [name, id] of tokenizer.specialTokens)
      if (name !== tokenizer.json.model['unk_token'])
        assert.ok(!fromText.has(id), `${name} came out of ${JSON.stringify(text)}`);
  }
  return tidied;
}

/** One recorded tokenizer pads to 128, as its file asks; we never pad. */
function withoutPadding({ json }: LoadedTokenizer, ids: readonly number[]): readonly number[] {
  if (json.padding === null) return ids;
  const { pad_id: padId } = json.padding as { pad_id: number };
  return ids.slice(0, ids.findLastIndex((id) => id !== padId) + 1);
}

/** A text without the names of special tokens. */
const spelledOut = ({ specialTokens }: LoadedTokenizer, text: string): string =>
  [...specialTokens.keys()].reduce((rest, name) => rest.replaceAll(name, ''), text);

/** transformers' `clean_up_tokenization_spaces`. */
function tidy(text: string): string {
  const pairs = ['.', '?', '!', ',', " ' ", "n't", "'m", "'s", "'ve", "'re"];
  return pairs.reduce(
    (tidied, end) => (end === " ' " ? tidied.replaceAll(end, "'") : tidied.replaceAll(` ${end}`, end)),
    text,
  );
}

/** A text of llama.cpp's tests, and the ids that it gives it with each vocabulary. */
interface LlamaCppVector {
  readonly text: string;
  readonly [vocabulary: string]: unknown;
}

/** What llama.cpp tests its tokenizers with. */
export function llamaCppVectors(): readonly LlamaCppVector[] {
  const { vectors } = JSON.parse(readFileSync(vectorsOf('llama-cpp'), 'utf8')) as {
    vectors: LlamaCppVector[];
  };
  assert.equal(vectors.length, 46);
  return vectors;
}
