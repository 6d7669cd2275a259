import * as z from 'zod';
import { FileError } from '../base/errors.ts';
import { type FlatSamplingOptions, samplingSchema } from '../sampling/options.ts';

/** A way to write with a model, and what was measured of its texts. */
export interface MeasuredPreset {
  readonly name: string;
  /** What it sets beside the model's own defaults. */
  readonly options: Partial<FlatSamplingOptions>;
  /** Tokens a forward, and what the texts are worth by what measure, in words. */
  readonly measured: string;
}

const presetsSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(40),
      options: samplingSchema,
      measured: z.string().min(1).max(400),
    }),
  )
  .max(12);

/** The ways to write that generation_config.json has as `unmask_presets`; none where it has no such key. @throws FileError */
export function presetsIn(
  { unmask_presets: given = [] }: Readonly<Record<string, unknown>>,
  path: string,
): MeasuredPreset[] {
  const { error } = presetsSchema.safeParse(given);
  // as they are given: parsed, they would have the program's defaults in place of the model's
  if (!error) return given as MeasuredPreset[];
  const { path: place, message } = error.issues[0];
  throw new FileError(
    path,
    'unmask_presets to be ways to write, each with name, options, measured',
    `${place.join('.')}: ${message}`,
    undefined,
    { cause: error },
  );
}
