import { z } from 'zod';
import type { PullOptions, Pulled } from '../../hub/pull.ts';
import type { Command, Io } from '../command.ts';
import { followedMs } from '../load-model.ts';
import { TransferView } from '../terminal/transfer-view.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  model: z
    .string()
    .meta({ placeholder: 'name' })
    .describe(
      'org/name, with @revision for a branch, tag or commit, with :file.gguf for a file of that kind',
    ),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

/** `unmask pull`, the one command that downloads. */
const command: Command<typeof options> = {
  summary: 'Downloads a model of the Hugging Face hub into the cache; resumes where it was stopped',
  options,
  positionals: ['model'],
  examples: [
    ['unmask pull GSAI-ML/LLaDA-8B-Instruct', 'the files that it needs, about 16 GB'],
    ['unmask generate --model GSAI-ML/LLaDA-8B-Instruct "Hello"', 'takes it from the cache'],
    [
      'HF_HUB_CACHE=/big/disk unmask pull org/name@v1.0',
      'a revision, to another place; HF_TOKEN and HF_ENDPOINT are read, too',
    ],
  ],
  async run({ model, json }, io) {
    const [{ pull }, { hubSettings }] = await Promise.all([
      import('../../hub/pull.ts'),
      import('../../hub/settings.ts'),
    ]);
    const view = new TransferView(io.stderr, () => performance.now(), json ? followedMs : undefined);
    try {
      const pulled = await pull(model, { settings: hubSettings(io.env), ...told(view, io) });
      view.end();
      io.stdout.write(json ? `${JSON.stringify(pulled)}\n` : report(pulled));
    } catch (error) {
      view.end();
      if (io.signal.aborted) io.stderr.write(`stopped; unmask pull ${visible(model)} goes on from here\n`);
      throw error;
    }
  },
};

export default command;

const told = (view: TransferView, io: Io): PullOptions => ({
  signal: io.signal,
  onProgress: (progress) => view.show(progress),
  onNote: (sentence) => view.note(visible(sentence)),
});

const report = ({ path }: Pulled): string => `${visible(path)}\n`;
