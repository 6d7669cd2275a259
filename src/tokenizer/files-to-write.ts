import { chatTemplateName, objectIn, type TokenizerFiles } from './files.ts';
import type { LoadedTokenizer } from './load.ts';
import { nameIn } from './token-name.ts';
import { DEFAULT_SPECIAL_TOKENS, type TokenizerJson } from './tokenizer-json.ts';

/** What the special tokens of a tokenizer are for, by name. */
export interface TokenNames {
  readonly mask?: string;
  /** It also pads. */
  readonly end?: string;
}

/** How conversations are written, and what a template may ask for. */
export interface TemplateFiles {
  /** The text of chat_template.jinja. */
  readonly jinja?: string;
  /** Keys of tokenizer_config.json: `chat_template`, and what templates call bos_token and the like. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The files of a tokenizer in a model directory, by name, as Hugging Face's libraries read them. */
export function tokenizerFiles(
  json: TokenizerJson,
  { mask = DEFAULT_SPECIAL_TOKENS[0], end = DEFAULT_SPECIAL_TOKENS[1] }: TokenNames = {},
  template: TemplateFiles = {},
): Readonly<Record<string, string>> {
  const has = (name: string) => json.added_tokens.some(({ content }) => content === name);
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...template.config,
    ...(has(mask) && { mask_token: mask }),
    ...(has(end) && { eos_token: end, pad_token: end }),
    clean_up_tokenization_spaces: false,
  };
  return {
    'tokenizer.json': `${JSON.stringify(json)}\n`,
    'tokenizer_config.json': `${JSON.stringify(config, undefined, 2)}\n`,
    ...(template.jinja !== undefined && { [chatTemplateName]: template.jinja }),
  };
}

/** What files say of conversations, to be written beside another tokenizer.json. */
export function templateFilesIn(files: TokenizerFiles): TemplateFiles {
  const all = {
    ...objectIn(files, 'special_tokens_map.json'),
    ...objectIn(files, 'chat_template.json'),
    ...objectIn(files, 'tokenizer_config.json'),
  };
  const config = Object.fromEntries(
    Object.entries(all).flatMap(([key, value]): [string, unknown][] => {
      if (key === 'chat_template' || key === 'additional_special_tokens') return [[key, value]];
      const name = key.endsWith('_token') ? nameIn(value) : undefined;
      return name === undefined ? [] : [[key, name]];
    }),
  );
  return { jinja: files.texts.get(chatTemplateName), config };
}

/** The mask and the end of a text as the tokenizer spells them. */
export function namesOf({ specialTokens, maskId, endId }: LoadedTokenizer): TokenNames {
  const nameOf = (id: number | undefined) => [...specialTokens].find(([, other]) => other === id)?.[0];
  return { mask: nameOf(maskId), end: nameOf(endId) };
}
