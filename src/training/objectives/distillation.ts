import type { NdArray } from '../../base/array.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import { type CleanWindow, type CleanWindows, rowsOf } from '../../diffusion/clean-windows.ts';
import type { Noising } from '../../diffusion/forward.ts';
import type { TimeSampler } from '../../diffusion/times.ts';
import type { TrainingBatch } from '../learner.ts';
import { type BatchPlace, maskedDiffusion } from './objective.ts';

/** What a model learns when it is distilled on its own careful texts. */
export interface DistillationOptions extends Noising {
  readonly seed: number;
  readonly maskId: number;
  readonly times?: TimeSampler;
  /** Tokens of a block of the careful texts. */
  readonly block: number;
  /** β: how much certainty counts beside the cross-entropy. */
  readonly certainty: number;
  /** How much the divergence from the model before counts, on text that it is not to unlearn. */
  readonly guard: number;
  /** The model before: logits of some rows, [R, V]. */
  readonly teacher: (tokens: NdArray<Int32Array>, rows: Int32Array) => Promise<NdArray>;
  /** V of its logits. */
  readonly vocabularySize: number;
}

/** The model's own texts, and real ones, become a batch for `certaintyLoss`. */
export type DistillationObjective = (
  texts: { readonly own: CleanWindows; readonly real: CleanWindows },
  place: BatchPlace,
) => Promise<TrainingBatch>;

/**
 * Certainty forcing, as dParallel trains it, with a guard for likelihood.
 *
 * A row of the model's own text: a block is drawn; the text before it is clean, all behind it is masked and not scored, as
 * it is when the block's turn comes; each token of the block is masked with probability ½, in a quarter of the draws all
 * are. What one row shows, a second one masks. A row costs the mean over its masks of CE + β 1[right] H.
 *
 * A row of real text is masked as in training, and costs the mean over its masks of KL(before ‖ now).
 */
export function distillation({
  seed,
  maskId,
  times,
  block,
  certainty,
  guard,
  teacher,
  vocabularySize: V,
  ...noising
}: DistillationOptions): DistillationObjective {
  const noised = maskedDiffusion({ seed, maskId, times, ...noising });
  return async ({ own, real }, place) => {
    const [, L] = own.shape;
    const masked = rowsOf(own).flatMap((window, b) =>
      maskBlock(window, { block, maskId, uniform: uniforms(seed, 'block', place.step, place.firstRow + b) }),
    );
    const kept = noised(padded(real, L), place);
    const keptRows = meansOverRows(kept.rows, L);
    const forced = masked.flatMap(({ positions }, row) =>
      positions.map((i) => ({ row: row * L + i, share: 1 / (positions.length * masked.length) })),
    );
    const before = kept.rows.length > 0 ? (await teacher(kept.tokens, kept.rows)).data : new Float32Array(0);
    const R = forced.length + kept.rows.length;
    const logits = new Float32Array(R * V);
    logits.set(before.subarray(0, kept.rows.length * V), forced.length * V);
    const microShare = own.shape[0] / place.batchRows;
    const column = (values: readonly number[]): NdArray => ({
      shape: [R],
      data: Float32Array.from(values, (value) => value * microShare),
    });
    const none = (count: number): number[] => Array<number>(count).fill(0);
    const share = forced.map((one) => one.share);
    return {
      tokens: joined([...masked.map(({ tokens }) => tokens), kept.tokens.data], L),
      rows: Int32Array.from([
        ...forced.map(({ row }) => row),
        ...Array.from(kept.rows, (row) => masked.length * L + row),
      ]),
      targets: Int32Array.from([
        ...masked.flatMap(({ positions, x0 }) => positions.map((i) => x0[i])),
        ...kept.targets,
      ]),
      weights: column([...share, ...none(kept.rows.length)]).data,
      inputs: {
        certainty: column([...share.map((s) => certainty * s), ...none(kept.rows.length)]),
        kept: column([...none(forced.length), ...keptRows.map((s) => guard * s)]),
        teacher: { shape: [R, V], data: logits },
      },
      textTokens: own.shape[0] * L,
    };
  };
}

interface MaskedRow {
  readonly x0: Int32Array;
  readonly tokens: Int32Array;
  readonly positions: number[];
}

/** One or two rows of a text: a block with masks, and where it isn't masked whole, with the other tokens of it masked. */
function maskBlock(
  { x0, positions }: CleanWindow,
  { block, maskId, uniform }: { block: number; maskId: number; uniform: (i: number) => number },
): MaskedRow[] {
  const start = block * integerBelow(Math.max(1, Math.ceil(positions.length / block)), uniform(0));
  const inBlock = Array.from(positions.subarray(start, start + block));
  const p = uniform(1) < 0.25 ? 1 : 0.5;
  const isFirst = (i: number): boolean => uniform(2 + i) < p;
  return [inBlock.filter(isFirst), inBlock.filter((i) => !isFirst(i))]
    .filter(({ length }) => length > 0)
    .map((chosen) => {
      const tokens = x0.slice();
      for (const i of positions.slice(start + block)) tokens[i] = maskId;
      for (const i of chosen) tokens[i] = maskId;
      return { x0, tokens, positions: chosen };
    });
}

/** For each scored row of a batch its share of the mean over the masks of its window, then over the windows. */
function meansOverRows(rows: Int32Array, L: number): number[] {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(Math.floor(row / L), (counts.get(Math.floor(row / L)) ?? 0) + 1);
  return Array.from(rows, (row) => 1 / (counts.get(Math.floor(row / L))! * counts.size));
}

/** Windows of another length, cut or with what isn't scored behind them. */
function padded({ shape: [B, length], data, maskable }: CleanWindows, L: number): CleanWindows {
  const to = { data: new Int32Array(B * L), maskable: new Uint8Array(B * L) };
  const shared = Math.min(length, L);
  for (let b = 0; b < B; b++) {
    to.data.set(data.subarray(b * length, b * length + shared), b * L);
    const flags = maskable?.subarray(b * length, b * length + shared) ?? new Uint8Array(shared).fill(1);
    to.maskable.set(flags, b * L);
  }
  return { shape: [B, L], ...to };
}

function joined(rows: readonly Int32Array[], L: number): NdArray<Int32Array> {
  const data = new Int32Array(rows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row, at);
    at += row.length;
  }
  return { shape: [data.length / L, L], data };
}
