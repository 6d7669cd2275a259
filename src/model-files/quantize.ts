import type { z } from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { startTask, type Task, type TaskOptions } from '../base/task.ts';
import { modelDirectory } from './locate.ts';
import type { OpenedModel } from '../model/open.ts';
import { type Comparison, prepareComparison } from './quantisation-error.ts';
import { quantizeSchema } from './quantize-options.ts';
import {
  openUnquantised,
  type QuantisationRecord,
  quantiseModel,
  quantiseToCache,
  recordPredictions,
  type SmallFormat,
} from './quantised-copy.ts';

/** Of the numbers of a model, how many are rounded. */
export interface QuantizeProgress {
  readonly done: number;
  readonly total: number;
}

/** The options of `quantize`, and how its progress is told. */
export interface QuantizeOptions extends z.input<typeof quantizeSchema>, TaskOptions<QuantizeProgress> {
  /** Is told what takes long, the weights of a GGUF file being written the first time, and what was begun before. */
  readonly note?: (text: string) => void;
}

/** For the comparison of a model that is rounded in less than three times as many. */
const leastSeconds = 20;

/** A model in fewer bits. */
export interface Quantized {
  /** Its directory. */
  readonly path: string;
  readonly format: SmallFormat;
  /** Of its weights, and of those of the model that it was made from. */
  readonly bytes: number;
  readonly sourceBytes: number;
  /** What rounding did to the weights. */
  readonly error: QuantisationRecord['error'];
  /** What it did to the predictions, where that was measured. */
  readonly predictions?: NonNullable<QuantisationRecord['predictions']>;
}

/**
 * Stores a model's weights in fewer bits, as `unmask quantize` does, and says what that changes.
 *
 *     const { path, predictions } = await quantize('runs/mine', { weights: 'int4' });
 *
 * @param model  a directory, a run, a GGUF file, or `org/name` from the cache
 * @throws InvalidOptionError  for a model that is in blocks already, or one too large to be compared
 * @throws FileError           for files that can't be read or written
 */
export function quantize(
  model: string,
  { signal: stop, onProgress, note, ...request }: QuantizeOptions,
): Task<Quantized, QuantizeProgress> {
  return startTask(
    async ({ note: progress, signal }) => {
      const { weights: format, out, compare, text } = checkOptions(quantizeSchema, request);
      const source = await openUnquantised(await modelDirectory(model, note));
      const start = performance.now();
      const comparison = compare ? await comparisonOn(source, text, note) : undefined;
      const making = { onProgress: (done: number, total: number) => progress({ done, total }), note, signal };
      const { place, record } =
        out === undefined
          ? await quantiseToCache(source, format, making)
          : { place: out, record: await quantiseModel(source, out, format, making) };
      // a quarter of the whole time, or a little where that is nothing
      const seconds = Math.max(leastSeconds, (performance.now() - start) / 3000);
      const predictions = await comparison?.measure(place, { seconds, signal });
      if (predictions) await recordPredictions(place, record, predictions);
      return {
        path: place,
        format,
        bytes: record.bytes,
        sourceBytes: source.weights.totalBytes,
        error: record.error,
        ...(predictions && { predictions }),
      };
    },
    { signal: stop, onProgress },
  );
}

/** Of a tokenizer that can't read the text that ships, nothing is compared unless another is given. */
async function comparisonOn(
  source: OpenedModel,
  text: string | undefined,
  note: QuantizeOptions['note'],
): Promise<Comparison | undefined> {
  try {
    return await prepareComparison(source, text);
  } catch (error) {
    if (text !== undefined || !(error instanceof InvalidOptionError && error.option === 'text')) throw error;
    note?.(`predictions are not compared on the text that ships (${error.message}); give one of yours`);
    return undefined;
  }
}
