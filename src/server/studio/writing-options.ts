import { z } from 'zod';
import { editingSchema } from '../../language-model/edit-options.ts';
import { fillingSchema, samplingSchema } from '../../sampling/options.ts';
import { optionsOfStrategy, strategyNames } from '../../sampling/strategy-table.ts';

/** What a request may say, as JSON Schema. */
export const schemaOf = (schema: z.ZodObject): object =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** What may be asked of the verbs that write, and which options each strategy has beside those that all have. */
export const writingOptions = (): object => ({
  sampling: schemaOf(samplingSchema),
  infill: schemaOf(fillingSchema),
  edit: schemaOf(editingSchema),
  strategies: Object.fromEntries(strategyNames.map((name) => [name, schemaOf(optionsOfStrategy(name))])),
});
