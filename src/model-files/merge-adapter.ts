import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeModelDirectory } from '../checkpoint/directory.ts';
import type { FileContent } from '../checkpoint/file-content.ts';
import type { Numbers } from '../checkpoint/safetensors-pieces.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { adapterNames, merge } from '../model/adapter.ts';
import { readAdapter } from '../model/adapter-files.ts';
import { openModel } from '../model/open.ts';
import { isBlockFormat } from '../model/weight-format.ts';
import { modelDirectory, requireAdapter } from './locate.ts';
import { presentCompanions, readCompanion } from './quantised-copy.ts';
import { chatTemplateName } from '../tokenizer/files.ts';

/**
 * Writes a model directory with an adapter's changes in its weights, in the types that they are stored in.
 *
 * @param model  path of the model
 * @param out    a new directory, or an empty one
 * @throws InvalidOptionError  for a model in blocks: rounding again would lose what was learned
 * @throws FileError           for an adapter of another model, or a directory with something in it
 */
export async function mergeAdapter(model: string, adapter: string, out: string): Promise<void> {
  const { config, names, json, weights, format, network } = await openModel(await modelDirectory(model));
  await network.close();
  if (isBlockFormat(format))
    throw new InvalidOptionError(
      'model',
      `must be a model in floats; this one is stored as ${format}`,
      model,
    );
  const changes = requireAdapter(adapter);
  const live = await readAdapter(changes, { config: config.transformer, names, weights });
  const { matrices } = live.adapter;
  const arrays = live.arrays();
  const tensors = Array.from(weights.entries, ([name, { shape, dtype }]) => ({
    name,
    shape,
    dtype: dtype === 'F64' && matrices.has(name) ? 'F32' : dtype,
    async *data(): AsyncGenerator<Numbers> {
      const change = matrices.get(name);
      if (!change) {
        yield await weights.readRaw(name);
        return;
      }
      const { a, b } = adapterNames(name);
      const matrix = await weights.read(name);
      merge(matrix.data, arrays.get(a)!, arrays.get(b)!, change.scale);
      yield matrix.data;
    },
  }));
  const files = new Map<string, FileContent>();
  for (const name of presentCompanions(weights.directory))
    files.set(name, await readCompanion(weights.directory, name));
  if (existsSync(join(changes, chatTemplateName)))
    files.set(chatTemplateName, await readCompanion(changes, chatTemplateName));
  await writeModelDirectory(out, { config: json, weights: tensors, tokenizerFiles: files });
}
