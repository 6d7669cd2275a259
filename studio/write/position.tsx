import type { Candidate, Cell } from '../core/recording.ts';
import { percent, tokenName } from '../core/shown.ts';
import type { Player } from '../parts/player.ts';
import type { Lane } from './lane.ts';
import { PositionChart } from './position-chart.tsx';

/** A position looked at closely: what the model took into consideration for it, step by step, and what became of it. */
export function Position({ lane }: { readonly lane: Lane }) {
  const player = lane.player.value;
  const position = lane.picked.value;
  const facts = player.facts.value;
  const isThere = position !== undefined && facts !== undefined && position < facts.length;
  return (
    <section class="position">
      <h3>{isThere ? titleOf(player, position) : 'A position'}</h3>
      <p class="row">
        <button
          type="button"
          disabled={!facts}
          onClick={() => lane.pinNext(-1)}
          aria-label="The position before"
        >
          ‹
        </button>
        <button
          type="button"
          disabled={!facts}
          onClick={() => lane.pinNext(1)}
          aria-label="The position behind"
        >
          ›
        </button>
        {lane.pinned.value !== undefined && (
          <button type="button" class="plain" onClick={() => lane.pin(undefined)}>
            Let go
          </button>
        )}
      </p>
      {isThere ? (
        <Details player={player} position={position} />
      ) : (
        <p class="help">
          <span class="pointed">
            Point at a token to see what else the model thought of, and when; click to keep it.
          </span>
          <span class="tapped">Tap a token to see what else the model thought of, and when.</span>
        </p>
      )}
    </section>
  );
}

/** Positions are counted from 1, for people. */
function titleOf({ recording, at }: Player, position: number): string {
  const { token, text } = recording.cellAt(position, at.value);
  return `Position ${position + 1}: ${token === null ? 'a mask' : `“${tokenName(token, text).trim()}”`}`;
}

function Details({ player, position }: { readonly player: Player; readonly position: number }) {
  const { recording, at } = player;
  // frames that come while one looks on belong to the history, too
  void player.size.value;
  const { from, cells, candidates } = recording.historyOf(position, at.value);
  const now = withWritten(recording.candidatesAt(position, at.value), recording.cellAt(position, at.value));
  const { token: written } = recording.cellAt(position, at.value);
  return (
    <>
      {candidates.length > 0 && (
        <PositionChart
          history={candidates}
          // before it was considered there is nothing to be seen
          from={Math.max(from, candidates[0].frame - 1)}
          to={Math.max(candidates.at(-1)!.frame, cells.at(-1)!.frame, from + 1)}
          at={at.value}
          stepOf={(frame) => recording.facts(Math.min(frame, player.size.value - 1)).step}
        />
      )}
      {now.length > 0 && (
        <table class="candidates">
          <caption>Likeliest in this frame, or when last predicted</caption>
          <tbody>
            {now.map(({ token, text, probability }) => (
              <tr key={token} aria-current={token === written ? 'true' : undefined}>
                <th scope="row">
                  <code>{tokenName(token, text)}</code>
                </th>
                <td>
                  <meter min={0} max={1} value={probability} aria-hidden="true" />
                </td>
                <td>{percent(probability)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <ol class="history">
        {cells.map((cell, index) => (
          <li key={index} aria-current={isNow(cells, index, at.value) ? 'step' : undefined}>
            <button type="button" class="plain" onClick={() => player.show(cell.frame)}>
              step {recording.facts(cell.frame).step}
            </button>{' '}
            {happened(cell, cells[index - 1])}
          </li>
        ))}
      </ol>
    </>
  );
}

/** What the model took into consideration, and what stands there though it wasn't among the likeliest. */
const withWritten = (
  likeliest: readonly Candidate[],
  { token, text, confidence }: Cell,
): readonly Candidate[] =>
  token === null ||
  confidence === null ||
  likeliest.length === 0 ||
  likeliest.some((one) => one.token === token)
    ? likeliest
    : [...likeliest, { token, text, probability: confidence }];

const isNow = (cells: readonly Cell[], index: number, frame: number): boolean =>
  cells[index].frame <= frame && !(cells[index + 1]?.frame <= frame);

function happened({ token, text, confidence }: Cell, before: Cell | undefined) {
  if (token === null) return before ? 'masked again' : 'masked';
  return (
    <>
      {before && before.token !== null ? 'rewritten as ' : 'written as '}
      <code>{tokenName(token, text)}</code>
      {confidence !== null && `, ${percent(confidence)} sure`}
    </>
  );
}
