import { distillSchema } from '../../training/distill-options.ts';
import type { Command } from '../command.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { visible } from '../terminal/visible.ts';

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
  async run(request, io) {
    const { distill } = await import('../../training/distill.ts');
    const clock = (): number => performance.now();
    const status = new StatusLine(io.stderr, clock, { liveMs: 250, plainMs: 30_000 });
    const { directory, model, step, finished } = await distill(request, {
      output: io.stderr,
      clock,
      now: () => new Date(),
      stop: io.signal,
      visible,
      onText(done, all) {
        if (done === all) status.end();
        else if (status.isDue) status.show(`writing careful texts: ${done} of ${all}`);
      },
    });
    if (!finished) {
      io.stderr.write(`stopped after step ${step}; unmask distill --resume ${directory} goes on\n`);
      return 130;
    }
    io.stdout.write(`${model}\n`);
    return 0;
  },
};

export default distillCommand;
