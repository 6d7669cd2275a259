/** A file with an update in it, or why the update doesn't say where it goes: a sentence for whoever wrote it. */
export type AppliedUpdate =
  | { readonly kind: 'applied'; readonly text: string }
  | { readonly kind: 'refused'; readonly problem: string };

/** Longer lines are code, whatever they say. */
const maxElision = 200;

/** A line that stands for code which stays: a comment that says `... existing code ...`. */
const isElision = (line: string): boolean =>
  line.length <= maxElision && /^\W*(?:\.\.\.|…).*existing (?:code|content)\b/i.test(line.trim());

/** A comment that begins with dots: it may leave something out, but isn't written as it should be. */
const looksLikeElision = (line: string): boolean =>
  line.length <= maxElision && /^\s*(?:\/\/|#|--|\/\*|<!--|%|;|"""|\{\s*\/\*)\s*(?:\.\.\.|…)/.test(line);

/** Lines of an update between two elisions. */
interface Piece {
  readonly lines: readonly string[];
  /** The number of its first line in the update, from 1. */
  readonly line: number;
  /** Whether no elision stands in front of it, or behind it: it begins, or ends, the file. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** A line of the update that is a line of the file, too: the first or the last of a piece. */
interface Anchor {
  readonly text: string;
  readonly line: number;
}

/**
 * A file with an update in it that shows only what changes, and has a line such as `// ... existing code ...` in place of
 * each stretch that stays.
 *
 * A piece between two such lines takes the place of what is in the file from its first line to its last, so both have to
 * be lines of the file, and it has to be certain which ones: the first and last lines of all pieces, in their order, must
 * stand in the file in one way alone. A piece that begins or ends the file needs no such line there; where it has none,
 * it may only add lines. Whatever else could be meant is refused: an update that was laid at a wrong place would destroy code.
 *
 * Lines are compared as they are, indentation included; the line ends are the file's.
 */
export function applyUpdate(original: string, update: string): AppliedUpdate {
  const lineEnd = original.includes('\r\n') ? '\r\n' : '\n';
  const [file, shown] = [original, update].map((text) => text.replaceAll('\r\n', '\n').split('\n'));
  const pieces = piecesOf(shown);
  const problem = unclearLine(file, shown) ?? lonelyLine(pieces);
  if (problem !== undefined) return { kind: 'refused', problem };

  const anchors = pieces.flatMap(anchorsOf);
  const places = onlyPlaces(file, anchors);
  if (typeof places === 'string') return { kind: 'refused', problem: places };

  const parts: (readonly string[])[] = [];
  let next = 0; // the first line of the file that isn't dealt with
  let at = 0;
  for (const piece of pieces) {
    const start = piece.begins ? 0 : places[at];
    const own = anchorsOf(piece).length;
    const last = piece.ends ? file.length - 1 : places[at + own - 1];
    at += own;
    const replaced = file.slice(start, last + 1);
    if (!mayReplace(piece, replaced)) return { kind: 'refused', problem: openEnd(piece) };
    parts.push(file.slice(next, start), piece.lines);
    next = last + 1;
  }
  return { kind: 'applied', text: [...parts, file.slice(next)].flat().join(lineEnd) };
}

/** Why it can't be told what stands for existing code, if it can't. */
function unclearLine(file: readonly string[], shown: readonly string[]): string | undefined {
  if (file.some(isElision))
    return 'the code itself has a line that says "existing code", as those of an update do';
  const known = new Set(file);
  const at = shown.findIndex((line) => looksLikeElision(line) && !isElision(line) && !known.has(line));
  if (at < 0) return undefined;
  return `line ${at + 1} of the update seems to leave code out; write it as // ... existing code ...`;
}

/** Why a piece of one line means nothing, if there is one: whether it is in the file already can't be told. */
function lonelyLine(pieces: readonly Piece[]): string | undefined {
  const lonely = pieces.find(({ lines, begins, ends }) => lines.length === 1 && !begins && !ends);
  if (!lonely) return undefined;
  return `${quoted(lonely.lines[0], lonely.line)} stands alone between two ... existing code ..., where it changes nothing: leave it out, or show the lines around what is new`;
}

/** The pieces that aren't empty. */
function piecesOf(shown: readonly string[]): Piece[] {
  const borders = [-1, ...[...shown.keys()].filter((i) => isElision(shown[i])), shown.length];
  return borders.slice(1).flatMap((end, k): Piece[] => {
    const start = borders[k] + 1;
    if (start >= end) return [];
    const isAtEnd = end === shown.length;
    return [{ lines: shown.slice(start, end), line: start + 1, begins: k === 0, ends: isAtEnd }];
  });
}

function anchorsOf({ lines, line, begins, ends }: Piece): Anchor[] {
  const first = { text: lines[0], line };
  const last = { text: lines.at(-1)!, line: line + lines.length - 1 };
  return [...(begins ? [] : [first]), ...(ends ? [] : [last])];
}

/**
 * Where the anchors stand in the file, if there is one way alone: the earliest places in order are the latest, too.
 *
 * @returns  else a sentence
 */
function onlyPlaces(file: readonly string[], anchors: readonly Anchor[]): number[] | string {
  const earliest: number[] = [];
  for (const { text, line } of anchors) {
    const place = file.indexOf(text, (earliest.at(-1) ?? -1) + 1);
    if (place < 0) return notFound(file, { text, line });
    earliest.push(place);
  }
  let before = file.length;
  for (const [k, { text, line }] of [...anchors.entries()].toReversed()) {
    before = file.lastIndexOf(text, before - 1);
    if (before !== earliest[k])
      return `${quoted(text, line)} stands in the code more than once, so that it isn't certain which is meant: begin and end each piece with a line that is there only once`;
  }
  return earliest;
}

function notFound(file: readonly string[], { text, line }: Anchor): string {
  const what = file.includes(text)
    ? 'stands in the code only before the lines in front of it'
    : 'is no line of the code';
  return `${quoted(text, line)} ${what}, so that it isn't certain where the piece goes: begin and end each piece with lines of the code that stay`;
}

const quoted = (text: string, line: number): string =>
  `line ${line} of the update (${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)})`;

/** Whether a piece may take the place of some lines: where it has no line of the file at an end of it, if it keeps them all. */
function mayReplace({ lines, begins, ends }: Piece, replaced: readonly string[]): boolean {
  const isTied = (!begins || lines[0] === replaced[0]) && (!ends || lines.at(-1) === replaced.at(-1));
  return isTied || keepsAll(lines, replaced);
}

/** Whether a file's lines stand in others, in their order; but for the line end that it may end with. */
function keepsAll(lines: readonly string[], kept: readonly string[]): boolean {
  let found = 0;
  for (const line of lines) if (found < kept.length && line === kept[found]) found++;
  return found === kept.length || (found === kept.length - 1 && kept[found] === '');
}

const openEnd = ({ line, begins }: Piece): string =>
  `the piece at line ${line} of the update has no ... existing code ... ${begins ? 'in front of' : 'behind'} it and would remove code there: begin it with the first line of the code, end it with the last, or leave out what stays by such a line`;
