import { isObject } from '../base/is-object.ts';
import { objectIn, type TokenizerFiles } from './files.ts';
import { nameIn } from './token-name.ts';
import { type AddedToken, type TokenizerJson, vocabularyEntries } from './tokenizer-json.ts';

/** The keys of tokenizer_config.json that name a special token, in the order in which new ones get their ids. */
const roles = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((role) => `${role}_token`);

type Description = Omit<AddedToken, 'id'>;

/**
 * What tokenizer_config.json says, and where it has no `added_tokens_decoder`, as before transformers 4.34, what
 * special_tokens_map.json does: that file is of such an age, and holds before the other.
 */
export function tokenizerConfigOf(files: TokenizerFiles): Readonly<Record<string, unknown>> {
  const config = objectIn(files, 'tokenizer_config.json');
  return isObject(config.added_tokens_decoder)
    ? config
    : { ...config, ...objectIn(files, 'special_tokens_map.json') };
}

/** What the files call the special tokens, and more: special_tokens_map.json where tokenizer_config.json is silent. */
export const tokenNamesIn = (files: TokenizerFiles): Readonly<Record<string, unknown>> => ({
  ...objectIn(files, 'special_tokens_map.json'),
  ...tokenizerConfigOf(files),
});

/**
 * A tokenizer with the added tokens that the files beside it describe, as transformers 5 puts them in: of one that
 * tokenizer.json has too the description of tokenizer_config.json holds; one that it lacks gets the id that the vocabulary
 * has for it, else the next one, whatever id is named. Special tokens that are only named come after those that are
 * described. added_tokens.json has ids alone, and is read where tokenizer_config.json describes nothing.
 *
 * @throws Error  for a token that isn't described
 */
export function withConfiguredTokens(
  json: TokenizerJson,
  config: Readonly<Record<string, unknown>>,
  legacy: Readonly<Record<string, unknown>> = {},
): TokenizerJson {
  const added = new Map(json.added_tokens.map((token) => [token.content, token]));
  const mentioned = namedIn(config);
  const decoder = config['added_tokens_decoder'];
  const described = isObject(decoder) ? describedIn(decoder) : legacyIn(legacy, json, mentioned);
  const known = new Set([...added.values(), ...described].map(({ content }) => content));
  const named = mentioned.filter(({ content }) => !known.has(content));
  const changes = [...described.filter((token) => !isSame(token, added.get(token.content))), ...named];
  if (changes.length === 0) return json;
  const entries = vocabularyEntries(json.model);
  const ids = new Map(entries);
  let next = json.added_tokens.reduce((least, { id }) => Math.max(least, id + 1), entries.length);
  for (const token of changes) {
    const id = added.get(token.content)?.id ?? ids.get(token.content) ?? next++;
    added.set(token.content, { ...token, id });
  }
  return { ...json, added_tokens: [...added.values()] };
}

const flags = ['special', 'single_word', 'lstrip', 'rstrip', 'normalized'] as const;

const isSame = (token: Description, other: AddedToken | undefined): boolean =>
  other !== undefined && flags.every((flag) => token[flag] === other[flag]);

function describedIn(decoder: Readonly<Record<string, unknown>>): Description[] {
  return Object.entries(decoder)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([id, token]) => {
      if (!isObject(token) || typeof token.content !== 'string' || token.content === '')
        throw new Error(`added_tokens_decoder does not say what token ${id} is`);
      return descriptionOf(token.content, token);
    });
}

/** A token as an object describes it; what isn't said is off, but that common ones are looked for in normalised text. */
function descriptionOf(content: string, token: Readonly<Record<string, unknown>>): Description {
  const isOn = (flag: string) => token[flag] === true;
  return {
    content,
    special: isOn('special'),
    single_word: isOn('single_word'),
    lstrip: isOn('lstrip'),
    rstrip: isOn('rstrip'),
    normalized: typeof token.normalized === 'boolean' ? token.normalized : !isOn('special'),
  };
}

/** The tokens of added_tokens.json whose ids tokenizer.json has no added token for. */
function legacyIn(
  ids: Readonly<Record<string, unknown>>,
  { added_tokens: added }: TokenizerJson,
  mentioned: readonly Description[],
): Description[] {
  const taken = new Set(added.flatMap(({ id, content }): unknown[] => [id, content]));
  const special = new Set(mentioned.map(({ content }) => content));
  return Object.entries(ids)
    .filter(([content, id]) => content !== '' && !taken.has(id) && !taken.has(content))
    .toSorted(([, a], [, b]) => Number(a) - Number(b))
    .map(([content]) => descriptionOf(content, { special: special.has(content) }));
}

/** The special tokens that are named: those of the usual roles, others of the model's own, and those of a list. */
function namedIn(config: Readonly<Record<string, unknown>>): Description[] {
  const own = Object.keys(config).filter(
    (key) => key.endsWith('_token') && !roles.includes(key) && typeof config[key] === 'string',
  );
  const extra = config['extra_special_tokens'] ?? config['additional_special_tokens'];
  const listed = isObject(extra) ? Object.values(extra) : Array.isArray(extra) ? (extra as unknown[]) : [];
  const named = new Map<string, Description>();
  for (const value of [...[...roles, ...own].map((key) => config[key]), ...listed]) {
    const name = nameIn(value);
    if (name !== undefined && name !== '' && !named.has(name))
      named.set(name, descriptionOf(name, { ...(isObject(value) && value), special: true }));
  }
  return [...named.values()];
}
