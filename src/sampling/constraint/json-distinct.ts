import { type Automaton, automatonFrom } from './automaton.ts';
import { type Expression, inAutomaton, nothing } from './expression.ts';

/** States that a list of different items may take together. */
const maxStates = 4000;
const maxKinds = 120;

/** Texts that begin alike. */
interface Kind {
  /** What they begin with: of each place the bytes that may stand there. */
  readonly bytes: readonly (readonly number[])[];
  /** The state that it leads to. */
  readonly state: number;
  /** Whether that is all. */
  readonly isWhole: boolean;
}

/**
 * Lists whose items are all different.
 *
 * No automaton remembers every item that came before. So the items are divided into kinds by how they begin, of which a
 * list has one at most of each, in order: kinds of one text each where there are few texts, such as those of an enum; else
 * by the first places at which the items differ, the first letters of strings.
 *
 * @param item  in which each value has one text
 * @returns     the list without its brackets; no text where there aren't so many different items
 */
export function distinctItems(
  item: Automaton,
  { least, most, comma }: { readonly least: number; readonly most: number; readonly comma: Expression },
): Expression {
  const counted = most === Infinity ? Math.max(least, 1) : most;
  const room = Math.floor(maxStates / (item.accepting.length * Math.min(counted, 16)));
  const kinds = kindsOf(item, Math.min(maxKinds, Math.max(least, 4, room)));
  if (kinds.length < least) return nothing;
  const parts = kinds.map((kind) => ({ part: textsOf(item, kind), optional: true }));
  return { kind: 'list', parts, separator: comma, least, most };
}

/** So many kinds, or as many as there are: from the shortest beginnings on they are divided until there are enough. */
function kindsOf(item: Automaton, wanted: number): Kind[] {
  let kinds: Kind[] = [{ bytes: [], state: 0, isWhole: false }];
  while (kinds.length < wanted) {
    const open = kinds.filter(({ isWhole }) => !isWhole);
    if (open.length === 0) return kinds;
    const depth = Math.min(...open.map(({ bytes }) => bytes.length));
    const at = kinds.findIndex(({ isWhole, bytes }) => !isWhole && bytes.length === depth);
    const divided = dividedKind(item, kinds[at], Math.max(2, wanted - kinds.length + 1));
    kinds = [...kinds.slice(0, at), ...divided, ...kinds.slice(at + 1)];
  }
  return kinds;
}

/** A kind by its next byte, in at most about so many: letters and digits one by one, if that may be. */
function dividedKind({ accepting, next, classOf, classes }: Automaton, kind: Kind, most: number): Kind[] {
  const { bytes, state } = kind;
  const byState = new Map<number, number[]>();
  for (let byte = 0; byte < 256; byte++) {
    const to = next[state * classes + classOf[byte]];
    if (to >= 0) byState.set(to, [...(byState.get(to) ?? []), byte]);
  }
  const pieces = Array.from(byState, ([to, list]) => {
    const ascii = list.filter((byte) => byte < 0x80);
    return { to, ascii, others: list.slice(ascii.length) };
  });
  const letters = pieces.reduce((sum, { ascii }) => sum + ascii.length, 0);
  const share = Math.max(0, most - 2 * pieces.length) / Math.max(1, letters);
  const goingOn = pieces.map(({ to, ascii, others }) =>
    [...inPieces(ascii, Math.max(1, Math.floor(share * ascii.length))), ...inPieces(others, 1)].map(
      (piece): Kind => ({
        bytes: [...bytes, piece],
        state: to,
        isWhole: false,
      }),
    ),
  );
  const ended: Kind[] = accepting[state] ? [{ bytes, state, isWhole: true }] : [];
  return [...ended, ...goingOn.flat().sort((a, b) => a.bytes.at(-1)![0] - b.bytes.at(-1)![0])];
}

/** A list in at most so many pieces, as long as each other. */
function inPieces(list: readonly number[], most: number): number[][] {
  const length = Math.max(1, Math.ceil(list.length / most));
  return Array.from({ length: Math.ceil(list.length / length) }, (_, k) =>
    list.slice(k * length, (k + 1) * length),
  );
}

function textsOf(item: Automaton, { bytes, state, isWhole }: Kind): Expression {
  const parts = bytes.map((list) => inAutomaton(oneByte(list)));
  return { kind: 'sequence', parts: isWhole ? parts : [...parts, inAutomaton(automatonFrom(item, state))] };
}

/** The language of some bytes. */
function oneByte(bytes: readonly number[]): Automaton {
  const classOf = new Uint8Array(256);
  for (const byte of bytes) classOf[byte] = 1;
  return { accepting: Uint8Array.of(0, 1), classOf, classes: 2, next: Int32Array.of(-1, 1, -1, -1) };
}
