import { dirname } from 'node:path';
import { distillSchema } from '../../training/distill-options.ts';
import type { Command } from '../command.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { TrainingView } from '../terminal/training-view.ts';
import { json, tellEnd } from './train.ts';

const options = distillSchema.extend({ json });

const distillCommand: Command<typeof options> = {
  summary: 'Distils a model from its own careful texts, so that it writes several tokens a forward',
  options,
  positionals: ['from', 'data'],
  examples: [
    [
      'unmask distill models/stories models/stories/stories.jsonl.gz --out runs/quick',
      'writes texts, then learns',
    ],
    ['unmask distill --resume runs/quick', 'resumes where it was stopped'],
    ['unmask generate --model runs/quick/run --strategy threshold --tau 0.8', 'several tokens a forward'],
  ],
  async run({ json, ...request }, io) {
    const { distill } = await import('../../library/distill.ts');
    const { stdout, stderr, signal } = io;
    const clock = (): number => performance.now();
    const status = new StatusLine(stderr, clock, { liveMs: 250, plainMs: 30_000 });
    const view = new TrainingView(stderr, clock);
    try {
      const run = await distill(request, {
        signal,
        onProgress(event) {
          if (json) stdout.write(`${JSON.stringify(event)}\n`);
          else if (event.kind !== 'text') view.show(event);
          else if (event.done === event.all) status.end();
          else if (status.isDue) status.show(`writing careful texts: ${event.done} of ${event.all}`);
        },
      });
      view.end();
      return tellEnd(run, { resume: `distill --resume ${dirname(run.directory)}`, json }, io);
    } finally {
      view.end();
      status.end();
    }
  },
};

export default distillCommand;
