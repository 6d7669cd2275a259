import { sideOf } from './digit-grid.ts';
import type { Asked } from './recording-file.ts';
import type { Cell, RecordedFrame, Recording } from './recording.ts';

/** What is asked of a whole text, and can't be of a part of it. */
const ofWholeTexts = ['regex', 'jsonSchema'] as const;

/**
 * How a text that was stopped goes on: what stands before its first mask is a beginning, and as much is written behind it as is
 * left; what stands behind that mask is written anew. Undefined where a part of it is no text to go on with.
 *
 * @param canvas  as it was when it was stopped
 */
export function restOf({ prompt, model, options }: Asked, canvas: readonly Cell[]): Asked | undefined {
  const first = canvas.findIndex(({ token }) => token === null);
  if (first < 0 || sideOf(prompt) !== undefined || ofWholeTexts.some((name) => options[name] !== undefined))
    return undefined;
  const begun = canvas.slice(0, first).map(({ text }) => text);
  const length = canvas.length - first;
  const { steps, blockLength } = options;
  return {
    prompt: prompt + begun.join(''),
    model,
    options: {
      ...options,
      length,
      ...(typeof steps === 'number' && { steps: Math.max(1, Math.round((steps * length) / canvas.length)) }),
      ...(typeof blockLength === 'number' && { blockLength: Math.min(blockLength, length) }),
    },
  };
}

/**
 * Frames of a rest as those of the whole text: what was recorded of its beginning stays, and they follow it.
 *
 * @param recording  of the text that was stopped, to which each frame is added before the next is read
 * @param begun      tokens of its beginning that stay
 */
export function joinedTo(recording: Recording, begun: number): (frame: RecordedFrame) => RecordedFrame {
  const before = recording.events[recording.size - 1].frame;
  const canvas = recording.canvasAt(recording.size - 1);
  const behind = <One extends { readonly position: number }>(one: One): One => ({
    ...one,
    position: begun + one.position,
  });
  return (frame) => {
    const length = begun + frame.length;
    const now = recording.canvasAt(recording.size - 1);
    // where positions mean the same as before, what stands there is masked, and its history stays
    const isSame = now.length === length;
    const masked = now.flatMap(({ token }, position) =>
      position < begun || token === null ? [] : [{ position, token: null, text: '', confidence: null }],
    );
    const kept = canvas
      .slice(0, begun)
      .map(({ token, text, confidence }, position) => ({ position, token, text, confidence }));
    const changes = frame.changes.map(behind);
    return {
      ...frame,
      revision: before.revision + 1 + frame.revision,
      step: before.step + frame.step,
      block: before.block + frame.block,
      length,
      committed: begun + frame.committed,
      reset: frame.reset && !isSame,
      changes: frame.reset ? [...(isSame ? masked : kept), ...changes] : changes,
      candidates: frame.candidates?.map(behind),
    };
  };
}
