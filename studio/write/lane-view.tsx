import type { ComponentChildren } from 'preact';
import { Legend } from '../parts/legend.tsx';
import type { Player } from '../parts/player.ts';
import { TokenCanvas } from '../parts/token-canvas.tsx';
import { Transport } from '../parts/transport.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Export } from './export.tsx';
import { FiguresRow } from './figures.tsx';
import { Glance } from './glance.tsx';
import { HeatMap } from './heat-map.tsx';
import type { Lane } from './lane.ts';
import { Position } from './position.tsx';

/** A run: its canvas, what moves it, and what is told of it. */
export function LaneView({
  lane,
  prompt,
  name,
  isTied = false,
  instead,
}: {
  readonly lane: Lane;
  readonly prompt: string;
  /** Where there are several. */
  readonly name?: string;
  /** Whether one slider moves all runs, which is elsewhere. */
  readonly isTied?: boolean;
  /** What is shown in place of a run that is not written yet. */
  readonly instead?: ComponentChildren;
}) {
  const player = lane.player.value;
  const facts = player.facts.value;
  // of what never began there is nothing but the reason
  if (player.state.value === 'failed' && !facts) return <Trouble error={player.problem.value} />;
  return (
    <section class="lane" aria-label={name === undefined ? 'Run' : `Run ${name}`}>
      {name !== undefined && (
        <h2>
          Run {name} <span class="quiet">{lane.asked.value?.model ?? lane.served?.id}</span>
        </h2>
      )}
      {instead ?? <Written lane={lane} prompt={prompt} isTied={isTied} />}
    </section>
  );
}

/** What is told of a run that was asked for. */
function Written({
  lane,
  prompt,
  isTied,
}: {
  readonly lane: Lane;
  readonly prompt: string;
  readonly isTied: boolean;
}) {
  const player = lane.player.value;
  const facts = player.facts.value;
  return (
    <>
      <div class="looked-at" onMouseLeave={() => (lane.glanced.value = undefined)}>
        <Trouble error={player.problem.value} />
        <TokenCanvas
          player={player}
          given={lane.asked.value?.prompt ?? prompt}
          awaited={lane.awaited}
          picked={lane.picked}
          onPick={(position, isClick) => {
            lane.glanced.value = position;
            if (isClick) lane.pin(position);
            else lane.hovered.value = position ?? lane.hovered.value;
          }}
        />
        <Glance lane={lane} />
      </div>
      <div>
        {!isTied && <Transport player={player} />}
        <p class="moment quiet" aria-hidden="true">
          {facts
            ? `step ${facts.step}${allOf(player)} · ${facts.written} of ${facts.length} positions filled${endOf(player)}`
            : 'Not written yet.'}
        </p>
        <Stopped lane={lane} canGoOn={!isTied} />
        {!isTied && <Legend />}
        {!isTied && <FiguresRow lane={lane} />}
        <div class="closer">
          <Position lane={lane} />
          <HeatMap lane={lane} />
        </div>
        <Export lane={lane} />
      </div>
    </>
  );
}

/** Says of a text that it was ended before its end, and has it go on; one that is compared is written anew, as all are. */
function Stopped({ lane, canGoOn }: { readonly lane: Lane; readonly canGoOn: boolean }) {
  const { isStopped, recording, size } = lane.player.value;
  if (!isStopped.value) return null;
  const { written, length } = recording.facts(size.value - 1);
  const { rest } = lane;
  return (
    <p class="stopped">
      <strong>Stopped</strong> after {written} of {length} tokens.{' '}
      {canGoOn && rest && (
        <button
          type="button"
          title={`The other ${String(rest.options.length)} are written behind what stands before the first gap.`}
          onClick={() => void lane.goOn()}
        >
          Go on
        </button>
      )}
    </p>
  );
}

/** How many steps there are, once that is known. */
const allOf = ({ state, recording, size }: Player): string =>
  state.value === 'live' ? '' : ` of ${recording.facts(size.value - 1).step}`;

/** Where a text ends before its canvas does: what stands behind is no text. */
function endOf({ ending, isLast, recording, size }: Player): string {
  const { length } = recording.facts(size.value - 1);
  const tokens = ending.value?.tokens;
  const isShorter = tokens !== undefined && tokens < length;
  return isLast.value && isShorter ? ` · the text ends after ${tokens} tokens` : '';
}
