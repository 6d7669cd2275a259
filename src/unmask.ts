import { assemble } from './assemble.ts';
import type { LoadOptions, Model } from './language-model.ts';
import { openModelFiles, openTokenizer, storedWeights } from './model-files.ts';
import { openNetwork } from './model/network.ts';

/**
 * Loads a model.
 *
 * @param path  a model directory as Hugging Face calls one (config.json, model*.safetensors, tokenizer.json), or a run
 *   of `unmask train`
 * @throws FileError         when something is missing, damaged or contradicts itself
 * @throws UnsupportedError  for a family, a type of numbers or a device that can't be used here
 */
export async function load(path: string, { device }: LoadOptions = {}): Promise<Model> {
  const files = await openModelFiles(path);
  const tokenizer = await openTokenizer(files);
  const { family, config, endIds } = files;
  const network = openNetwork(config.transformer, family.names, storedWeights(files), { device });
  return assemble({ network, tokenizer, maskId: tokenizer.maskId, endIds });
}
