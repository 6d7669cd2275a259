import type { LoadOptions } from '../model-files/open-model.ts';
import { z } from 'zod';
import type { Model } from '../language-model/language-model.ts';
import { devices } from '../runtime/device.ts';
import { duration } from '../base/format-duration.ts';
import { weightFormats } from '../model/weight-format.ts';
import type { HelpDefaults, Io } from './command.ts';
import { visible } from './terminal/visible.ts';

/** The options of every command that runs a model. */
export const modelOptions = {
  model: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe(
      'a model directory, the name of one that ships, a run of unmask train, a GGUF file, or org/name after unmask pull; it may bring its own defaults for sampling [models/stories, which ships]',
    ),
  adapter: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('an adapter (LoRA) for the model: a directory as PEFT has it, or a run of unmask finetune'),
  device: z.enum(devices).default('cpu').describe('where the network runs'),
  weights: z
    .enum(['auto', ...weightFormats])
    .default('auto')
    .describe(
      'how weights are kept in memory: auto is as they are stored, 16 bits as f32, or the largest format that fits; a copy in fewer bits is made once',
    ),
};

/** What a person asks of a model: `modelOptions`, checked. */
export interface ModelChoice extends LoadOptions {
  readonly model?: string;
}

/** Loads the model that is asked for, or the one that ships. */
export type LoadModel = (choice: ModelChoice, io: Io) => Promise<Model>;

/** The engine is loaded here and not before, so that help and mistakes don't wait for it. */
export const loadModel: LoadModel = async ({ model, ...options }, io) => {
  const { load } = await import('../language-model/load.ts');
  const { shippedModel } = await import('../model-files/locate.ts');
  const note = (text: string): void => void io.stderr.write(`${visible(text)}\n`);
  const watching = { note, onQuantising: weightsProgress(io), signal: io.signal };
  return load(model ?? shippedModel, { ...watching, ...options });
};

/**
 * How the model that a command line names is sampled where it says nothing, for help.
 *
 * @param shipped  the model that is taken where none is named
 */
export const samplingDefaultsOf =
  (shipped: 'stories' | 'talk') =>
  async (given: (flag: string) => string | undefined): Promise<HelpDefaults> => {
    const { modelDirectory, modelFile, shippedModels } = await import('../model-files/locate.ts');
    const { readSamplingDefaults } = await import('../model-files/read-generation.ts');
    const model = given('model');
    // a GGUF file has no defaults for sampling, and would be written out as a directory
    if (model !== undefined && (await modelFile(model)) !== undefined) return { of: model, values: {} };
    const directory = await modelDirectory(model ?? shippedModels[shipped]);
    return { of: model ?? `models/${shipped}`, values: await readSamplingDefaults(directory) };
  };

/** A program that reads lines of progress has one so often. */
export const followedMs = 1000;

/**
 * Says on stderr how far the quantising is: on a terminal in one line that changes, else at the beginning alone, or, where a
 * program follows it, every second.
 */
export function weightsProgress(
  { stderr }: Io,
  { isFollowed = false } = {},
): (done: number, total: number) => void {
  let shown = -1;
  let shownMs = -Infinity;
  const startMs = performance.now();
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown) return;
    const leftMs = ((performance.now() - startMs) * (total - done)) / done;
    const left = percent < 100 ? `, ${duration(leftMs)} left` : '';
    const line = `quantising the weights: ${percent} %${left}`;
    // spaces wipe out what was longer
    if (stderr.isTTY) stderr.write(`\r${line.padEnd(60)}${percent === 100 ? '\n' : ''}`);
    else if (isFollowed && performance.now() - shownMs >= followedMs) {
      stderr.write(`${line}\n`);
      shownMs = performance.now();
    } else if (shown === -1) stderr.write('quantising the weights\n');
    shown = percent;
  };
}
