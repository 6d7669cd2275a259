import type { ComponentChildren } from 'preact';
import { ApiError } from '../client.ts';
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
  onLeaveLength,
}: {
  readonly lane: Lane;
  readonly prompt: string;
  /** Where there are several. */
  readonly name?: string;
  /** Whether one slider moves all runs, which is elsewhere. */
  readonly isTied?: boolean;
  /** What is shown in place of a run that is not written yet. */
  readonly instead?: ComponentChildren;
  /** Has the run written again, as long as its model says. */
  readonly onLeaveLength: () => void;
}) {
  const player = lane.player.value;
  const facts = player.facts.value;
  // of what never began there is nothing but the reason
  const trouble = <Failed lane={lane} onLeaveLength={onLeaveLength} />;
  if (player.state.value === 'failed' && !facts) return trouble;
  return (
    <section class="lane" aria-label={name === undefined ? 'Run' : `Run ${name}`}>
      {name !== undefined && (
        <h2>
          Run {name} <span class="quiet">{lane.writer}</span>
        </h2>
      )}
      {instead ?? <Written lane={lane} prompt={prompt} isTied={isTied} trouble={trouble} />}
    </section>
  );
}

/** What is told of a run that was asked for. */
function Written({
  lane,
  prompt,
  isTied,
  trouble,
}: {
  readonly lane: Lane;
  readonly prompt: string;
  readonly isTied: boolean;
  readonly trouble: ComponentChildren;
}) {
  const player = lane.player.value;
  const facts = player.facts.value;
  return (
    <>
      <div class="looked-at" onMouseLeave={() => (lane.glanced.value = undefined)}>
        {trouble}
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

/** Why a run was not written; a length that is too long, such as one typed for another model, can be left to this one. */
function Failed({ lane, onLeaveLength }: { readonly lane: Lane; readonly onLeaveLength: () => void }) {
  const error = lane.player.value.problem.value;
  const isTooLong = error instanceof ApiError && error.option === 'length' && 'length' in lane.options.value;
  return (
    <Trouble error={error}>
      {isTooLong && (
        <>
          {' '}
          <button type="button" onClick={onLeaveLength}>
            Leave the length to the model
          </button>
        </>
      )}
    </Trouble>
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
  const end =
    tokens < length ? ', ended by the model' : ending.value?.finish === 'length' ? ', its whole length' : '';
  return `${tokens} tokens${end}`;
}
