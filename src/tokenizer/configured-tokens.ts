import { isObject } from '../checkpoint/json.ts';
import { nameIn } from './token-name.ts';
import { type AddedToken, specialToken, type TokenizerJson, vocabularyEntries } from './tokenizer-json.ts';

/** The keys of tokenizer_config.json that name a special token, in the order in which new ones get their ids. */
const roles = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((role) => `${role}_token`);

type Description = Omit<AddedToken, 'id'>;

/**
 * A tokenizer with the added tokens that tokenizer_config.json describes, as transformers 5 puts them in: of one that
 * tokenizer.json has too the description of the config holds; one that it lacks gets the id that the vocabulary has for it,
 * else the next one, whatever id the config names. Special tokens that are only named come after those that are described.
 *
 * @throws Error  for a token that isn't described
 */
export function withConfiguredTokens(
  json: TokenizerJson,
  config: Readonly<Record<string, unknown>>,
): TokenizerJson {
  const added = new Map(json.added_tokens.map((token) => [token.content, token]));
  const described = describedIn(config['added_tokens_decoder']);
  const known = new Set([...added.values(), ...described].map(({ content }) => content));
  const named = [...new Set(namesIn(config))]
    .filter((name) => !known.has(name))
    .map((name) => specialToken(name, 0));
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

function describedIn(decoder: unknown): Description[] {
  const entries = Object.entries(isObject(decoder) ? decoder : {});
  return entries
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([id, token]) => {
      if (!isObject(token) || typeof token.content !== 'string' || token.content === '')
        throw new Error(`added_tokens_decoder does not say what token ${id} is`);
      const { content, special } = token;
      const isOn = (flag: string) => token[flag] === true;
      return {
        content,
        special: special === true,
        single_word: isOn('single_word'),
        lstrip: isOn('lstrip'),
        rstrip: isOn('rstrip'),
        normalized: typeof token.normalized === 'boolean' ? token.normalized : special !== true,
      };
    });
}

/** The names of special tokens: of the usual roles, of others of the model's own, and of a list. */
function namesIn(config: Readonly<Record<string, unknown>>): string[] {
  const own = Object.keys(config).filter(
    (key) => key.endsWith('_token') && !roles.includes(key) && typeof config[key] === 'string',
  );
  const extra = config['extra_special_tokens'] ?? config['additional_special_tokens'];
  const listed = isObject(extra) ? Object.values(extra) : Array.isArray(extra) ? (extra as unknown[]) : [];
  return [...[...roles, ...own].map((key) => config[key]), ...listed].flatMap((value) => {
    const name = nameIn(value);
    return name === undefined || name === '' ? [] : [name];
  });
}
