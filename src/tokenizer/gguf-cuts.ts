import { LLADA_PATTERN, LLAMA3_PATTERN, QWEN_PATTERN } from './byte-level.ts';

/** How a text is cut and normalised before it's merged. A GGUF file only has the name of it, `tokenizer.ggml.pre`. */
export interface GgufCut {
  /** One after the other, each within the pieces of those before. None: GPT-2's. */
  readonly patterns?: readonly string[];
  readonly nfc?: boolean;
  /** Whether a piece that is a token is taken as it is. */
  readonly wholePiece?: boolean;
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
const BLANKS = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const SIGNS = ' ?[^\\s\\p{L}\\p{N}]+';
/** Words that end where a capital follows a small letter. */
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const casedWords = (end: string): string => {
  const before = '[^\\r\\n\\p{L}\\p{N}]?';
  return `${before}${UPPER}*${LOWER}+${end}|${before}${UPPER}+${LOWER}*${end}`;
};
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

const gpt2: GgufCut = {};
const llama3: GgufCut = { patterns: [LLAMA3_PATTERN], wholePiece: true };
const ling: GgufCut = { patterns: [LLADA_PATTERN] };
/** Qwen's tokenizers normalise, which files don't say. */
const qwen2: GgufCut = { patterns: [QWEN_PATTERN], nfc: true };
const digitsApart: GgufCut = { patterns: ['\\p{N}', GPT2] };
const gpt4o: GgufCut = {
  patterns: [`${casedWords(`${CONTRACTIONS}?`)}|\\p{N}{1,3}|${SIGNS}[\\r\\n/]*|${BLANKS}`],
};

/** As llama.cpp's `llama-vocab.cpp` has them, those of the architectures that run here. */
const cuts: Readonly<Record<string, GgufCut>> = {
  'gpt-2': gpt2,
  mellum: gpt2,
  'a.x-4.0': gpt2,
  mpt: gpt2,
  olmo: gpt2,
  qwen2,
  'deepseek-r1-qwen': qwen2,
  kormo: qwen2,
  f2llmv2: qwen2,
  megrez: { patterns: [QWEN_PATTERN] },
  llama3,
  'llama-v3': llama3,
  'llama-bpe': llama3,
  falcon3: llama3,
  'falcon-h1': llama3,
  pixtral: llama3,
  'midm-2.0': llama3,
  lfm2: llama3,
  dbrx: { patterns: [LLAMA3_PATTERN] },
  'smaug-bpe': { patterns: [LLAMA3_PATTERN] },
  bailingmoe: ling,
  bailingmoe2: ling,
  'llada-moe': ling,
  smollm: digitsApart,
  starcoder: digitsApart,
  refact: digitsApart,
  'command-r': digitsApart,
  codeshell: digitsApart,
  'minerva-7b': digitsApart,
  tekken: { patterns: [`${casedWords('')}|\\p{N}|${SIGNS}[\\r\\n/]*|${BLANKS}`], wholePiece: true },
  'gpt-4o': gpt4o,
  llama4: gpt4o,
  kanana2: gpt4o,
  'seed-coder': {
    patterns: [
      `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${BLANKS}`,
    ],
  },
};

/** llama.cpp's names for the ways to cut texts that are known here. */
export const cutNames: readonly string[] = Object.keys(cuts);

/** The way to cut texts of a name; undefined for one that isn't known, or none. */
export const cutNamed = (name: unknown): GgufCut | undefined =>
  typeof name === 'string' && Object.hasOwn(cuts, name) ? cuts[name] : undefined;
