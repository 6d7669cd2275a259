import { z } from 'zod';
import type { LoadOptions, Model } from '../language-model.ts';

/** The options of every command that runs a model. */
export const modelOptions = {
  model: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe(
      'a model directory, a run of unmask train, a GGUF file, or org/name after unmask pull; it may bring its own defaults for sampling [models/stories, which ships]',
    ),
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu').describe('where the network runs'),
};

/** Loads the model of a path, or the one that ships. */
export type LoadModel = (path: string | undefined, options: LoadOptions) => Promise<Model>;

/** The engine is loaded here and not before, so that help and mistakes don't wait for it. */
export const loadModel: LoadModel = async (path, options) => {
  const { load } = await import('../unmask.ts');
  const { shippedModel } = await import('../opened-model.ts');
  return load(path ?? shippedModel, options);
};
