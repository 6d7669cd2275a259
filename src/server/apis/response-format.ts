import { z } from 'zod';
import type { FlatSamplingOptions } from '../../sampling/options.ts';

const name = z.string().max(64).optional();

const schema = z.record(z.string(), z.unknown());

/** OpenAI's response_format. */
export const responseFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  // llama.cpp's clients give a schema here, too
  z.object({ type: z.literal('json_object'), schema: schema.optional() }),
  z
    .strictObject({
      type: z.literal('json_schema'),
      json_schema: z
        .object({
          name,
          description: z.string().nullish(),
          strict: z.boolean().nullish(),
          schema,
        })
        .optional(),
      // llama.cpp's clients give it here
      schema: schema.optional(),
    })
    .refine(
      (format) => (format.json_schema === undefined) !== (format.schema === undefined),
      'must have a json_schema with a schema',
    ),
]);

/** What OpenAI's `response_format` asks for, checked. */
export type ResponseFormat = z.output<typeof responseFormatSchema>;

/** The constraint of a response format. What a model or an automaton can't keep is refused when the job begins. */
export function constraintOf(format: ResponseFormat | undefined): Partial<FlatSamplingOptions> {
  if (format === undefined || format.type === 'text') return {};
  // an automaton can't count levels without end: values of an object are nested twice
  if (format.type === 'json_schema') return { jsonSchema: format.json_schema?.schema ?? format.schema! };
  return { jsonSchema: format.schema ?? { type: 'object' } };
}
