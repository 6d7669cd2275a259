import { FileError, show, UnsupportedError } from '../../base/errors.ts';
import { diffusionGemma } from './diffusion-gemma.ts';
import { llada } from './llada.ts';
import { lladaMoe } from './llada-moe.ts';
import { llada2 } from './llada2.ts';
import { a2dLlama, a2dQwen2, a2dQwen3, dreamFamily, llama, qwen2, qwen3, sdar } from './llama.ts';
import type { Family } from './family.ts';

/** Every family that can be loaded. */
export const families: readonly Family[] = [
  llada,
  lladaMoe,
  llada2,
  dreamFamily,
  a2dLlama,
  a2dQwen2,
  a2dQwen3,
  sdar,
  llama,
  qwen2,
  qwen3,
  diffusionGemma,
];

/** @throws FileError, UnsupportedError  where config.json names no architecture that there is */
export function familyOf(json: Readonly<Record<string, unknown>>, path: string): Family {
  const known = families.map(({ architecture }) => architecture);
  const names = json.architectures;
  if (!Array.isArray(names))
    throw new FileError(path, `architectures to name one of ${known.join(', ')}`, show(names));
  const family = families.find(({ architecture }) => names.includes(architecture));
  if (!family)
    throw new UnsupportedError(
      `${path}: architecture ${show(names[0])} is not supported; supported are ${known.join(', ')}`,
    );
  return family;
}
