import { nextTurn } from '../../base/next-turn.ts';
import { countOf } from '../../language-model/doubts.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Frame } from '../../sampling/sample.ts';
import type { SampleStats } from '../../sampling/stats.ts';
import { checkCandidates, checkSteps } from '../http/limits.ts';
import type { JobContext } from './job-context.ts';
import type { FillingTask, Job, Result } from './protocol.ts';
import { type PlacedHole, FrameStream } from './frame-stream.ts';

/**
 * Writes into a given text, or reads how likely it is. The event loop gets its turn after every step.
 *
 * @param emit  is given each step, if the job has a view of frames
 * @throws InvalidOptionError  for what this model can't do
 */
export async function runFilling(
  model: Model,
  task: FillingTask,
  { sampling, candidates, view }: Job,
  { signal, emit }: JobContext,
): Promise<Result> {
  const region = new FrameStream(model);
  const { seed = 0 } = sampling;
  let steps = 0;
  const watch = {
    signal,
    candidates,
    onFrame: async (frame: Frame, holes: readonly PlacedHole[]): Promise<void> => {
      if (frame.step > 0) steps += 1;
      else checkCandidates(frame.tokens, model.maskId, candidates);
      region.read(frame);
      if (view === 'frames') await emit({ text: '', tokens: [], frame: region.tell(frame, holes) });
      await nextTurn();
    },
  };
  const result = (stats: SampleStats, more: Pick<Result, 'text' | 'promptTokens' | 'scored'>): Result => ({
    tokens: [],
    finish: 'stop',
    completionTokens: stats.tokens,
    seed,
    steps,
    forwards: stats.forwards,
    ms: stats.ms,
    firstTokenMs: stats.firstTokenMs,
    ...more,
  });

  if (task.kind !== 'doubts') checkSteps(task.options, model.config.maxLength);
  switch (task.kind) {
    case 'infill': {
      const { parts, options } = task;
      const { text, tokens, holes, searched, stats } = await model.infill({
        ...options,
        parts,
        seed,
        ...watch,
      });
      const written = holes.map((hole) => ({ text: hole.text, tokens: hole.tokens.length }));
      const promptTokens = tokens.length - written.reduce((sum, hole) => sum + hole.tokens, 0);
      return { ...result(stats, { text, promptTokens, scored: searched }), holes: written };
    }
    case 'edit': {
      const { text, spans, options } = task;
      const edited = await model.edit({ ...options, text, spans, seed, ...watch });
      return { ...result(edited.stats, { ...edited, promptTokens: countOf(edited.tokens) }), edited };
    }
    case 'doubts': {
      const { text } = task;
      const edited = await model.edit({ text, dryRun: true, signal });
      return { ...result(edited.stats, { ...edited, promptTokens: countOf(edited.tokens) }), edited };
    }
    default:
      return task satisfies never;
  }
}
