import { readFileSync } from 'node:fs';
import { openGguf } from '../src/checkpoint/gguf/file.ts';
import { tokenizerFromGguf } from '../src/tokenizer/from-gguf.ts';
import { specialToken, type TokenizerJson } from '../src/tokenizer/tokenizer-json.ts';
import { goldenFile, referencePath } from './reference.ts';

const jsonIn = (path: string): TokenizerJson => JSON.parse(readFileSync(path, 'utf8')) as TokenizerJson;

/** Llama's pieces are in a GGUF file; MegaDLMs adds twelve tokens to them. */
export async function llama2Json(): Promise<TokenizerJson> {
  const file = goldenFile('models/llama-2-tiny-random.gguf');
  const { json } = tokenizerFromGguf((await openGguf(file)).metadata, file);
  const numbered = Array.from({ length: 10 }, (_, i) => `<|extra_special_token_${i}>`);
  const extra = ['<|mask_token|>', '<|pad_token|>', ...numbered];
  return {
    ...json,
    added_tokens: [...json.added_tokens, ...extra.map((name, i) => specialToken(name, 32_000 + i))],
  };
}

const families =
  'llada llada_moe llada2 llada21 a2d_llama a2d_qwen2 a2d_qwen3 diffusion_gemma llama qwen2'.split(' ');
const published =
  'gpt2 gptneox minilm_wordpiece qwen3_sdar torchtitan_test torchtune_tiny_bpe torchtune_tokenizer'.split(
    ' ',
  );

/** The tokenizers that are recorded, by name: those of the families, and some as they were published. */
export const recordedTokenizers: ReadonlyMap<string, () => Promise<TokenizerJson>> = new Map([
  ...families.map((name) => [name, async () => jsonIn(referencePath(name, 'tokenizer.json'))] as const),
  ...published.map((name) => [name, async () => jsonIn(goldenFile(`tokenizers/${name}.json`))] as const),
  ['llama2', llama2Json],
]);
