import { isObject } from '../base/is-object.ts';
import { FileError, InvalidOptionError, show } from '../base/errors.ts';
import { tokenNamesIn } from './configured-tokens.ts';
import { changePart, partsBehind, type TextPart, textOfPart } from './text-part.ts';
import {
  chatTemplateName,
  toolTemplateName,
  objectIn,
  type TokenizerFileName,
  type TokenizerFiles,
} from './files.ts';
import type { JsonTokenizer } from './from-json.ts';
import { compileTemplate, type RunTemplate } from './jinja/template.ts';
import { specialTokenEscaper } from './special-token-escaping.ts';
import { nameIn } from './token-name.ts';

/** Who may speak in a conversation. */
export const roles = ['system', 'user', 'assistant', 'tool', 'developer'] as const;

/** One turn of a conversation. Other fields, such as `tool_calls`, are for templates that know them. */
export interface ChatMessage {
  readonly role: (typeof roles)[number];
  readonly content: string;
  readonly [field: string]: unknown;
}

/** What a chat template is told beside the messages. */
export interface TemplateOptions {
  /** Whether the beginning of an answer follows the messages. Default: true. */
  readonly addGenerationPrompt?: boolean;
  /** Whether the text ends within the last message, so that what is written goes on with it. Default: false. */
  readonly continueFinal?: boolean;
  /** Functions that the model may call, as JSON schemas. */
  readonly tools?: readonly object[];
  /** What else the template may ask for, by name: `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** How a model's conversations are written as one text. */
export interface ChatTemplate {
  /**
   * A conversation as text, and as ids. Special tokens come from the template alone: spelled in a message, they are
   * common text in `ids`.
   *
   * @throws InvalidOptionError  for messages that are none, or that the template refuses
   * @throws FileError           for a template that can't be run, or takes too long
   */
  encode(messages: readonly ChatMessage[], options?: TemplateOptions): { text: string; ids: number[] };
  /**
   * A conversation that ends with an answer, as ids: what a model is given when it is to write that answer, and what it is
   * to write, up to the special token behind an answer if the template has one.
   *
   * @throws as `encode`, also for a template that writes an answer otherwise than it asks for one
   */
  encodeAnswer(
    messages: readonly ChatMessage[],
    options?: Pick<TemplateOptions, 'tools'>,
  ): { prompt: number[]; answer: number[] };
  /** The special token that the template puts behind an answer, if it does. */
  readonly turnEndId?: number;
}

/** What a template comes with. */
export interface TemplateParts {
  /** Jinja, by name; `default` is the one that is used, `tool_use` where there are tools. */
  readonly sources: ReadonlyMap<string, string>;
  /** Where it comes from, for messages. */
  readonly path: string;
  /** What templates call bos_token and the like. */
  readonly tokenNames: Readonly<Record<string, unknown>>;
  readonly tokenizer: JsonTokenizer;
  /** For templates that tell the model today's date. */
  readonly clock: () => Date;
}

type Render = (
  messages: readonly ChatMessage[],
  options?: TemplateOptions,
) => { readonly text: string; restore(text: string): string };

/** The function that gives the text of a template, in which the messages are shielded, and the way back. */
function renderer({ sources, path, tokenNames, tokenizer, clock }: TemplateParts): Render {
  const templates = new Map<string, RunTemplate>(
    Array.from(sources, ([name, source]) => [name, compileTemplate(source)]),
  );
  const shield = specialTokenEscaper(tokenizer.specialTokens.keys());
  return (messages, { addGenerationPrompt = true, tools, variables = {} } = {}) => {
    checkMessages(messages);
    const run =
      (tools && templates.get('tool_use')) ?? templates.get('default') ?? [...templates.values()][0];
    // the names of roles are ours, and some templates make special tokens of them
    const speakers = messages.map(({ role }) => role);
    const { value, restore } = shielded(shield, { messages, tools: tools ?? null, variables });
    const visible = {
      ...value.variables,
      ...tokenNames,
      messages: value.messages.map((message, i) => ({ ...message, role: speakers[i] })),
      tools: value.tools,
      add_generation_prompt: addGenerationPrompt,
    };
    const outcome = run(visible, clock());
    if (outcome.kind === 'refused')
      throw new InvalidOptionError(
        'messages',
        `must be as the chat template wants (${restore(outcome.reason)})`,
        speakers,
      );
    if (outcome.kind === 'failed')
      throw new FileError(path, 'a chat template that can be run', restore(outcome.reason));
    return { text: outcome.text, restore };
  };
}

/** The chat template of some sources. */
export function chatTemplate(parts: TemplateParts): ChatTemplate {
  const { tokenizer } = parts;
  const render = renderer(parts);
  const partsOf = ({ text, restore }: ReturnType<Render>): TextPart[] =>
    tokenizer.split(text).map((part) => changePart(part, restore));
  let turnEnd: { readonly id?: number } | undefined;
  return {
    encode(messages, options) {
      const rendered = options?.continueFinal
        ? withoutEnd(render, messages, options)
        : render(messages, options);
      return { text: rendered.restore(rendered.text), ids: tokenizer.encodeParts(partsOf(rendered)) };
    },
    encodeAnswer(messages, options) {
      const given = partsOf(render(messages.slice(0, -1), options));
      const whole = partsOf(render(messages, { ...options, addGenerationPrompt: false }));
      const rest = partsBehind(given, whole);
      if (!rest) {
        const problem = 'must be as the chat template goes on from the beginning of an answer';
        throw new InvalidOptionError('messages', problem, messages.at(-1)?.role);
      }
      const [prompt, all] = [given, whole].map((parts) => tokenizer.encodeParts(parts));
      // where a token reaches over the beginning of the answer it is encoded by itself, but not as the beginning of a text
      const answer = prompt.every((id, i) => id === all[i])
        ? all.slice(prompt.length)
        : tokenizer.encodeParts([0, ...rest]).slice(1);
      const end = this.turnEndId === undefined ? -1 : answer.lastIndexOf(this.turnEndId);
      return { prompt, answer: end < 0 ? answer : answer.slice(0, end + 1) };
    },
    get turnEndId() {
      turnEnd ??= { id: findTurnEnd(render, tokenizer) };
      return turnEnd.id;
    },
  };
}

/** Stands behind a message while that is rendered; no text has this code point, which means nothing. */
const END_OF_MESSAGE = '\u{10ffff}';

/**
 * A conversation up to the end of its last message. As in transformers, blanks at that end stay where the template leaves
 * them there.
 */
function withoutEnd(
  render: Render,
  messages: readonly ChatMessage[],
  options: TemplateOptions,
): ReturnType<Render> {
  const last = messages.at(-1);
  const marked = last && { ...last, content: `${last.content}${END_OF_MESSAGE} ` };
  const { text, restore } = render(marked ? [...messages.slice(0, -1), marked] : messages, {
    ...options,
    addGenerationPrompt: false,
  });
  const end = text.lastIndexOf(END_OF_MESSAGE);
  if (end < 0)
    throw new InvalidOptionError(
      'messages',
      'must end with a message that the chat template writes',
      last?.role,
    );
  const keepsBlanks = text.startsWith(' ', end + END_OF_MESSAGE.length);
  return { text: keepsBlanks ? text.slice(0, end) : text.slice(0, end).trimEnd(), restore };
}

/** The chat template of a model directory: of `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json`. */
export function chatTemplateOf(
  files: TokenizerFiles,
  tokenizer: JsonTokenizer,
  clock: () => Date,
): ChatTemplate | undefined {
  const config = objectIn(files, 'tokenizer_config.json');
  const jinja = files.texts.get(chatTemplateName);
  const places: readonly [TokenizerFileName, unknown][] = [
    [chatTemplateName, jinja],
    ['chat_template.json', objectIn(files, 'chat_template.json').chat_template],
    ['tokenizer_config.json', config.chat_template],
  ];
  const place = places.find(([, value]) => value !== undefined && value !== null);
  if (!place) return undefined;
  const path = `${files.directory}/${place[0]}`;
  const names = tokenNamesIn(files);
  return chatTemplate({
    sources: withToolTemplate(sourcesIn(place[1], path), files),
    path,
    tokenNames: Object.fromEntries(
      Object.entries(names).flatMap(([key, value]): [string, unknown][] => {
        if (key === 'additional_special_tokens' && Array.isArray(value)) return [[key, value.map(nameIn)]];
        const name = key.endsWith('_token') ? nameIn(value) : undefined;
        return name === undefined ? [] : [[key, name]];
      }),
    ),
    tokenizer,
    clock,
  });
}

/** With the template for tools that has a file of its own. */
function withToolTemplate(sources: ReadonlyMap<string, string>, { texts }: TokenizerFiles) {
  const tools = texts.get(toolTemplateName);
  return tools === undefined ? sources : new Map([...sources, ['tool_use', tools]]);
}

/** One template, or a list of named ones. */
function sourcesIn(value: unknown, path: string): ReadonlyMap<string, string> {
  const named = typeof value === 'string' ? [{ name: 'default', template: value }] : value;
  const sources = new Map<string, string>();
  for (const each of Array.isArray(named) ? (named as readonly unknown[]) : [])
    if (isObject(each) && typeof each.name === 'string' && typeof each.template === 'string')
      sources.set(each.name, each.template);
  if (!Array.isArray(named) || sources.size === 0 || sources.size !== named.length)
    throw new FileError(path, 'chat_template to be text, or a list of {name, template}', show(value));
  return sources;
}

function checkMessages(messages: readonly ChatMessage[]): void {
  const wrong = (problem: string, value: unknown) => new InvalidOptionError('messages', problem, value);
  if (!Array.isArray(messages) || messages.length === 0)
    throw wrong('must be a list of {role, content}, not empty', messages);
  for (const message of messages as readonly unknown[]) {
    if (!isObject(message)) throw wrong('must be a list of {role, content}', message);
    if (!(roles as readonly unknown[]).includes(message.role))
      throw wrong(`must have a role of ${roles.join(', ')}`, message.role);
    if (typeof message.content !== 'string') throw wrong('must have text as content', message.content);
  }
}

function shielded<T>(shield: ReturnType<typeof specialTokenEscaper>, value: T) {
  try {
    return shield(value);
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause;
    throw new InvalidOptionError('messages', `must be plain data (${cause.message})`, 'something else');
  }
}

/** What stands behind the answer in a conversation of one question and one answer. */
function findTurnEnd(render: Render, tokenizer: JsonTokenizer): number | undefined {
  const answer = 'unmasked';
  const messages: ChatMessage[] = [
    { role: 'user', content: 'question' },
    { role: 'assistant', content: answer },
  ];
  try {
    const parts = tokenizer.split(render(messages, { addGenerationPrompt: false }).text);
    const at = parts.findLastIndex((part) => textOfPart(part)?.includes(answer));
    const behind = parts[at + 1];
    return at >= 0 && typeof behind === 'number' && isSpecial(behind, tokenizer) ? behind : undefined;
  } catch (error) {
    // one that refuses such a conversation says nothing of how an answer ends
    if (error instanceof InvalidOptionError || error instanceof FileError) return undefined;
    throw error;
  }
}

const isSpecial = (id: number, { specialTokens }: JsonTokenizer): boolean =>
  [...specialTokens.values()].includes(id);
