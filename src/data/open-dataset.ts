import { join } from 'node:path';
import { InvalidOptionError } from '../base/errors.ts';
import { type LoadedTokenizer, requireEndId } from '../tokenizer/load.ts';
import { type Dataset, type DatasetOptions, datasetOf } from './dataset.ts';
import { openTokens, textReading } from './token-store.ts';

/**
 * Opens the data of a run: read and tokenised once, then kept in `directory`/tokens.
 *
 * @throws FileError           where there is no text, or too much of it cannot be read
 * @throws InvalidOptionError  for a stream shorter than a window
 */
export async function openDataset(
  options: DatasetOptions,
  tokenizer: LoadedTokenizer,
  directory: string,
  note?: (line: string) => void,
  signal?: AbortSignal,
): Promise<Dataset> {
  const { data, length, field, separator, maximumBadShare } = options;
  if (!Number.isSafeInteger(length) || length < 1)
    throw new InvalidOptionError('length', 'must be a whole number of tokens, at least 1', length);
  requireEndId(tokenizer, tokenizer.path); // before the text is read
  const cache = join(directory, 'tokens');
  const reading = textReading(tokenizer, { field, separator });
  const store = await openTokens(data, tokenizer, reading, { maximumBadShare, cache, note, signal });
  return datasetOf(store, tokenizer, options);
}
