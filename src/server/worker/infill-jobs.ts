import { nextTurn } from '../../base/next-turn.ts';
import { countOf } from '../../language-model/doubts.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import type { EditRequest, Model } from '../../language-model/language-model.ts';
import type { Frame } from '../../sampling/sample.ts';
import type { SampleStats } from '../../sampling/stats.ts';
import { checkCandidates, checkSteps } from '../http/limits.ts';
import type { JobContext } from './job-context.ts';
import { conversation } from './conversation.ts';
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
  { sampling, candidates, view, logitBias }: Job,
  { signal, emit }: JobContext,
): Promise<Result> {
  const region = new FrameStream(model);
  const { seed = 0 } = sampling;
  let steps = 0;
  const watch = {
    signal,
    candidates,
    logitBias,
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
      const filled = await model.infill({ ...options, parts, seed, ...watch });
      const { text, tokens, searched, stats } = filled;
      const holes = filled.holes.map((hole) => ({ text: hole.text, tokens: hole.tokens.length }));
      const promptTokens = tokens.length - holes.reduce((sum, hole) => sum + hole.tokens, 0);
      return { ...result(stats, { text, promptTokens, scored: searched }), holes };
    }
    case 'edit': {
      const { text, spans, options } = task;
      const before = givenBefore(model, task);
      const edited = await model.edit({ ...options, ...before, text, spans, seed, ...watch });
      // to whom a draft is an answer, its text is what is told of it
      if (task.behind) await emit({ text: edited.text, tokens: [] });
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

/** What a text to be edited stands behind, as a model is asked. */
function givenBefore(
  { chatTemplate }: Model,
  { behind }: Extract<FillingTask, { kind: 'edit' }>,
): Pick<EditRequest, 'prompt' | 'messages' | 'template'> {
  if (behind === undefined) return {};
  if (behind.kind === 'chat')
    return chatTemplate
      ? { messages: behind.turns, template: behind.tools && { tools: behind.tools } }
      : { prompt: conversation(behind.turns) };
  if (typeof behind.prompt === 'string') return { prompt: behind.prompt };
  throw new InvalidOptionError('prompt', 'must be a text where there is a draft', 'ids');
}
