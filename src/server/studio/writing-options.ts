import { z } from 'zod';
import { editingSchema } from '../../language-model/edit-options.ts';
import { fillingSchema, samplingSchema } from '../../sampling/options.ts';

/** What a request may say, as JSON Schema. */
export const schemaOf = (schema: z.ZodObject): object =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** What may be asked of the verbs that write. */
export const writingOptions = (): object => ({
  sampling: schemaOf(samplingSchema),
  infill: schemaOf(fillingSchema),
  edit: schemaOf(editingSchema),
});
