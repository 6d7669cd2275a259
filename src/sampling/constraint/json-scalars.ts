import { allOf, anyCharacter, characters, type Expression, type Ranges, repeated } from './expression.ts';
import { formats, integerFormats } from './json-formats.ts';
import { countsAt, isForIntegers, type Placed, refuse } from './json-keywords.ts';
import { multiples } from './json-multiples.ts';
import { decimals, DIGITS, integers, numbers } from './json-numbers.ts';
import type { Room } from './json-room.ts';
import { bracketed, spelled } from './json-text.ts';
import { anywhere, parseRegularExpression } from './regular-expression.ts';

/** Beyond so many counted characters the rarest are left out, so that the automaton has half the states. */
const maxExact = 64;
/** All but the control characters that JSON spells by their number. */
const usualCharacter: Ranges = [
  [0x08, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x10ffff],
];

/**
 * The strings that some schemas all admit. `minLength` and `maxLength` count code points, as JSON Schema does.
 *
 * @throws UnsupportedError  for bounds that contradict each other, and for patterns that can't be kept
 */
export function stringText(all: readonly Placed[], room: Room, place: string): Expression {
  const [least, most] = countsAt(all, 'minLength', 'maxLength');
  if (least > most) refuse(place, `has a minLength of ${least} and a maxLength of ${most}`);
  const end = room.charactersUpTo(most, least);
  const languages = all.flatMap((one) =>
    [patternOf(one), formatOf(one)].filter((found) => found !== undefined),
  );
  if (least > 0 || end < Infinity || languages.length === 0) {
    const isLong = end < Infinity && end > maxExact;
    languages.push(repeated(characters(isLong ? usualCharacter : anyCharacter), least, end));
  }
  return bracketed('"', spelled(allOf(languages)), '"');
}

function patternOf({ schema, place }: Placed): Expression | undefined {
  const { pattern } = schema;
  if (pattern === undefined) return undefined;
  if (typeof pattern !== 'string') refuse(place, 'has no text as pattern');
  return anywhere(parseRegularExpression(pattern, `jsonSchema: ${place}/pattern`));
}

/** A format that isn't known is an annotation. */
function formatOf({ schema, place }: Placed): Expression | undefined {
  const { format } = schema;
  if (format === undefined) return undefined;
  if (typeof format !== 'string') refuse(place, 'has no text as format');
  if (!Object.hasOwn(formats, format)) return undefined;
  return anywhere(parseRegularExpression(formats[format], `jsonSchema: ${place}/format`));
}

/**
 * The numbers that some schemas all admit.
 *
 * @param isCanonical  whether each number has one text
 * @throws UnsupportedError  for bounds that nothing is within, or that have too many digits
 */
export function numberText(all: readonly Placed[], isCanonical: boolean, place: string): Expression {
  const named = all.map(({ schema }) => String(schema['format']));
  const kinds = named
    .filter((name) => Object.hasOwn(integerFormats, name))
    .map((name) => integerFormats[name]);
  const isInteger = all.some(isForIntegers) || kinds.length > 0;
  const values = (keyword: string): number[] => all.flatMap((one) => numberAt(one, keyword) ?? []);
  const [least, above] = stricter(
    Math.max(-Infinity, ...values('minimum'), ...kinds.map(([low]) => low)),
    Math.max(-Infinity, ...values('exclusiveMinimum')),
    Math.max,
  );
  const [most, below] = stricter(
    Math.min(Infinity, ...values('maximum'), ...kinds.map(([, high]) => high)),
    Math.min(Infinity, ...values('exclusiveMaximum')),
    Math.min,
  );
  const steps = values('multipleOf');
  if (steps.some((step) => step <= 0)) refuse(place, 'has a multipleOf that is not above 0');
  if (steps.length > 0) return multiples(steps, { least, most, above, below }, isInteger);
  if (!isInteger) {
    const long = [least, most].find((value) => Number.isFinite(value) && decimals(value) > DIGITS);
    if (long !== undefined) {
      const keyword = long === least ? 'minimum' : 'maximum';
      refuse(place, `has the bound ${long} (${keyword}), with more than ${DIGITS} digits behind the point`);
    }
    return numbers({ least, most, above, below }, isCanonical);
  }
  const low = above && Number.isInteger(least) ? least + 1 : Math.ceil(least);
  const high = below && Number.isInteger(most) ? most - 1 : Math.floor(most);
  // beyond 2^53 float64 has not every integer
  if (low > high || low > Number.MAX_SAFE_INTEGER || high < -Number.MAX_SAFE_INTEGER)
    refuse(
      place,
      `admits no integer: by minimum and maximum, none that float64 keeps is from ${low} to ${high}`,
    );
  return integers({ least: safe(low), most: safe(high) });
}

function numberAt({ schema, place }: Placed, keyword: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value))
    return refuse(place, `has no number as ${keyword}`);
  return value;
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
