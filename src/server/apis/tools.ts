import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import type { Language } from '../../sampling/constraint/language.ts';
import { plainToolForm, type ToolForm } from '../../tokenizer/tool-form.ts';
import type { ModelFacts } from '../worker/protocol.ts';

/** A function that an answer may call. */
export interface FunctionTool {
  readonly name: string;
  readonly description?: string;
  /** A JSON schema of its arguments. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** What a request says of functions, whatever its API calls that. */
export interface ToolRequest {
  readonly tools: readonly FunctionTool[];
  /** Whether the answer may be a call, has to be one, or has to be one of this function. */
  readonly choice: 'auto' | 'required' | { readonly name: string };
  /** Whether it may be several. */
  readonly parallel: boolean;
}

/** Functions as a model calls them. */
export interface ToolUse extends ToolRequest {
  readonly form: ToolForm;
  /** Whether the model's template tells it of them. */
  readonly isTaught: boolean;
}

/** The names that OpenAI and Anthropic allow: none has to be escaped in JSON. */
const toolName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must have names of letters, digits, _ - and .');

/** A function as OpenAI and Ollama have it in `tools`. */
export const functionTool = z.object({
  type: z.literal('function', { error: 'must be functions: there is no other tool here' }),
  function: z.object({
    name: toolName,
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** A tool of an API that says it flat, as Responses and Anthropic do. */
export const flatTool = {
  name: toolName,
  description: z.string().nullish(),
};

/** The functions of a request, whatever API names them. */
export const toolsOf = (given: readonly z.output<typeof functionTool>[] = []): FunctionTool[] =>
  given.map(({ function: { name, description, parameters } }) => ({
    name,
    description: description ?? undefined,
    parameters: parameters ?? undefined,
  }));

/**
 * How a model calls the functions of a request; undefined where it may call none.
 *
 * @throws InvalidOptionError  for a function that isn't among them
 */
export function toolUseOf(asked: ToolRequest | undefined, { toolForm }: ModelFacts): ToolUse | undefined {
  if (!asked || asked.tools.length === 0) return undefined;
  const { choice, tools } = asked;
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name))
    throw new InvalidOptionError('tool_choice', 'must name one of the tools', choice.name);
  return { ...asked, form: toolForm ?? plainToolForm, isTaught: toolForm !== undefined };
}

/**
 * The answers that a model may give where it can call functions: calls whose arguments are as their schemas say, or text that
 * doesn't begin like a call.
 *
 * @param text  what a text may be. Default: any
 */
export function answersOf({ tools, choice, parallel, form }: ToolUse, text?: Language): Language {
  const sequence = (...parts: readonly Language[]): Language => ({ kind: 'sequence', parts });
  const literal = (said: string): Language => ({ kind: 'text', text: said });
  const callable = typeof choice === 'object' ? tools.filter(({ name }) => name === choice.name) : tools;
  const call: Language = {
    kind: 'choice',
    options: callable.map(({ name, parameters }) =>
      sequence(literal(name + form.between), {
        kind: 'json',
        schema: parameters ? { type: 'object', ...parameters } : noArguments,
      }),
    ),
  };
  const more: Language = { kind: 'repetition', part: sequence(literal(form.next), call), least: 0 };
  const calls = sequence(literal(form.before), call, ...(parallel ? [more] : []), literal(form.end));
  if (choice !== 'auto') return calls;
  const unlike = textUnlike(form.before.codePointAt(0)!);
  return { kind: 'choice', options: [text ?? unlike, calls] };
}

const noArguments = { type: 'object', properties: {}, additionalProperties: false };

/** Any text, or none, whose first character that is no blank isn't this one. */
function textUnlike(point: number): Language {
  const blank = {
    kind: 'characters',
    ranges: [
      [0x09, 0x0d],
      [0x20, 0x20],
    ],
  } as const;
  const other = {
    kind: 'characters',
    ranges: (
      [
        [0, 0x08],
        [0x0e, 0x1f],
        [0x21, 0x10ffff],
      ] as const
    ).flatMap(([first, last]) =>
      point < first || point > last
        ? [[first, last] as const]
        : [[first, point - 1] as const, [point + 1, last] as const].filter(([from, to]) => from <= to),
    ),
  } as const;
  const parts: Language[] = [
    { kind: 'repetition', part: blank, least: 0 },
    other,
    { kind: 'repetition', part: { kind: 'characters', ranges: [[0, 0x10ffff]] }, least: 0 },
  ];
  return { kind: 'repetition', part: { kind: 'sequence', parts }, least: 0, most: 1 };
}

/** What a model is told of functions whose template doesn't do it. */
export function toldOf({ tools, form }: ToolUse): string {
  const call = `${form.before}NAME${form.between}ARGUMENTS${form.end}`;
  return [
    `You may call functions. To call one, answer with ${call} and nothing else. The functions:`,
    ...tools.map((tool) => JSON.stringify(tool)),
  ].join('\n');
}
