import { finetuneSchema } from '../../training/finetune-options.ts';
import { type Command, UsageError } from '../command.ts';
import { distributed } from '../ranks.ts';
import { json, watchRun } from './train.ts';

const options = finetuneSchema.extend({ json, distributed });

const command: Command<typeof options> = {
  summary:
    'Fine-tunes a model on conversations or preferences; saves as it goes and resumes to the same bits',
  options,
  positionals: ['from', 'data'],
  examples: [
    ['unmask finetune models/stories talk.jsonl --out runs/talk', 'the model that ships learns to talk'],
    ['unmask chat --model runs/talk', 'talks with it'],
    [
      'unmask finetune runs/talk pairs.jsonl --learn preferences --out runs/better',
      'learns from pairs of answers, one chosen, one rejected',
    ],
    ['unmask finetune --resume runs/talk', 'resumes where it was stopped'],
  ],
  async run({ distributed, json, ...asked }, io) {
    const { resume, from, data, ...options } = asked;
    const how = { io, json, distributed, command: 'finetune', options: asked };
    const { finetune, train } = await import('../../library/train.ts');
    if (resume !== undefined)
      return watchRun((watching) => train({ ...options, from, data, resume }, watching), how);
    const model = required('from', from);
    const rows = required('data', data);
    return watchRun((watching) => finetune(model, rows, options, watching), how);
  },
};

/** @throws UsageError  where it is absent */
function required<Value>(key: 'from' | 'data', value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new UsageError(`--${key} is needed: ${finetuneSchema.shape[key].description}`);
}

export default command;
