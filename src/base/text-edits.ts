/** A stretch of a text, in UTF-16 code units. */
export interface TextSpan {
  readonly start: number;
  /** Behind the last. */
  readonly end: number;
}

/** What stands in the place of a stretch of a text. */
export interface Replacement extends TextSpan {
  readonly after: string;
}

/** A text with replacements in it, which are in order and don't overlap. */
export function replaced(text: string, changes: readonly Replacement[]): string {
  let at = 0;
  const pieces = changes.map(({ start, end, after }) => {
    const piece = text.slice(at, start) + after;
    at = end;
    return piece;
  });
  return pieces.join('') + text.slice(at);
}

/** Where the replacements stand in the text that has them. */
export function placesOf(changes: readonly Replacement[]): TextSpan[] {
  let shift = 0;
  return changes.map(({ start, end, after }) => {
    const from = start + shift;
    shift += after.length - (end - start);
    return { start: from, end: from + after.length };
  });
}

/**
 * One replacement more, of a stretch of the text that has the others already. Those that it touches become one with it.
 *
 * @param text  without any replacement
 */
export function withReplacement<Change extends Replacement>(
  text: string,
  changes: readonly Change[],
  change: Change,
): Change[] {
  const current = replaced(text, changes);
  const places = placesOf(changes);
  const touches = places.map(({ start, end }) => start <= change.end && end >= change.start);
  const merged = places.filter((_, c) => touches[c]);
  const start = Math.min(change.start, ...merged.map((place) => place.start));
  const end = Math.max(change.end, ...merged.map((place) => place.end));
  // a place outside all replacements has moved by those before it
  const original = (at: number, includes: (c: number) => boolean): number =>
    changes.reduce(
      (moved, { start, end, after }, c) =>
        places[c].end <= at && includes(c) ? moved - (after.length - (end - start)) : moved,
      at,
    );
  const after = current.slice(start, change.start) + change.after + current.slice(change.end, end);
  const whole = {
    ...change,
    start: original(start, (c) => !touches[c]),
    end: original(end, () => true),
    after,
  };
  return [...changes.filter((_, c) => !touches[c]), whole].sort((a, b) => a.start - b.start);
}
