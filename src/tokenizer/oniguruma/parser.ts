import { type CharacterSet, withoutCase } from './character-set.ts';
import { parseClass } from './class-parser.ts';
import { escapedSet } from './escapes.ts';
import { emptyNode, mayBeEmpty, type Node, type Place } from './nodes.ts';
import { PatternCursor } from './pattern-cursor.ts';

const deepest = 50;

/** Options that stand in a pattern: `i` ignores case, `m` lets a dot match the end of a line, `x` passes over blanks. */
interface Options {
  readonly i: boolean;
  readonly m: boolean;
  readonly x: boolean;
}

/**
 * A pattern in the syntax of Oniguruma, which Hugging Face's tokenizers use.
 *
 * What needs more than the place in the text to be decided is refused: references back, conditions, repetitions of what may
 * be empty. So every pattern can be matched in linear time.
 *
 * @throws Error  a sentence on what isn't supported
 */
export function parsePattern(pattern: string): Node {
  const cursor = new PatternCursor(pattern);
  const node = parseChoice(cursor, { i: false, m: false, x: false }, 0);
  return cursor.isAtEnd ? node : cursor.refuse('a ) without a (');
}

function parseChoice(cursor: PatternCursor, options: Options, depth: number): Node {
  if (depth > deepest) cursor.refuse(`groups nested deeper than ${deepest}`);
  let current = options;
  const branches: Node[][] = [[]];
  while (!cursor.isAtEnd && !cursor.rest.startsWith(')')) {
    if (cursor.take('|')) {
      branches.push([]);
      continue;
    }
    if (current.x && cursor.match(/\s+|#[^\n]*/y)) continue;
    const changed = cursor.match(/\(\?([imx]*)(?:-([imx]*))?\)/y);
    if (changed) {
      // holds up to the end of the group, later branches included
      current = withOptions(current, changed);
      continue;
    }
    const atom = parseAtom(cursor, current, depth);
    if (atom) branches.at(-1)!.push(quantified(cursor, atom));
  }
  const all = branches.map((parts): Node => (parts.length === 1 ? parts[0] : { kind: 'sequence', parts }));
  return all.length === 1 ? all[0] : { kind: 'choice', options: all };
}

const withOptions = (options: Options, [, on = '', off = '']: RegExpExecArray): Options => ({
  ...options,
  ...Object.fromEntries([...on].map((name) => [name, true])),
  ...Object.fromEntries([...off].map((name) => [name, false])),
});

const groups: readonly (readonly [opening: string, of: (part: Node) => Node])[] = [
  ['?:', (part) => part],
  ['?>', (part) => ({ kind: 'atomic', part })],
  ['?=', (part) => ({ kind: 'look', part, behind: false, negative: false })],
  ['?!', (part) => ({ kind: 'look', part, behind: false, negative: true })],
  ['?<=', (part) => ({ kind: 'look', part, behind: true, negative: false })],
  ['?<!', (part) => ({ kind: 'look', part, behind: true, negative: true })],
];

/** Undefined for a comment. */
function parseAtom(cursor: PatternCursor, options: Options, depth: number): Node | undefined {
  if (cursor.take('(')) return parseGroup(cursor, options, depth);
  if (cursor.take('[')) return setNode(parseClass(cursor, options.i));
  if (cursor.take('.')) return setNode(options.m ? () => true : (codePoint) => codePoint !== 0x0a);
  if (cursor.take('^')) return { kind: 'assert', place: 'line start' };
  if (cursor.take('$')) return { kind: 'assert', place: 'line end' };
  const place = cursor.match(/\\([AzZbB])/y)?.[1];
  if (place !== undefined) return { kind: 'assert', place: places[place] };
  if (cursor.match(/[*+?]/y)) return cursor.refuse('a repetition of nothing');
  const found = cursor.take('\\') ? escapedSet(cursor) : cursor.next();
  const set: CharacterSet = typeof found === 'number' ? (codePoint) => codePoint === found : found;
  return setNode(options.i ? withoutCase(set) : set);
}

const setNode = (set: CharacterSet): Node => ({ kind: 'set', set });

const places: Readonly<Record<string, Place>> = {
  A: 'text start',
  z: 'text end',
  Z: 'last line end',
  b: 'word edge',
  B: 'no word edge',
};

function parseGroup(cursor: PatternCursor, options: Options, depth: number): Node | undefined {
  if (cursor.take('?#')) {
    cursor.until(')');
    return undefined;
  }
  const changed = cursor.match(/\?([imx]*)(?:-([imx]*))?:/y);
  const known = changed ? undefined : groups.find(([opening]) => cursor.take(opening));
  if (!changed && !known && cursor.rest.startsWith('?') && !cursor.match(/\?<[A-Za-z_]\w*>/y))
    cursor.refuse(`(${cursor.rest.slice(0, 2)}`);
  const part = parseChoice(cursor, changed ? withOptions(options, changed) : options, depth + 1);
  if (!cursor.take(')')) cursor.refuse('a ( without a )');
  return known ? known[1](part) : part;
}

/** An atom with the repetitions behind it. */
function quantified(cursor: PatternCursor, atom: Node): Node {
  let node = atom;
  for (;;) {
    const found = cursor.match(/([*+?])([?+]?)|\{(\d{1,6})(,?)(\d{0,6})\}(\??)|\{,(\d{1,6})\}(\??)/y);
    if (!found) return node;
    const [, sign, kind, from, comma, to, lazy, upTo, alsoLazy] = found;
    const [least, most] = bounds(sign, { from, comma, to, upTo });
    if (most < least) cursor.refuse(found[0]);
    const isExact = from !== undefined && comma === '';
    const isLazy = kind === '?' || (!isExact && (lazy === '?' || alsoLazy === '?'));
    if (most === Infinity && mayBeEmpty(node)) cursor.refuse('a repetition of what may be empty');
    node = { kind: 'repeat', part: node, least, most, lazy: isLazy };
    if (kind === '+') node = { kind: 'atomic', part: node };
    // {n}? is {n} or nothing
    if (isExact && lazy === '?') node = { kind: 'choice', options: [node, emptyNode] };
  }
}

function bounds(
  sign: string | undefined,
  { from, comma, to, upTo }: Readonly<Record<'from' | 'comma' | 'to' | 'upTo', string | undefined>>,
): [least: number, most: number] {
  if (sign !== undefined) return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity];
  if (upTo !== undefined) return [0, Number(upTo)];
  const least = Number(from);
  return [least, comma === '' ? least : to === '' ? Infinity : Number(to)];
}
