import { order } from './compare.ts';
import { repr } from './repr.ts';
import { lines } from './text-search.ts';
import { Dict, Tuple, typeName, type Value } from './values.ts';
import { PYTHON_BLANK } from './lexer.ts';
import type { Work } from './work.ts';

const WIDTH = 80;
const PART = new RegExp(`[^${PYTHON_BLANK.slice(1, -1)}]*${PYTHON_BLANK}*`, 'g');

/** A value as Python's `pprint.pformat` writes it: in 80 columns, with the keys of dicts in order. */
export function pretty(value: Value, work: Work): string {
  return format(value, { indent: 0, allowance: 0, level: 0 }, work);
}

interface Place {
  readonly indent: number;
  /** What has to stand on the last line behind the value. */
  readonly allowance: number;
  readonly level: number;
}

function format(value: Value, { indent, allowance, level }: Place, work: Work): string {
  const short = sortedRepr(value, work);
  if ([...short].length <= WIDTH - indent - allowance) return short;
  const place = { indent, allowance, level: level + 1 };
  if (value instanceof Dict) return formatDict(value, place, work);
  if (Array.isArray(value)) return `[${formatItems(value as readonly Value[], place, 1, work)}]`;
  if (value instanceof Tuple) {
    const end = value.items.length === 1 ? ',)' : ')';
    return `(${formatItems(value.items, place, end.length, work)}${end}`;
  }
  return typeof value === 'string' ? formatText(value, short, place, work) : short;
}

/** As `repr`, with the keys of dicts in order. */
function sortedRepr(value: Value, work: Work): string {
  const inner = (each: Value) => sortedRepr(each, work);
  if (value instanceof Dict)
    return work.text(
      `{${sortedEntries(value, work)
        .map(([key, each]) => `${inner(key)}: ${inner(each)}`)
        .join(', ')}}`,
    );
  if (Array.isArray(value)) return work.text(`[${(value as readonly Value[]).map(inner).join(', ')}]`);
  if (value instanceof Tuple)
    return work.text(`(${value.items.map(inner).join(', ')}${value.items.length === 1 ? ',' : ''})`);
  return repr(value, work);
}

/** Keys that can't be compared are ordered by their types. */
function sortedEntries(dict: Dict, work: Work): (readonly [Value, Value])[] {
  return [...dict.entries()].sort(([a], [b]) => {
    try {
      return order(a, b, work);
    } catch {
      return typeName(a) < typeName(b) ? -1 : 1;
    }
  });
}

function formatDict(dict: Dict, { indent, allowance, level }: Place, work: Work): string {
  const entries = sortedEntries(dict, work);
  const parts = entries.map(([key, value], i) => {
    const name = sortedRepr(key, work);
    const behind = i === entries.length - 1 ? allowance + 1 : 1;
    const place = { indent: indent + 1 + [...name].length + 2, allowance: behind, level };
    return `${name}: ${format(value, place, work)}`;
  });
  return work.text(`{${parts.join(`,\n${' '.repeat(indent + 1)}`)}}`);
}

function formatItems(items: readonly Value[], place: Place, closing: number, work: Work): string {
  const indent = place.indent + 1;
  const parts = items.map((item, i) =>
    format(
      item,
      { indent, allowance: i === items.length - 1 ? place.allowance + closing : 1, level: place.level },
      work,
    ),
  );
  return work.text(parts.join(`,\n${' '.repeat(indent)}`));
}

/** A long text as several, one below the other. */
function formatText(text: string, short: string, { indent, allowance, level }: Place, work: Work): string {
  work.rewrite(text.length);
  const outer = level === 1 ? 1 : 0;
  const width = WIDTH - indent - outer;
  const behind = allowance + outer;
  const size = (part: string) => [...repr(part, work)].length;
  const chunks: string[] = [];
  const all = lines(text, true);
  for (const [i, line] of all.entries()) {
    const isLast = i === all.length - 1;
    if (size(line) <= width - (isLast ? behind : 0)) {
      chunks.push(line);
      continue;
    }
    const parts = line.match(PART)!.filter((part) => part !== '');
    let current = '';
    for (const [j, part] of parts.entries()) {
      const room = width - (isLast && j === parts.length - 1 ? behind : 0);
      if (size(current + part) > room) {
        if (current !== '') chunks.push(current);
        current = part;
      } else current += part;
    }
    if (current !== '') chunks.push(current);
  }
  if (chunks.length === 1) return short;
  const body = chunks.map((chunk) => repr(chunk, work)).join(`\n${' '.repeat(indent + outer)}`);
  return work.text(outer ? `(${body})` : body);
}
