import { z } from 'zod';
import type { Command } from '../command.ts';

const options = z.strictObject({
  model: z.string().meta({ placeholder: 'path' }).describe('the model that the adapter was made for'),
  adapter: z
    .string()
    .meta({ placeholder: 'path' })
    .describe('an adapter (LoRA): a directory as PEFT has it, or a run of unmask finetune'),
  out: z.string().meta({ placeholder: 'directory' }).describe('where the new model goes'),
});

const merge: Command<typeof options> = {
  summary: 'Writes a model with the changes of an adapter in its weights',
  options,
  positionals: ['model', 'adapter', 'out'],
  examples: [['unmask merge models/mine runs/lora models/merged', 'a model directory like any other']],
  async run({ model, adapter, out }, io) {
    const { mergeAdapter } = await import('../../model-files/merge-adapter.ts');
    await mergeAdapter(model, adapter, out);
    io.stdout.write(`${out}\n`);
  },
};

export default merge;
