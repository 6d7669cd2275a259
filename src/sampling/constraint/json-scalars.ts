import { buildAutomaton, intersection } from './build-automaton.ts';
import { anyCharacter, characters, type Expression, inAutomaton, repeated } from './expression.ts';
import { formats } from './json-formats.ts';
import { countAt, type JsonSchema, refuse } from './json-keywords.ts';
import { decimals, DIGITS, integers, numbers } from './json-numbers.ts';
import { bracketed, spelled } from './json-text.ts';
import { anywhere, parseRegularExpression } from './regular-expression.ts';

/** `minLength` and `maxLength` count code points, as JSON Schema does. */
export function stringText(schema: JsonSchema, place: string): Expression {
  const { pattern, format } = schema;
  const least = countAt(schema, 'minLength', place) ?? 0;
  const most = countAt(schema, 'maxLength', place) ?? Infinity;
  if (least > most) refuse(place, `asks for at least ${least} characters and admits ${most}`);
  const languages: Expression[] = [];
  if (least > 0 || most < Infinity || (pattern === undefined && format === undefined))
    languages.push(repeated(characters(anyCharacter), least, most));
  for (const [keyword, source] of [
    ['pattern', pattern],
    ['format', format === undefined ? undefined : formatAt(format, place)],
  ]) {
    if (source === undefined) continue;
    if (typeof source !== 'string') refuse(place, `has no text as ${String(keyword)}`);
    languages.push(anywhere(parseRegularExpression(source, `jsonSchema: ${place}/${String(keyword)}`)));
  }
  const [first, ...others] = languages.map(spelled);
  const inside =
    others.length === 0
      ? first
      : inAutomaton(others.reduce((a, b) => intersection(a, buildAutomaton(b)), buildAutomaton(first)));
  return bracketed('"', inside, '"');
}

function formatAt(format: unknown, place: string): string {
  const source = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined;
  return (
    source ??
    refuse(
      place,
      `has the format ${JSON.stringify(format)}; supported are ${Object.keys(formats).join(', ')}`,
    )
  );
}

export function numberText(schema: JsonSchema, place: string, type: string): Expression {
  const bound = (keyword: string): number | undefined => {
    const value = schema[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      return refuse(place, `has no number as ${keyword}`);
    return value;
  };
  const [least, above] = stricter(
    bound('minimum') ?? -Infinity,
    bound('exclusiveMinimum') ?? -Infinity,
    Math.max,
  );
  const [most, below] = stricter(
    bound('maximum') ?? Infinity,
    bound('exclusiveMaximum') ?? Infinity,
    Math.min,
  );
  if (type === 'number') {
    const long = [least, most].find((value) => Number.isFinite(value) && decimals(value) > DIGITS);
    if (long !== undefined)
      refuse(place, `has the bound ${long}, with more than ${DIGITS} digits behind the point`);
    return numbers({ least, most, above, below });
  }
  const low = above && Number.isInteger(least) ? least + 1 : Math.ceil(least);
  const high = below && Number.isInteger(most) ? most - 1 : Math.floor(most);
  // beyond 2^53 float64 has not every integer
  if (low > high || low > Number.MAX_SAFE_INTEGER || high < -Number.MAX_SAFE_INTEGER)
    refuse(place, `admits no integer: none that float64 keeps is from ${low} to ${high}`);
  return integers({ least: safe(low), most: safe(high) });
}

/** The stricter of a bound that is admitted and one that isn't, and whether it isn't. */
function stricter(
  admitted: number,
  leftOut: number,
  choose: (a: number, b: number) => number,
): [value: number, out: boolean] {
  const value = choose(admitted, leftOut);
  return [value, Number.isFinite(leftOut) && value === leftOut];
}

/** An infinite bound stays; a finite one stays within the integers that float64 has. */
const safe = (bound: number): number =>
  Number.isFinite(bound)
    ? Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, bound))
    : bound;
