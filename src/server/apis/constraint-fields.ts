import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { gbnfLanguage } from '../../sampling/constraint/gbnf.ts';
import type { Language } from '../../sampling/constraint/language.ts';
import type { FlatSamplingOptions } from '../../sampling/options.ts';
import { requestJson } from '../http/body.ts';
import { limits } from '../http/limits.ts';
import { constraintOf, responseFormatSchema } from './response-format.ts';

const schema = z.record(z.string(), z.unknown());
const given = z.union([schema, z.string().max(limits.textCharacters)]);

/** How clients say what an answer has to be: OpenAI's, llama.cpp's, vLLM's. */
export const constraintFields = {
  response_format: responseFormatSchema.optional(),
  json_schema: schema.optional().describe('what is written is JSON that this schema admits'),
  grammar: z
    .string()
    .max(limits.textCharacters)
    .optional()
    .describe(
      'what is written is in this language, in the notation of llama.cpp (GBNF); no rule may refer to itself',
    ),
  guided_json: given.optional().describe('a JSON schema, perhaps as text'),
  guided_regex: z.string().optional().describe('a regular expression'),
  guided_choice: z
    .array(z.string().min(1))
    .min(1)
    .max(limits.answers)
    .optional()
    .describe('texts, one of which is written'),
  choices: z
    .array(z.string().min(1))
    .min(1)
    .max(limits.answers)
    .optional()
    .describe('the answer is the likeliest of these texts, and `unmask.choices` says how likely each is'),
  guided_grammar: z.string().max(limits.textCharacters).optional().describe('as grammar'),
};

type ConstraintBody = {
  readonly [Name in keyof typeof constraintFields]?: z.output<(typeof constraintFields)[Name]>;
};

/**
 * What an answer has to be.
 *
 * @throws InvalidOptionError  where it is said in several ways
 */
export function constrained(body: ConstraintBody): {
  readonly sampling?: Partial<FlatSamplingOptions>;
  readonly language?: Language;
  readonly answers?: readonly string[];
} {
  const { response_format, guided_json, guided_regex, guided_choice, choices } = body;
  // some clients send an empty one where they have none
  const grammar = body.grammar || body.guided_grammar || undefined;
  const format = response_format?.type === 'text' ? undefined : response_format;
  const asked = {
    response_format: format,
    json_schema: body.json_schema,
    grammar,
    guided_json,
    guided_regex,
    guided_choice,
    choices,
  };
  const [[name, value] = [], other] = Object.entries(asked).filter(([, one]) => one !== undefined);
  if (other) throw new InvalidOptionError(name!, `says the same as ${other[0]}; give one of them`, value);
  if (format) return { sampling: constraintOf(format) };
  if (body.json_schema) return { sampling: { jsonSchema: body.json_schema } };
  if (guided_json !== undefined) return { sampling: { jsonSchema: schemaIn(guided_json) } };
  if (guided_regex !== undefined) return { sampling: { regex: guided_regex } };
  if (grammar !== undefined) return { language: gbnfLanguage(grammar) };
  if (choices) return { answers: choices };
  if (guided_choice)
    return { language: { kind: 'choice', options: guided_choice.map((text) => ({ kind: 'text', text })) } };
  return {};
}

function schemaIn(asked: z.output<typeof given>): Record<string, unknown> {
  if (typeof asked !== 'string') return asked;
  const found = schema.safeParse(requestJson(asked, limits, 'guided_json'));
  if (found.success) return found.data;
  throw new InvalidOptionError('guided_json', 'must be a JSON schema', asked);
}
