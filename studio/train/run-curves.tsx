import { lately } from '../../src/base/late-updates.ts';
import { type Signal, useSignal } from '@preact/signals';
import { type Curve, lossParts, over, smoothed } from '../core/curves.ts';
import { isExactlyMeasured, warmupOf } from '../core/run-rows.ts';
import { Chart, type Divider, dividersOf, type Line } from './chart.tsx';
import type { Runs } from './runs.ts';

const axes = ['updates', 'tokens', 'seconds'] as const;
type Axis = (typeof axes)[number];

/** The curves of the runs that are shown. */
export function Curves({ runs }: { readonly runs: Runs }) {
  const smoothing = useSignal(lately);
  const isLogarithmic = useSignal(false);
  const axis = useSignal<Axis>('updates');
  void runs.revision.value; // curves grow in place
  const measured = measuredRuns(runs);
  if (measured.length === 0) return null;
  const losses = measured.map((run) => lossLines(run, smoothing.value, axis.value));
  const speeds = measured
    .filter(({ speed }) => speed.steps.length > 0)
    .map(({ name, color, speed }): Line => ({ name, color, curve: speed, look: 'plain', end: name }));
  const rates = measured.map(({ name, color, curves }): Line => ({
    name,
    color,
    curve: curves.rate,
    look: 'plain',
    end: name,
  }));
  return (
    <div class="panel">
      <CurveSettings smoothing={smoothing} isLogarithmic={isLogarithmic} axis={axis} />
      <Chart
        title="Loss, and held-out text"
        unit="nats a token"
        over={axis.value}
        lines={[...losses.flatMap(({ behind }) => behind), ...losses.flatMap(({ lines }) => lines)]}
        dividers={losses.flatMap(({ dividers }) => dividers)}
        isLogarithmic={isLogarithmic.value}
      />
      {losses.some(({ dividers }) => dividers.length > 0) && (
        <p class="help">
          Until its masks begin a run learns as an autoregressive one (causal warm-up), which is quicker to
          learn from nothing. The loss of masks is another, and higher: the jump there is no step back.
        </p>
      )}
      <div class="charts">
        <Chart title="Learning rate" unit="" size="low" lines={rates} />
        {speeds.length > 0 && <Chart title="Speed" unit="tokens/s" size="low" lines={speeds} />}
      </div>
    </div>
  );
}

/** Those of the runs that are shown of which there is a step. */
function measuredRuns(runs: Runs) {
  return runs.shown.value.flatMap((name) => {
    const found = runs.curvesOf(name);
    const run = runs.list.value.find((one) => one.name === name);
    if (!run || !found || found.curves.tokens.steps.length === 0) return [];
    const heldOut = isExactlyMeasured(run) ? 'held-out' : 'held-out, a bound';
    return [{ name, color: runs.colorOf(name), ...found, warmup: warmupOf(run), heldOut }];
  });
}

/** The parts of the loss are smoothed and drawn apart; each step's own lies behind all runs. */
function lossLines(
  { name, color, curves, warmup, heldOut }: ReturnType<typeof measuredRuns>[number],
  smoothing: number,
  axis: Axis,
): { readonly behind: Line[]; readonly lines: Line[]; readonly dividers: Divider[] } {
  const moved = (curve: Curve): Curve => (axis === 'updates' ? curve : over(curve, curves[axis]));
  const parts = lossParts(curves.loss, warmup).map(({ what, curve }) => ({ what, curve: moved(curve) }));
  const each: Line = { name: `${name} each step`, color, curve: moved(curves.loss), look: 'pale' };
  return {
    behind: smoothing > 1 ? [each] : [],
    lines: [
      ...parts.map(({ what, curve }, n): Line => ({
        name: smoothing > 1 ? `${name} ${what}, mean of ${smoothing}` : `${name} ${what}`,
        color,
        curve: smoothed(curve, smoothing),
        look: 'plain',
        ...(n === parts.length - 1 && { end: name }),
      })),
      { name: `${name} ${heldOut}`, color, curve: moved(curves.bound), look: 'marked' },
    ],
    dividers: dividersOf(parts, color),
  };
}

function CurveSettings({
  smoothing,
  isLogarithmic,
  axis,
}: {
  readonly smoothing: Signal<number>;
  readonly isLogarithmic: Signal<boolean>;
  readonly axis: Signal<Axis>;
}) {
  return (
    <div class="row">
      <label>
        over{' '}
        <select
          value={axis.value}
          onChange={({ currentTarget }) => (axis.value = axes[currentTarget.selectedIndex])}
        >
          {axes.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="slider">
        <span>smoothing</span>
        <input
          type="range"
          title="Updates whose mean is drawn"
          min={1}
          max={400}
          value={smoothing.value}
          onInput={({ currentTarget }) => (smoothing.value = Number(currentTarget.value))}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={isLogarithmic.value}
          onChange={({ currentTarget }) => (isLogarithmic.value = currentTarget.checked)}
        />{' '}
        logarithmic
      </label>
    </div>
  );
}
