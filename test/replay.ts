import assert from 'node:assert/strict';
import type { BlockLayout } from '../src/sampling/canvas.ts';
import { maskedPositions } from '../src/sampling/canvas.ts';
import type { RevealCounts } from '../src/sampling/reveal-counts.ts';
import type { Frame } from '../src/sampling/sample.ts';
import type { Selection, Strategy } from '../src/sampling/strategies.ts';
import { inDllm } from './dllm-counts.ts';

/**
 * Reads a sample beside the canvases that were recorded of it, one after each step, each the canvas or its beginning.
 * It has to take as many steps as were recorded; `stops` says that the recorded run was stopped at its end.
 *
 * @returns  the last frame
 */
export async function replay(
  frames: AsyncIterable<Frame>,
  recorded: readonly (readonly number[])[],
  { title = '', stops = false } = {},
): Promise<Frame> {
  let last: Frame | undefined;
  for await (const frame of frames) {
    last = frame;
    if (frame.step === 0) continue;
    const expected = recorded[frame.step - 1];
    assert.ok(expected, `${title} a step more than the ${recorded.length} recorded`);
    const tokens = [...frame.tokens.subarray(0, expected.length)];
    assert.deepEqual(tokens, expected, `${title} step ${frame.step}`);
    if (stops && frame.step === recorded.length) break;
  }
  assert.equal(last?.step, recorded.length, `${title} steps`);
  return last!;
}

/** A selection for programs that end a block after so many steps, with whatever is masked then. */
export function lasting(steps: (positions: readonly number[]) => number, select: Selection): Strategy {
  let taken = 0;
  const step: Strategy['step'] = (reverse) => {
    taken = reverse.t === 1 ? 1 : taken + 1;
    return { written: select(reverse), done: taken >= steps(reverse.positions) || undefined };
  };
  return { step, finish: step };
}

/** The steps that dllm takes in a block: those of its plan that reveal something. */
export const dllmPlan =
  (stepsPerBlock: number): ((masked: number) => number[]) =>
  (masked) =>
    inDllm('linear')(masked, stepsPerBlock).filter((count) => count > 0);

/** Where [MASK] is predicted, MDLM's `sample` has the masks that a block leaves in the blocks after it, too. */
export const withMasksBefore: BlockLayout = (canvas, { maskId, blockLength = canvas.length }) => {
  const masked = maskedPositions(canvas, maskId);
  const blocks = Math.ceil(masked.length / blockLength);
  return Array.from({ length: blocks }, (_, k) => {
    const positions = masked.slice(0, (k + 1) * blockLength);
    return { start: positions[0], end: positions.at(-1)! + 1, positions };
  });
};

/** A plan that doesn't depend on how the loop shares its steps out. */
export const fixed =
  (plan: (masked: number) => number[]): RevealCounts =>
  (masked) =>
    plan(masked);
