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

const choice = z.array(z.string().min(1)).min(1).max(limits.answers);

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
  guided_choice: choice.optional().describe('texts, one of which is written'),
  choices: choice
    .optional()
    .describe('the answer is the likeliest of these texts, and `unmask.choices` says how likely each is'),
  guided_grammar: z.string().max(limits.textCharacters).optional().describe('as grammar'),
  structured_outputs: z
    .object({
      json: given.optional(),
      regex: z.string().optional(),
      choice: choice.optional(),
      grammar: z.string().max(limits.textCharacters).optional(),
      json_object: z.boolean().optional(),
      structural_tag: z
        .unknown()
        .refine((tag) => tag === undefined, 'is not supported')
        .optional(),
    })
    .optional()
    .describe('as guided_json and the others, in one object: json, regex, choice, grammar, json_object'),
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
  const { response_format, choices, structured_outputs: structured = {} } = body;
  const format = response_format?.type === 'text' ? undefined : response_format;
  const asked = {
    response_format: format,
    json_schema: body.json_schema,
    // some clients send an empty one where they have none
    grammar: body.grammar || body.guided_grammar || undefined,
    guided_json: body.guided_json,
    guided_regex: body.guided_regex,
    guided_choice: body.guided_choice,
    choices,
    'structured_outputs.json': structured.json,
    'structured_outputs.regex': structured.regex,
    'structured_outputs.choice': structured.choice,
    'structured_outputs.grammar': structured.grammar,
    'structured_outputs.json_object': structured.json_object ? { type: 'object' } : undefined,
  };
  const [[name, value] = [], other] = Object.entries(asked).filter(([, one]) => one !== undefined);
  if (other) throw new InvalidOptionError(name!, `says the same as ${other[0]}; give one of them`, value);
  if (format) return { sampling: constraintOf(format) };
  if (body.json_schema) return { sampling: { jsonSchema: body.json_schema } };
  const schema =
    asked.guided_json ?? asked['structured_outputs.json'] ?? asked['structured_outputs.json_object'];
  if (schema !== undefined) return { sampling: { jsonSchema: schemaIn(schema, name!) } };
  const regex = asked.guided_regex ?? asked['structured_outputs.regex'];
  if (regex !== undefined) return { sampling: { regex } };
  const grammar = asked.grammar ?? asked['structured_outputs.grammar'];
  if (grammar !== undefined) return { language: gbnfLanguage(grammar) };
  if (choices) return { answers: choices };
  const texts = asked.guided_choice ?? asked['structured_outputs.choice'];
  if (texts) return { language: { kind: 'choice', options: texts.map((text) => ({ kind: 'text', text })) } };
  return {};
}

function schemaIn(asked: z.output<typeof given>, field: string): Record<string, unknown> {
  if (typeof asked !== 'string') return asked;
  const found = schema.safeParse(requestJson(asked, limits, field));
  if (found.success) return found.data;
  throw new InvalidOptionError(field, 'must be a JSON schema', asked);
}
