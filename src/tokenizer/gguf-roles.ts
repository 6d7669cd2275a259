import { FileError, show } from '../base/errors.ts';

/** What a kind of tokenizer has where a file doesn't say. */
export interface GgufDefaults {
  readonly bos?: number;
  readonly eos?: number;
  readonly unknown?: number;
  /** Whether the start of a text is put before it. */
  readonly addsBos?: boolean;
}

/** The parts that tokens of a GGUF file play. */
export interface GgufRoles {
  readonly bos?: number;
  readonly eos?: number;
  readonly unknown?: number;
  readonly padding?: number;
  readonly mask?: number;
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  /** What ends a text or a turn, the end of a text first. */
  readonly ends: readonly number[];
}

type Metadata = ReadonlyMap<string, unknown>;

/** Ways to cut texts whose models begin every text with their start, where a file doesn't say. */
const startingCuts: ReadonlySet<unknown> = new Set(
  'llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano tekken chameleon'.split(
    ' ',
  ),
);

/**
 * The special tokens of a GGUF file, as llama.cpp finds them (its `llama-vocab.cpp`): a key of the file, else the default of
 * the kind of tokenizer. An id that the vocabulary lacks is refused where llama.cpp goes back to the default, and no token
 * ends a text by its name alone: the same model ends texts as it does with its own files.
 *
 * @throws FileError  for such an id, and for a file that asks for a start or an end without having one
 */
export function ggufRoles(
  metadata: Metadata,
  path: string,
  tokens: readonly string[],
  defaults: GgufDefaults,
): GgufRoles {
  const id = (role: string, usual?: number): number | undefined => {
    const value = metadata.get(`tokenizer.ggml.${role}_token_id`);
    if (value === undefined) return usual !== undefined && usual < tokens.length ? usual : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < tokens.length)
      return value;
    throw new FileError(
      path,
      `the id of the ${role} token to be below ${tokens.length}`,
      show(String(value)),
    );
  };
  const [bos, eos] = [id('bos', defaults.bos), id('eos', defaults.eos)];
  const adds = (role: 'bos' | 'eos', token: number | undefined, usual: boolean): boolean => {
    const key = `tokenizer.ggml.add_${role}_token`;
    const value = metadata.get(key);
    if (value !== undefined && typeof value !== 'boolean')
      throw new FileError(path, `${key} to be true or false`, show(String(value)));
    if (value === true && token === undefined)
      throw new FileError(path, `tokenizer.ggml.${role}_token_id, as ${key} is true`, 'none');
    return (value ?? usual) && token !== undefined;
  };
  const startsTexts = defaults.addsBos === true || startingCuts.has(metadata.get('tokenizer.ggml.pre'));
  return {
    bos,
    eos,
    unknown: id('unknown', defaults.unknown),
    padding: id('padding'),
    mask: id('mask'),
    addsBos: adds('bos', bos, startsTexts),
    addsEos: adds('eos', eos, false),
    ends: [...new Set([eos ?? [], id('eot') ?? [], id('eom') ?? []].flat())],
  };
}
