import {
  allOf,
  anyCharacter,
  characters,
  choice,
  type Expression,
  literally,
  optional,
  repeated,
  sequence,
} from './expression.ts';

/** Bounds of numbers; ±Infinity where there is none. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
  /** Whether a bound itself is left out. */
  readonly above?: boolean;
  readonly below?: boolean;
}

/** Digits that a float64 keeps apart: every decimal number of so many is read as another one. */
export const DIGITS = 15;

const digits = (first: number, last: number): Expression => characters([[0x30 + first, 0x30 + last]]);
const digit = digits(0, 9);
const some = (least: number, most = Infinity): Expression => repeated(digit, least, most);

/** Integers between two integers, in decimal, without `-0`; where there is no bound, of at most 15 digits. */
export function integers({ least, most }: { least: number; most: number }): Expression {
  const limit = 10 ** DIGITS - 1;
  const low = least === -Infinity ? Math.min(-limit, most) : least;
  const high = most === Infinity ? Math.max(limit, least) : most;
  const options: Expression[] = [];
  if (low < 0) options.push(sequence(literally('-'), naturals(Math.max(1, -high), -low)));
  if (high >= 0) options.push(naturals(Math.max(0, low), high));
  return choice(...options);
}

/** The whole numbers from a to b, without leading zeros. */
function naturals(a: number, b: number): Expression {
  const options: Expression[] = [];
  if (a > b) return choice();
  for (let length = String(a).length; length <= String(b).length; length++) {
    const low = Math.max(a, length === 1 ? 0 : 10 ** (length - 1));
    const high = length === String(b).length ? b : 10 ** length - 1;
    options.push(between(String(low), String(high)));
  }
  return choice(...options);
}

/** Digits between two numbers of the same length. */
function between(low: string, high: string): Expression {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return some(low.length, low.length);
  const [first, last] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  if (first === last) return sequence(digits(first, first), between(low.slice(1), high.slice(1)));
  const options = [
    sequence(digits(first, first), between(low.slice(1), '9'.repeat(rest))),
    sequence(digits(last, last), between('0'.repeat(rest), high.slice(1))),
  ];
  if (last - first > 1) options.push(sequence(digits(first + 1, last - 1), some(rest, rest)));
  return choice(...options);
}

/**
 * Numbers. Without bounds of at most 15 digits before the point and behind it, and an exponent of one or two, so that none
 * is too large for float64. With bounds without exponent and of at most 15 digits in all, as many as float64 keeps apart:
 * what is within the bounds in decimal is within them when it was read.
 *
 * @param isCanonical  whether each number has one text: no exponent, no zeros that say nothing, no `-0`
 */
export function numbers(bounds: Bounds, isCanonical: boolean): Expression {
  const { least, most, above = false, below = false } = bounds;
  const plain = unsigned(isCanonical);
  if (least === -Infinity && most === Infinity && !isCanonical)
    return sequence(optional(literally('-')), plain, optional(exponent));
  const side = (low: number, lowOut: boolean, high: number, highOut: boolean): Expression | undefined => {
    if (high < 0 || low > high || (low === high && (lowOut || highOut)) || low >= 10 ** DIGITS)
      return undefined;
    return allOf([
      plain,
      repeated(characters(anyCharacter), 1, DIGITS + 1),
      ...(low > 0 || (low === 0 && lowOut) ? [atLeast(low, lowOut)] : []),
      ...(high < 10 ** DIGITS ? [atMost(high, highOut)] : []),
    ]);
  };
  const positive = side(least, above, most, below);
  const isZeroOut = isCanonical && most >= 0;
  const negative =
    least < 0 ? side(Math.max(0, -most), isZeroOut || (most < 0 && below), -least, above) : undefined;
  return choice(...(positive ? [positive] : []), ...(negative ? [sequence(literally('-'), negative)] : []));
}

/** Decimal numbers without sign. */
function unsigned(isCanonical: boolean): Expression {
  const decimalPlaces = isCanonical ? sequence(some(0, DIGITS - 1), digits(1, 9)) : some(1, DIGITS);
  const whole = choice(literally('0'), sequence(digits(1, 9), some(0, DIGITS - 1)));
  return sequence(whole, optional(sequence(literally('.'), decimalPlaces)));
}

const exponent = sequence(
  choice(literally('E'), literally('e')),
  optional(choice(literally('+'), literally('-'))),
  some(1, 2),
);

/** A decimal number from 0 to 10^15, as its digits before and behind the point. */
function decimal(value: number): [whole: string, fraction: string] {
  const text = value.toFixed(Math.max(0, decimals(value)));
  const [whole, fraction = ''] = text.split('.');
  return [whole, fraction];
}

/** How many digits a number has behind the point when it is written out. */
export function decimals(value: number): number {
  const [mantissa, exponent = '0'] = String(value).split('e');
  return (mantissa.split('.')[1] ?? '').length - Number(exponent);
}

/** Numbers without sign of at least so much (or more, if it is left out). */
function atLeast(value: number, out: boolean): Expression {
  const [whole, fraction] = decimal(value);
  const anyFraction = optional(sequence(literally('.'), some(1)));
  return choice(
    sequence(naturals(Number(whole) + 1, 10 ** DIGITS - 1), anyFraction),
    sequence(literally(whole), fractionFrom(fraction, out)),
  );
}

/** `.` and digits, or nothing, of at least these (or more). */
function fractionFrom(least: string, out: boolean): Expression {
  const options: Expression[] = [];
  for (const [k, d] of [...least].entries()) {
    if (d === '9') continue;
    options.push(sequence(literally(`.${least.slice(0, k)}`), digits(Number(d) + 1, 9), some(0)));
  }
  // the same digits, and then anything, or anything that isn't only zeros
  const more = out ? sequence(some(0), digits(1, 9), some(0)) : some(0);
  if (least !== '') options.push(sequence(literally(`.${least}`), more));
  else options.push(out ? sequence(literally('.'), more) : optional(sequence(literally('.'), some(1))));
  return choice(...options);
}

/** Numbers without sign of at most so much (or less). */
function atMost(value: number, out: boolean): Expression {
  const [whole, fraction] = decimal(value);
  const anyFraction = optional(sequence(literally('.'), some(1)));
  const options = [sequence(literally(whole), fractionTo(fraction, out))];
  if (Number(whole) > 0) options.push(sequence(naturals(0, Number(whole) - 1), anyFraction));
  return choice(...options);
}

/** `.` and digits, or nothing, of at most these (or less). */
function fractionTo(most: string, out: boolean): Expression {
  const zeros = repeated(literally('0'), 0, Infinity);
  const options: Expression[] = [];
  const significant = most.replace(/0+$/, '');
  for (const [k, d] of [...significant].entries()) {
    const same = significant.slice(0, k);
    if (d !== '0') options.push(sequence(literally(`.${same}`), digits(0, Number(d) - 1), some(0)));
    // ends early, and so is smaller
    options.push(k === 0 ? sequence() : literally(`.${same}`));
  }
  if (!out) {
    const equal =
      significant === ''
        ? optional(sequence(literally('.0'), zeros))
        : sequence(literally(`.${significant}`), zeros);
    options.push(equal);
  }
  return choice(...options);
}
