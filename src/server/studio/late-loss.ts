import { lately } from '../../base/late-updates.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * The mean loss of a run's last updates, those of a causal warm-up apart once masks have begun. Where the last one isn't finite,
 * what stands in its place; undefined where there is none.
 *
 * @param rows    of its metrics, in their order; what was trained again after a resumption counts as it was then
 * @param warmup  updates of the causal warm-up
 */
export function lateLoss(rows: readonly Row[], warmup: number): unknown {
  const updates = rows.filter(({ kind }) => kind === 'step');
  const last = updates.at(-1);
  if (typeof last?.loss !== 'number') return last?.loss;
  const first = Number(last.step) > warmup ? warmup : 0;
  const losses: number[] = [];
  let before = Infinity;
  for (const { step, loss } of updates.toReversed()) {
    if (Number(step) <= first || losses.length === lately) break;
    if (Number(step) < before && typeof loss === 'number') losses.push(loss);
    before = Math.min(before, Number(step));
  }
  return losses.reduce((sum, one) => sum + one, 0) / losses.length;
}
