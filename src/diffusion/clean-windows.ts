import type { NdArray } from '../base/array.ts';
import { invariant } from '../base/errors.ts';

/** Clean windows x_0   [B, L] */
export interface CleanWindows extends NdArray<Int32Array> {
  /** 0 where a token is given, not learned: the prompt in fine-tuning, padding. Default: all are learned.   [B, L] */
  readonly maskable?: Uint8Array;
}

/** One row of clean windows. */
export interface CleanWindow {
  /** x_0   [L] */
  readonly x0: Int32Array;
  /** 0 where a token is given   [L] */
  readonly maskable?: Uint8Array;
  /** The positions that aren't given, ascending   [n] */
  readonly positions: Int32Array;
}

/** The rows of clean windows. @throws InvariantError  when the arrays are not [B, L] */
export function rowsOf({ shape, data, maskable }: CleanWindows): CleanWindow[] {
  const [B, L] = shape;
  invariant(shape.length === 2 && data.length === B * L, `windows must be [B, L], got [${shape.join(', ')}]`);
  invariant(!maskable || maskable.length === B * L, 'maskable must have the shape of the windows');
  return Array.from({ length: B }, (_, b) => {
    const flags = maskable?.subarray(b * L, (b + 1) * L);
    const positions = Int32Array.from({ length: L }, (_, i) => i).filter((i) => flags?.[i] !== 0);
    return { x0: data.subarray(b * L, (b + 1) * L), maskable: flags, positions };
  });
}

/** What a causal network reads to predict x_0: a start token, then x_0 but for its last token   [L] */
export function shiftedRight(x0: Int32Array, startId: number): Int32Array {
  const tokens = new Int32Array(x0.length);
  tokens.set(x0.subarray(0, -1), 1);
  tokens[0] = startId;
  return tokens;
}
