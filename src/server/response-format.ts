import { z } from 'zod';
import { type SamplingOptions, samplingSchema } from '../sampling/options.ts';
import { HttpError } from './http-error.ts';

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

/**
 * The constraint of a response format. What can't be kept is refused, never dropped.
 *
 * @throws HttpError 400
 */
export function constraintOf(format: ResponseFormat | undefined): Partial<SamplingOptions> {
  if (format === undefined || format.type === 'text') return {};
  const jsonSchema = format.type === 'json_object' ? { type: 'object' } : format.json_schema.schema;
  if (!('jsonSchema' in samplingSchema.shape))
    throw new HttpError(400, 'response_format: only text can be written', { param: 'response_format' });
  return { jsonSchema } as Partial<SamplingOptions>;
}
