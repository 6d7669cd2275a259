import type { LoadOptions } from '../model-files/open-model.ts';
import { createModel } from './create-model.ts';
import type { Model } from './language-model.ts';
import { openModelWithTokenizer } from '../model-files/open-model.ts';

/**
 * Loads a model.
 *
 * @param path  a model directory as Hugging Face calls one (config.json, model*.safetensors, tokenizer.json), a run of
 *   `unmask train`, a GGUF file of llama.cpp, or `org/name` of the hub, which has to be in the cache: `pull` downloads it,
 *   `load` doesn't
 * @throws FileError         when something is missing, damaged or contradicts itself
 * @throws UnsupportedError  for a family, a type of numbers or a device that can't be used here
 */
export async function load(path: string, options: LoadOptions = {}): Promise<Model> {
  return createModel(await openModelWithTokenizer(path, options));
}
