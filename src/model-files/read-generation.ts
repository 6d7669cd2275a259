import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readModelConfig } from '../checkpoint/directory.ts';
import { readJsonObject } from '../checkpoint/read-json.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { familyOf } from '../model/families/families.ts';
import type { SamplingKeys } from '../model/families/generation-config.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import { generationIn, type GenerationDefaults, withTrainedBlocks } from './generation-defaults.ts';

/** What generation_config.json of a directory says, where there is one. @throws FileError  as `generationIn` */
export async function generationOf(directory: string, keys?: SamplingKeys): Promise<GenerationDefaults> {
  const path = join(directory, 'generation_config.json');
  const json = existsSync(path)
    ? await readJsonObject(await resolveInside(directory, 'generation_config.json'))
    : undefined;
  return generationIn(json, path, keys);
}

/**
 * How the model of a directory is sampled unless somebody says otherwise; nothing else of it is read.
 *
 * @throws FileError, UnsupportedError  as opening it would
 */
export async function readSamplingDefaults(directory: string): Promise<Partial<FlatSamplingOptions>> {
  const { path, config } = await readModelConfig(directory);
  const family = familyOf(config, path);
  const { blockLength, sampling } = family.read(config, path);
  const { defaults } = await generationOf(directory, family.sampling);
  return withTrainedBlocks(blockLength, { ...sampling, ...defaults });
}
