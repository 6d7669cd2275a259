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
}: {
  readonly lane: Lane;
  readonly prompt: string;
  /** Where there are several. */
  readonly name?: string;
  /** Whether one slider moves all runs, which is elsewhere. */
  readonly isTied?: boolean;
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
      <div class="looked-at" onMouseLeave={() => (lane.glanced.value = undefined)}>
        <Trouble error={player.problem.value} />
        <TokenCanvas
          player={player}
          given={lane.asked.value?.prompt ?? prompt}
          awaited={lane.served?.infill === false ? 0 : lane.length}
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
        {name === undefined && <Legend />}
        {name === undefined && <FiguresRow lane={lane} />}
        <div class="closer">
          <Position lane={lane} />
          <HeatMap lane={lane} />
        </div>
        <Export lane={lane} />
      </div>
    </section>
  );
}

/** How many steps there are, once that is known. */
const allOf = ({ state, recording, size }: Player): string =>
  state.value === 'live' ? '' : ` of ${recording.facts(size.value - 1).step}`;

/** Where a text ends before its canvas does: what stands behind is no text. */
function endOf({ ending, isLast, isStopped, recording, size }: Player): string {
  if (isStopped.value) return ' · stopped';
  const { length } = recording.facts(size.value - 1);
  const tokens = ending.value?.tokens;
  const isShorter = tokens !== undefined && tokens < length;
  return isLast.value && isShorter ? ` · the text ends after ${tokens} tokens` : '';
}
