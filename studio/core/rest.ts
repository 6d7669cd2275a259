import { sideOf } from './digit-grid.ts';
import type { Asked } from './recording-file.ts';
import type { Cell } from './recording.ts';

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
