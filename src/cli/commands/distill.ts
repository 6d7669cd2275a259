import { dirname } from 'node:path';
import { distillSchema } from '../../training/distill-options.ts';
import type { Command } from '../command.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { TrainingView } from '../terminal/training-view.ts';

const distillCommand: Command<typeof distillSchema> = {
  summary: 'Teaches a model to write several tokens a forward, from its own careful texts',
  options: distillSchema,
  positionals: ['from', 'data'],
  examples: [
    [
      'unmask distill models/stories models/stories/stories.jsonl.gz --out runs/quick',
      'writes texts, then learns',
    ],
    ['unmask distill --resume runs/quick', 'goes on where it was stopped'],
    ['unmask generate --model runs/quick/run --strategy threshold --tau 0.8', 'several tokens a forward'],
  ],
  async run(request, { stdout, stderr, signal }) {
    const { distill } = await import('../../library/distill.ts');
    const clock = (): number => performance.now();
    const status = new StatusLine(stderr, clock, { liveMs: 250, plainMs: 30_000 });
    const view = new TrainingView(stderr, clock);
    try {
      const run = await distill(request, {
        signal,
        onProgress(event) {
          if (event.kind !== 'text') view.show(event);
          else if (event.done === event.all) status.end();
          else if (status.isDue) status.show(`writing careful texts: ${event.done} of ${event.all}`);
        },
      });
      view.end();
      if (run.isFinished) {
        stdout.write(`${run.modelDirectory}\n`);
        return 0;
      }
      stderr.write(
        `stopped after step ${run.step}; unmask distill --resume ${dirname(run.directory)} goes on\n`,
      );
      return 130;
    } finally {
      view.end();
      status.end();
    }
  },
};

export default distillCommand;
