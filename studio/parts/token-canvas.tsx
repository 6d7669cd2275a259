import { effect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { givenAt, sideOf } from '../core/digit-grid.ts';
import type { Cell, Recording } from '../core/recording.ts';
import { isMostlyLines } from '../core/shown.ts';
import { keepsColours, marksBlanks } from './look.ts';
import { dressMask, dressPiece, pieceElement } from './piece.ts';
import type { Player } from './player.ts';

/**
 * The canvas of a process: a piece of text for each position, a mask as a bar of a word's length. While it is written or
 * looked back at it is coloured by how sure the model was, and no more once it is done. Between frames only what changed is
 * touched, so that five hundred tokens stay fluid. Screen readers are given the text once it is final, and no flicker.
 *
 * @param given   the text before the canvas
 * @param question  what is answered: where it is a grid of digits, so is the answer
 * @param awaited  masks that are shown before the first frame
 * @param picked  the position that is marked
 * @param onPick  called with the position that is pointed at, or undefined, and whether it was clicked
 */
export function TokenCanvas({
  player,
  given = '',
  question = given,
  after = '',
  awaited = 0,
  picked,
  onPick,
}: {
  readonly player: Player;
  readonly given?: string;
  readonly question?: string;
  readonly after?: string;
  readonly awaited?: number;
  readonly picked?: ReadonlySignal<number | undefined>;
  readonly onPick?: (position: number | undefined, isClick: boolean) => void;
}) {
  const home = useRef<HTMLSpanElement>(null);
  const placeholder = useRef<HTMLSpanElement>(null);
  const isEmpty = player.size.value === 0;
  const side = hasOnlyDigits(player) ? sideOf(question) : undefined;
  const grid = side === undefined ? undefined : question;
  useEffect(() => drawing(player, home.current!, { picked, grid }), [player, picked, grid]);
  useEffect(() => placeholder.current?.replaceChildren(...masks(awaited)), [isEmpty, awaited]);
  const isWritten = player.state.value === 'done';
  const whole = isWritten && !isEmpty ? player.recording.textAt(player.size.value - 1) : '';
  const isDone = isWritten && player.isLast.value;
  const look = ['canvas'];
  if (side !== undefined) look.push('grid');
  if (!isDone || keepsColours.value) look.push('coloured');
  if (marksBlanks.value || (isDone && isMostlyLines(whole))) look.push('marked');
  const squares = side === undefined ? undefined : `squares side-${side}`;
  const pick = ({ target, type }: Event) => {
    const { position } = (target as HTMLElement).closest<HTMLElement>('.token')?.dataset ?? {};
    onPick?.(position === undefined ? undefined : Number(position), type === 'click');
  };
  return (
    <>
      <div class={look.join(' ')} aria-hidden="true">
        {side === undefined && <span class="given">{given}</span>}
        {isEmpty && <span ref={placeholder} class={squares} />}
        <span ref={home} class={isEmpty ? undefined : squares} onMouseOver={pick} onClick={pick} />
        <span class="given">{after}</span>
      </div>
      <p class="hidden" aria-live="polite">
        {whole}
      </p>
    </>
  );
}

/** Whether all that was written so far are digits, one by one. */
const hasOnlyDigits = ({ recording, size }: Player): boolean =>
  size.value === 0 || recording.canvasAt(size.value - 1).every(({ text }) => /^\d?$/.test(text));

/** Masks that stand where a text is to come. */
const masks = (count: number): HTMLElement[] =>
  Array.from({ length: count }, (_, position) => {
    const piece = pieceElement();
    dressMask(piece, position);
    return piece;
  });

/** An element for each position, which knows the position. */
const blankPieces = (length: number): HTMLElement[] =>
  Array.from({ length }, (_, position) => {
    const piece = pieceElement();
    piece.dataset.position = String(position);
    return piece;
  });

/** Gives a piece the look of what stands at a position in a frame. */
function dressAs(
  piece: HTMLElement,
  { recording, position, at }: { recording: Recording; position: number; at: number },
): void {
  const cell = recording.cellAt(position, at);
  if (cell.token === null) dressMask(piece, position, recording.comingText(position, at));
  else dressPiece(piece, cell);
}

/** Sets apart what the question of a grid gives for a cell, unless something else was written there. */
function showGiven(piece: HTMLElement, given: string | undefined, { token, text }: Cell): void {
  if (given === undefined) return;
  piece.dataset.given = given;
  piece.classList.toggle('amiss', token !== null && text !== given);
}

/** What is drawn beside a frame: the position that is marked, and the question of a grid. */
interface Drawn {
  readonly picked?: ReadonlySignal<number | undefined>;
  readonly grid: string | undefined;
}

/** Draws the frame that is shown, once for each picture of the screen. Returns what ends it. */
function drawing(player: Player, home: HTMLElement, { picked, grid }: Drawn): () => void {
  let spans: HTMLElement[] = [];
  let drawn = -1;
  let fresh: readonly number[] = [];
  let marked: number | undefined;
  let request: number | undefined;

  const dress = (piece: HTMLElement, position: number, at: number) => {
    dressAs(piece, { recording: player.recording, position, at });
    if (grid !== undefined) showGiven(piece, givenAt(grid, position), player.recording.cellAt(position, at));
  };

  const draw = () => {
    request = undefined;
    const at = player.at.peek();
    const { recording } = player;
    if (at < 0 || at === drawn) return;
    for (const position of fresh) spans[position]?.classList.remove('fresh');
    if (drawn < 0 || !recording.isSameTake(drawn, at)) {
      spans = blankPieces(recording.facts(at).length);
      for (const [position, piece] of spans.entries()) dress(piece, position, at);
      home.replaceChildren(...spans);
      drawn = -1;
    } else {
      for (const position of recording.changesBetween(drawn, at)) dress(spans[position], position, at);
    }
    const { committed, changed } = recording.facts(at);
    const before = drawn < 0 ? 0 : recording.facts(drawn).committed;
    for (let i = Math.min(before, committed); i < Math.max(before, committed); i++)
      spans[i].classList.toggle('final', i < committed);
    fresh = changed;
    for (const position of fresh) spans[position].classList.add('fresh');
    drawn = at;
    mark();
  };

  const mark = () => {
    if (marked !== undefined) spans[marked]?.classList.remove('picked');
    marked = picked?.peek();
    if (marked !== undefined) spans[marked]?.classList.add('picked');
  };

  const stop = effect(() => {
    if (player.at.value >= 0) request ??= requestAnimationFrame(draw);
  });
  const stopMarking = effect(() => {
    if (picked?.value !== marked) mark();
  });
  return () => {
    stop();
    stopMarking();
    if (request !== undefined) cancelAnimationFrame(request);
  };
}
