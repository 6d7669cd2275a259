import { FileError } from '../base/errors.ts';

/** The file of a model directory with its chat template. */
export const chatTemplateName = 'chat_template.jinja';

/** The template for conversations with tools, where transformers (from 4.52 on) saves it beside the default one. */
export const toolTemplateName = 'additional_chat_templates/tool_use.jinja';

/** All that a model directory may say of its tokenizer and its chat template. Nothing else is ever opened. */
export const tokenizerFileNames = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  chatTemplateName,
  toolTemplateName,
  'chat_template.json',
  'config.json',
] as const;

/** The name of a file that a tokenizer is read from. */
export type TokenizerFileName = (typeof tokenizerFileNames)[number];

/** The files of a tokenizer that are there, as text. */
export interface TokenizerFiles {
  readonly directory: string;
  readonly texts: ReadonlyMap<TokenizerFileName, string>;
}

/** The object in one of the files, without a prototype; empty where the file is absent. */
export function objectIn(
  { directory, texts }: TokenizerFiles,
  name: TokenizerFileName,
): Readonly<Record<string, unknown>> {
  const text = texts.get(name);
  const empty = Object.create(null) as Readonly<Record<string, unknown>>;
  if (text === undefined) return empty;
  const path = `${directory}/${name}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, 'JSON', why, 'the file is damaged: download or make it again', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError(path, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
  return Object.assign(empty, value);
}

/** Whether some file may say how conversations are written; what it says is for `chatTemplateOf`. */
export const hasChatTemplate = ({ texts }: TokenizerFiles): boolean =>
  texts.has(chatTemplateName) ||
  texts.has('chat_template.json') ||
  (texts.get('tokenizer_config.json')?.includes('chat_template') ?? false);
