import type { CommandTable } from './program.ts';

/** The whole command line. */
export const commands: CommandTable = {
  demo: () => import('./commands/demo.ts'),
  generate: () => import('./commands/generate.ts'),
  chat: () => import('./commands/chat.ts'),
  infill: () => import('./commands/infill.ts'),
  edit: () => import('./commands/edit.ts'),
  score: () => import('./commands/score.ts'),
  evaluate: () => import('./commands/evaluate.ts'),
  judge: () => import('./commands/judge.ts'),
  train: () => import('./commands/train.ts'),
  finetune: () => import('./commands/finetune.ts'),
  distill: () => import('./commands/distill.ts'),
  runs: () => import('./commands/runs.ts'),
  compare: () => import('./commands/compare.ts'),
  merge: () => import('./commands/merge.ts'),
  pull: () => import('./commands/pull.ts'),
  serve: () => import('./commands/serve.ts'),
  batch: () => import('./commands/batch.ts'),
  studio: () => import('./commands/studio.ts'),
  inspect: () => import('./commands/inspect.ts'),
  quantize: () => import('./commands/quantize.ts'),
  bench: () => import('./commands/bench.ts'),
  doctor: () => import('./commands/doctor.ts'),
  completion: async () => {
    const { completionCommand } = await import('./commands/completion.ts');
    return { default: completionCommand(commands) };
  },
};
