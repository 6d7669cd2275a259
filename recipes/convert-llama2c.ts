// Makes a model directory of a model of llama2.c (https://github.com/karpathy/llama2.c), to score it, to write with it, or to
// begin a diffusion model with it:
//
//     node dist/recipes/convert-llama2c.js stories260K.bin tok512.bin runs/stories260K
//     npx unmask generate "Once upon a time" --model runs/stories260K
//
// The tokenizer is llama2.c's own file, or the .vocab that SentencePiece prints of a model of characters.

import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { writeModelDirectory } from '../src/checkpoint/directory.ts';
import type { TensorToWrite } from '../src/checkpoint/safetensors-pieces.ts';
import { FileError } from '../src/base/errors.ts';
import { llamaNames } from '../src/model/families/llama.ts';
import { tokenizerFromGguf } from '../src/tokenizer/from-gguf.ts';
import { specialToken, type TokenizerJson, vocabularyOf } from '../src/tokenizer/tokenizer-json.ts';

/** The token before and after each text. */
const beginId = 1;

/** @throws FileError  where the files are not a model and its tokenizer */
export async function convertLlama2c(model: string, tokenizer: string, directory: string): Promise<void> {
  const { config, weights } = readModel(model);
  const read = tokenizer.endsWith('.vocab') ? readCharacters : readTokenizer;
  const { json, config: tokenizerConfig } = read(tokenizer, config.vocab_size);
  await writeModelDirectory(directory, {
    config,
    weights,
    generationConfig: { eos_token_id: beginId },
    tokenizerFiles: new Map([
      ['tokenizer.json', Buffer.from(JSON.stringify(json))],
      ['tokenizer_config.json', Buffer.from(`${JSON.stringify(tokenizerConfig, undefined, 2)}\n`)],
    ]),
  });
}

/** Seven int32, then float32: each kind of matrix of all layers in turn. */
function readModel(path: string) {
  const bytes = readFileSync(path);
  if (bytes.length < 28) throw new FileError(path, 'the header of a llama2.c model', `${bytes.length} bytes`);
  const [width, hidden, layers, heads, kvHeads, signedVocabulary, maxLength] = Array.from(
    { length: 7 },
    (_, i) => bytes.readInt32LE(4 * i),
  );
  const vocabulary = Math.abs(signedVocabulary); // negative where the head is a matrix of its own
  const headWidth = width / heads;
  const kvWidth = kvHeads * headWidth;
  let offset = 28;
  const take = (...shape: number[]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (!(size > 0) || offset + 4 * size > bytes.length)
      throw new FileError(path, `weights of a llama2.c model`, `${bytes.length} bytes`, 'download it again');
    const data = Float32Array.from({ length: size }, (_, i) => bytes.readFloatLE(offset + 4 * i));
    offset += 4 * size;
    return { shape, data };
  };
  const weights: TensorToWrite[] = [];
  const add = (name: string, tensor: { shape: number[]; data: Float32Array }) =>
    weights.push({ name, ...tensor });
  const everyLayer = (name: (layer: ReturnType<typeof llamaNames.layer>) => string, ...shape: number[]) => {
    for (let i = 0; i < layers; i++) add(name(llamaNames.layer(i)), take(...shape));
  };
  add(llamaNames.embedding, take(vocabulary, width));
  everyLayer((layer) => layer.attentionNorm, width);
  for (let i = 0; i < layers; i++) add(llamaNames.layer(i).query, halves(take(width, width), headWidth));
  for (let i = 0; i < layers; i++) add(llamaNames.layer(i).key, halves(take(kvWidth, width), headWidth));
  everyLayer((layer) => layer.value, kvWidth, width);
  everyLayer((layer) => layer.output, width, width);
  everyLayer((layer) => layer.mlpNorm, width);
  everyLayer((layer) => layer.gate, hidden, width);
  everyLayer((layer) => layer.down, width, hidden);
  everyLayer((layer) => layer.up, hidden, width);
  add(llamaNames.finalNorm, take(width));
  take(2, maxLength, headWidth / 2); // cosines and sines
  if (signedVocabulary < 0) add(llamaNames.head, take(vocabulary, width));
  return {
    weights,
    config: {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      bos_token_id: beginId,
      eos_token_id: beginId,
      hidden_act: 'silu',
      hidden_size: width,
      intermediate_size: hidden,
      max_position_embeddings: maxLength,
      num_attention_heads: heads,
      num_hidden_layers: layers,
      num_key_value_heads: kvHeads,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: signedVocabulary > 0,
      vocab_size: vocabulary,
    },
  };
}

/** llama2.c turns neighbours against each other, Hugging Face the halves of a head: rows 0, 2, 4 … and then 1, 3, 5 … */
function halves({ shape, data }: { shape: number[]; data: Float32Array }, headWidth: number) {
  const [rows, width] = shape;
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const within = row % headWidth;
    const to = row - within + (within % 2) * (headWidth / 2) + Math.floor(within / 2);
    moved.set(data.subarray(row * width, (row + 1) * width), to * width);
  }
  return { shape, data: moved };
}

/** The length of the longest token, then for each its score, its length in bytes and its bytes: SentencePiece's BPE. */
function readTokenizer(path: string, count: number) {
  const bytes = readFileSync(path);
  const tokens: string[] = [];
  const scores = new Float32Array(count);
  let at = 4;
  try {
    for (let id = 0; id < count; id++) {
      scores[id] = bytes.readFloatLE(at);
      const length = bytes.readInt32LE(at + 4);
      tokens.push(bytes.toString('utf8', at + 8, at + 8 + length));
      at += 8 + length;
    }
  } catch (cause) {
    throw new FileError(path, `a llama2.c tokenizer of ${count} tokens`, 'a shorter file', undefined, {
      cause,
    });
  }
  // 0 is the unknown token, 1 and 2 the beginning and the end, and then come the 256 bytes
  const types = Int32Array.from(tokens, (_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1));
  const named = ['<unk>', '<s>', '</s>'];
  const pieces = tokens.map(
    (token, id) => named[id] ?? (id < 259 ? byteName(id - 3) : token.replaceAll(' ', '▁')),
  );
  return tokenizerFromGguf(
    new Map<string, unknown>([
      ['tokenizer.ggml.model', 'llama'],
      ['tokenizer.ggml.tokens', pieces],
      ['tokenizer.ggml.scores', scores],
      ['tokenizer.ggml.token_type', types],
      ['tokenizer.ggml.unknown_token_id', 0],
      ['tokenizer.ggml.bos_token_id', beginId],
      ['tokenizer.ggml.eos_token_id', beginId],
    ]),
    path,
  );
}

/** A line for each piece, a character or a name, and its score behind a tab: a vocabulary of SentencePiece's characters. */
function readCharacters(path: string, count: number) {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, count);
  const pieces = lines.map((line) => line.slice(0, line.lastIndexOf('\t')));
  const odd = pieces.findIndex((piece, id) => id > 2 && [...piece].length !== 1);
  if (pieces.length < count || odd >= 0)
    throw new FileError(path, `${count} characters after <unk>, <s> and </s>`, `line ${odd + 1}`);
  const begin = pieces[beginId];
  const json: TokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [0, 1, 2].map((id) => specialToken(pieces[id], id)),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: false },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: begin, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [begin]: { id: begin, ids: [beginId], tokens: [begin] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'Fuse' }],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: pieces[0],
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabularyOf(pieces.map((piece, id) => [piece, id])),
      merges: [],
    },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: begin,
    eos_token: begin,
    unk_token: pieces[0],
    clean_up_tokenization_spaces: false,
  };
  return { json, config };
}

const byteName = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const [model, tokenizer, directory] = argv.slice(2);
  if (directory === undefined) throw new Error('usage: convert-llama2c MODEL.bin TOKENIZER.bin DIRECTORY');
  await convertLlama2c(model, tokenizer, directory);
  process.stderr.write(`${directory}\n`);
}
