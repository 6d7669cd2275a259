import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TemplateFiles, tokenizerFiles, type TokenNames } from './files-to-write.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * Writes the files of a tokenizer to a directory, each whole or not at all, tokenizer_config.json last: where that is, all are.
 */
export function saveTokenizer(
  directory: string,
  json: TokenizerJson,
  names?: TokenNames,
  template?: TemplateFiles,
): void {
  mkdirSync(directory, { recursive: true });
  const files = Object.entries(tokenizerFiles(json, names, template));
  const isLast = ([name]: [string, string]) => name === 'tokenizer_config.json';
  for (const [name, text] of [...files.filter((file) => !isLast(file)), ...files.filter(isLast)]) {
    const path = join(directory, name);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  }
}
