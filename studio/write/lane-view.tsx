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
          Run {name} <span class="quiet">{lane.writer}</span>
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
          {facts ? `step ${facts.step}${allOf(player)} · ${writtenOf(player)}` : 'Not written yet.'}
        </p>
        <Stopped lane={lane} />
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

/** Says of a text that it was ended before its end. */
function Stopped({ lane }: { readonly lane: Lane }) {
  const { isStopped, recording, size } = lane.player.value;
  if (!isStopped.value) return null;
  const { written, length } = recording.facts(size.value - 1);
  return (
    <p class="stopped">
      <strong>Stopped</strong> after {written} of {length} tokens.
    </p>
  );
}

/** How many steps there are, once that is known. */
const allOf = ({ state, recording, size }: Player): string =>
  state.value === 'live' ? '' : ` of ${recording.facts(size.value - 1).step}`;

/** How much is written in the frame that is shown: in the end the tokens of the text, for what stands behind them is none. */
function writtenOf({ ending, facts, isLast }: Player): string {
  const { written, length } = facts.value!;
  const tokens = ending.value?.tokens ?? length;
  const isWhole = ending.value ? isLast.value : written === length;
  if (!isWhole) return `${written} of ${length} tokens`;
  return tokens < length ? `${tokens} tokens, ended by the model` : `${tokens} tokens`;
}
