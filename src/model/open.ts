import { dirname, relative } from 'node:path';
import { readModelConfig } from '../checkpoint/directory.ts';
import { openWeights } from '../checkpoint/open-weights.ts';
import type { Weights } from '../checkpoint/weights.ts';
import type { Device } from '../runtime/device.ts';
import { readAdapter } from './adapter-files.ts';
import { checkModel, ggufEntries, located } from './checked-model.ts';
import type { TensorNames } from './config.ts';
import { familyOf } from './families/families.ts';
import type { Family, ModelConfig } from './families/family.ts';
import { ggufStored } from './gguf/stored-weights.ts';
import { type Network, openNetwork, type StoredWeights } from './network.ts';
import { graphParts } from './parts.ts';
import { storageOf } from './storage.ts';
import { isBlockFormat, keepsStoredTypes, type KeptFormat, type WeightFormat } from './weight-format.ts';

/** A model directory, checked, with its network ready to run. */
export interface OpenedModel {
  readonly family: Family;
  readonly config: ModelConfig;
  /** The names of the tensors in this directory, of those that the family has. */
  readonly names: TensorNames;
  /** config.json as it is. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly weights: Weights;
  /** How the network keeps its weights in memory. */
  readonly format: KeptFormat;
  /** Where the network has them from. */
  readonly stored: StoredWeights;
  readonly network: Network;
}

/** How a model directory is opened. */
export interface OpenOptions {
  readonly device?: Device;
  readonly threads?: number;
  /** How the weights are kept in memory. Default: as they are stored, and 16 bits widened to 32. */
  readonly weights?: WeightFormat;
  /** The directory of an adapter that changes it. */
  readonly adapter?: string;
}

/**
 * Opens a model directory as Hugging Face lays it out, or as `quantise` does. Nothing is copied: the network reads its
 * weights from the files.
 *
 * @throws InvalidOptionError  when the weights aren't stored so that they could be kept as `weights` asks
 * @throws FileError         when the directory, its config or its weights are not as they should be
 * @throws UnsupportedError  when it is of another family, or asks for an option that we do not have
 */
export async function openModel(
  directory: string,
  { weights: asked, adapter, ...options }: OpenOptions = {},
): Promise<OpenedModel> {
  const { path, config: json } = await readModelConfig(directory);
  const family = familyOf(json, path);
  const said = family.read(json, path);
  const weights = await openWeights(directory, family.partsOf);
  const { config, names, format } = checkModel({ path, json, family, config: said, weights }, asked);
  const { transformer } = config;
  const ofGguf = ggufEntries(weights);

  const files = new Set([...Array.from(weights.entries.values(), ({ file }) => file), path]);
  const folder = commonFolder(files);
  const made =
    ofGguf.length > 0 && !isBlockFormat(format)
      ? ggufStored(ofGguf, storageOf(transformer, names, 'int8'), format, {
          folder,
          directory: dirname(path),
        })
      : undefined;
  const locationOf = (file: string) => relative(folder, file);
  const locate = (name: string) => made?.located.get(name) ?? located(weights, locationOf, name, format);
  const parts = graphParts(weights.totalBytes, transformer.layers, options);
  const stored = { folder, locate, source: made?.source, keepTypes: keepsStoredTypes(format), parts };
  const adapted = { config: transformer, names, weights };
  const changes = adapter === undefined ? undefined : await readAdapter(adapter, adapted);
  const network = openNetwork(transformer, names, stored, { ...options, adapter: changes });
  return { family, config, names, json, weights, format, stored, network };
}

/** The folder that all files are in: shards in the hub's cache may be links to different ones. */
function commonFolder(files: ReadonlySet<string>): string {
  const [first, ...rest] = files;
  let folder = dirname(first);
  while (rest.some((file) => relative(folder, file).startsWith('..'))) folder = dirname(folder);
  return folder;
}
