import { z } from 'zod';
import type { JsonSchema } from '../../sampling/constraint/json-keywords.ts';
import type { FlatSamplingOptions } from '../../sampling/options.ts';

const name = z.string().max(64).optional();

/** OpenAI's response_format. */
export const responseFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name,
      description: z.string().optional(),
      strict: z.boolean().nullish(),
      schema: z.record(z.string(), z.unknown()),
    }),
  }),
]);

export type ResponseFormat = z.output<typeof responseFormatSchema>;

/** The constraint of a response format. What a model or an automaton can't keep is refused when the job begins. */
export function constraintOf(format: ResponseFormat | undefined): Partial<FlatSamplingOptions> {
  if (format === undefined || format.type === 'text') return {};
  const jsonSchema = format.type === 'json_object' ? objectOf(2) : format.json_schema.schema;
  return { jsonSchema };
}

/** Any object, whose values are nested so deep at most: no automaton can count further levels than it has states for. */
function objectOf(levels: number): JsonSchema {
  return { type: 'object', additionalProperties: valueOf(levels) };
}

function valueOf(levels: number): JsonSchema {
  const plain = { type: ['string', 'number', 'boolean', 'null'] };
  if (levels === 0) return plain;
  return { anyOf: [plain, { type: 'array', items: valueOf(levels - 1) }, objectOf(levels - 1)] };
}
