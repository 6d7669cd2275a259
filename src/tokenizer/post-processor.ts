/** A post-processor of a `tokenizer.json`, as far as it is about the tokens around a text. */
interface PostProcessorJson {
  readonly type?: string;
  readonly processors?: readonly PostProcessorJson[];
  readonly single?: readonly {
    readonly SpecialToken?: { readonly id: string };
    readonly Sequence?: unknown;
  }[];
  readonly special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
  readonly cls?: readonly [token: string, id: number];
  readonly sep?: readonly [token: string, id: number];
}

/** What a post-processor puts before and after a single text. */
export interface PostProcessor {
  readonly prefixIds?: readonly number[];
  readonly suffixIds?: readonly number[];
}

/** @throws Error  a sentence on what is wrong with the post-processor */
export function postProcessorOf(postProcessor: unknown): PostProcessor {
  const processor = (postProcessor ?? {}) as PostProcessorJson;
  switch (processor.type) {
    case 'Sequence': {
      const adding = (processor.processors ?? []).map(postProcessorOf).filter(addsTokens);
      if (adding.length > 1) throw new Error('its post_processor puts tokens around a text twice');
      return adding[0] ?? {};
    }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { prefixIds: idsOf(processor.cls?.[1]), suffixIds: idsOf(processor.sep?.[1]) };
    case 'TemplateProcessing':
      return templateAffixes(processor);
    default:
      return {};
  }
}

const addsTokens = ({ prefixIds = [], suffixIds = [] }: PostProcessor): boolean =>
  prefixIds.length + suffixIds.length > 0;

/** The post-processor that puts a token before a text and one after it, or neither. */
export function templateProcessing(before?: NamedToken, after?: NamedToken): object {
  const special = (token: NamedToken | undefined) =>
    token ? [{ SpecialToken: { id: token.content, type_id: 0 } }] : [];
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const around = (...texts: readonly object[]) => [...special(before), ...texts, ...special(after)];
  return {
    type: 'TemplateProcessing',
    single: around(sequence('A')),
    pair: around(sequence('A'), sequence('B')),
    special_tokens: Object.fromEntries(
      [before, after].flatMap((token) =>
        token ? [[token.content, { id: token.content, ids: [token.id], tokens: [token.content] }]] : [],
      ),
    ),
  };
}

/** A special token: what it is called, and its id. */
export interface NamedToken {
  readonly content: string;
  readonly id: number;
}

function templateAffixes({ single = [], special_tokens: special = {} }: PostProcessorJson): PostProcessor {
  const at = single.findIndex(({ Sequence }) => Sequence !== undefined);
  if (at < 0) throw new Error('its post_processor has no place for the text');
  const ids = (pieces: NonNullable<PostProcessorJson['single']>) =>
    pieces.flatMap(({ SpecialToken: token }) => {
      const name = token?.id ?? '';
      return idsOf(...(Object.hasOwn(special, name) ? special[name].ids : [undefined]));
    });
  return { prefixIds: ids(single.slice(0, at)), suffixIds: ids(single.slice(at + 1)) };
}

function idsOf(...ids: readonly unknown[]): number[] {
  const wrong = ids.find((id) => !Number.isSafeInteger(id) || (id as number) < 0);
  if (wrong !== undefined || ids.includes(undefined))
    throw new Error('its post_processor names a special token without an id');
  return ids as number[];
}
