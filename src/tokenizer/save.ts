import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SPECIAL_TOKENS, type TokenizerJson } from './tokenizer-json.ts';

/** What the special tokens of a tokenizer are for, by name. */
export interface TokenNames {
  readonly mask?: string;
  /** It also pads. */
  readonly end?: string;
}

/** The files of a tokenizer in a model directory, by name, as Hugging Face's libraries read them. */
export function tokenizerFiles(
  json: TokenizerJson,
  { mask = DEFAULT_SPECIAL_TOKENS[0], end = DEFAULT_SPECIAL_TOKENS[1] }: TokenNames = {},
): Record<'tokenizer.json' | 'tokenizer_config.json', string> {
  const has = (name: string) => json.added_tokens.some(({ content }) => content === name);
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(has(mask) && { mask_token: mask }),
    ...(has(end) && { eos_token: end, pad_token: end }),
    clean_up_tokenization_spaces: false,
  };
  return {
    'tokenizer.json': `${JSON.stringify(json)}\n`,
    'tokenizer_config.json': `${JSON.stringify(config, undefined, 2)}\n`,
  };
}

/** Writes `tokenizer.json` and `tokenizer_config.json` to a directory, each whole or not at all. */
export function saveTokenizer(directory: string, json: TokenizerJson, names?: TokenNames): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(tokenizerFiles(json, names))) {
    const path = join(directory, name);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  }
}
