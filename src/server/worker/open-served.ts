import { isQuantisedCopy } from '../../model-files/quantised-copy.ts';
import {
  type LoadOptions,
  type ModelWithTokenizer,
  openModelWithTokenizer,
} from '../../model-files/open-model.ts';

/** Opens a model as the server was asked to open all; a copy with rounded weights, which has one format alone, in that. */
export const openServed = (path: string, options: LoadOptions): Promise<ModelWithTokenizer> =>
  openModelWithTokenizer(path, isQuantisedCopy(path) ? { ...options, weights: 'auto' } : options);
