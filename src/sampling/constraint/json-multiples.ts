import type { Automaton } from './automaton.ts';
import { allOf, choice, type Expression, inAutomaton, literally } from './expression.ts';
import { type Bounds, decimals, DIGITS, integers } from './json-numbers.ts';

/** Up to here the digits of a number are read to see whether it is a multiple. */
const maxDivisor = 1000;
/** Multiples that are written one by one where that isn't so. */
const maxMultiples = 2000;

/**
 * The numbers within bounds that are multiples of all of some steps, each in one text. Multiples of a small whole number
 * are all there; of others those next to 0 that JavaScript's division finds to be multiples too, as 0.07 / 0.01 isn't whole.
 */
export function multiples(steps: readonly number[], bounds: Bounds, isInteger: boolean): Expression {
  const common = steps.reduce(leastCommonMultiple, 1);
  if (common <= maxDivisor) {
    const least = bounds.above && Number.isInteger(bounds.least) ? bounds.least + 1 : Math.ceil(bounds.least);
    const most = bounds.below && Number.isInteger(bounds.most) ? bounds.most - 1 : Math.floor(bounds.most);
    return allOf([integers({ least, most }), inAutomaton(divisibleBy(common))]);
  }
  return choice(...listed(steps, bounds, isInteger).map(literally));
}

/** Infinity where one is no whole number, or the result is large. */
function leastCommonMultiple(a: number, b: number): number {
  if (!Number.isInteger(a) || !Number.isInteger(b) || a > maxDivisor || b > maxDivisor) return Infinity;
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** Digits, with a sign or not, that are a multiple of a whole number: the states are remainders, read from the left. */
function divisibleBy(divisor: number): Automaton {
  const [minus, zero, ten] = [0x2d, 0x30, 10];
  const classOf = new Uint8Array(256).fill(11);
  for (let d = 0; d < ten; d++) classOf[zero + d] = d;
  classOf[minus] = 10;
  // behind the remainders: the start, and behind the sign
  const [start, signed, classes] = [0, 1, 12];
  const next = new Int32Array((divisor + 2) * classes).fill(-1);
  for (let state = 0; state < divisor + 2; state++)
    for (let d = 0; d < ten; d++)
      next[state * classes + d] = 2 + ((state < 2 ? d : (state - 2) * ten + d) % divisor);
  next[start * classes + 10] = signed;
  const accepting = new Uint8Array(divisor + 2);
  accepting[2] = 1;
  return { accepting, classOf, classes, next };
}

function listed(steps: readonly number[], bounds: Bounds, isInteger: boolean): string[] {
  const step = Math.max(...steps);
  const places = decimals(step);
  if (places > DIGITS || step > 10 ** DIGITS) return [];
  const unit = BigInt(Math.round(step * 10 ** Math.max(0, places)));
  const fits = (text: string): boolean => {
    const value = Number(text);
    const isWithin = bounds.above ? value > bounds.least : value >= bounds.least;
    const isBelow = bounds.below ? value < bounds.most : value <= bounds.most;
    return (
      isWithin &&
      isBelow &&
      Math.abs(value) < 10 ** DIGITS &&
      (!isInteger || Number.isInteger(value)) &&
      steps.every((one) => Number.isInteger(value / one) && Math.abs(value / one) < 1e21)
    );
  };
  const texts: string[] = [];
  const first = Math.max(0, Math.floor(Math.max(bounds.least, -bounds.most) / step) - 1);
  for (let n = 0; n < maxMultiples; n++) {
    const text = decimalText(BigInt(first + n) * unit, Math.max(0, places));
    if (fits(text)) texts.push(text);
    if (text !== '0' && fits(`-${text}`)) texts.push(`-${text}`);
  }
  return texts;
}

/** A whole number with so many of its digits behind the point. */
function decimalText(value: bigint, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  const [whole, fraction] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places)];
  const significant = fraction.replace(/0+$/, '');
  return significant === '' ? whole : `${whole}.${significant}`;
}
