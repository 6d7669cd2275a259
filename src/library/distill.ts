import { startTask, type Task, type TaskOptions } from '../base/task.ts';
import { checkOptions } from '../base/options.ts';
import { runDistillation } from '../training/distill.ts';
import { type DistillRequest, distillSchema } from '../training/distill-options.ts';
import type { TrainingEvent } from '../training/run/events.ts';
import { openRun, type TrainingRun } from './open-run.ts';

/** What a distillation tells on the way: the texts that are written, then the run. */
export type DistillEvent =
  | { readonly kind: 'text'; readonly done: number; readonly all: number }
  | TrainingEvent;

/**
 * Teaches a masked diffusion model to write several tokens a forward, as `unmask distill` does: it writes texts one token a
 * denoising step, and learns to be sure of what it predicts rightly in them. Stopped at any moment, the same call goes on.
 *
 *     const run = await distill({ from: shippedModel, data: ['stories.jsonl'], out: 'runs/quick' });
 *
 * @throws InvalidOptionError  where the options are not those that the directory was begun with
 * @throws FileError           for a model or text that can't be used
 */
export function distill(
  request: DistillRequest,
  options: TaskOptions<DistillEvent> = {},
): Task<TrainingRun, DistillEvent> {
  return startTask(async ({ tell, note, signal }) => {
    const { run } = await runDistillation(checkOptions(distillSchema, request), {
      tell,
      note,
      stop: signal,
      clock: () => performance.now(),
      now: () => new Date(),
      onText: (done, all) => tell({ kind: 'text', done, all }),
    });
    return openRun(run);
  }, options);
}
