import { finetuneSchema } from '../../training/finetune-options.ts';
import type { Command } from '../command.ts';
import { trainAndTell } from './train.ts';

/** A longer context than this is asked for by name. */
const longestUsual = 1024;

const finetune: Command<typeof finetuneSchema> = {
  summary: 'Teaches a model to answer, from conversations; saves as it goes and resumes to the same bits',
  options: finetuneSchema,
  positionals: ['from', 'data'],
  examples: [
    ['unmask finetune models/stories talk.jsonl --out runs/talk', 'the model that ships learns to talk'],
    ['unmask chat --model runs/talk', 'talks with it'],
    [
      'unmask finetune runs/talk pairs.jsonl --learn preferences --out runs/better',
      'learns from pairs of answers, one chosen, one rejected',
    ],
    ['unmask finetune --resume runs/talk', 'goes on where it was stopped'],
  ],
  async run(options, io) {
    if (options.resume !== undefined) return trainAndTell(options, io, 'finetune');
    return trainAndTell(
      {
        ...options,
        length: options.length ?? (await usualLength(options.from)),
        learn: options.learn ?? 'answers',
      },
      io,
      'finetune',
    );
  },
};

async function usualLength(model: string | undefined): Promise<number | undefined> {
  if (model === undefined) return undefined;
  const { openModel } = await import('../../model/open.ts');
  const { modelDirectory } = await import('../../model-files/open-model.ts');
  const { config, network } = await openModel(await modelDirectory(model));
  await network.close();
  return Math.min(longestUsual, config.transformer.maxLength);
}

export default finetune;
