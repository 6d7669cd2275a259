import { escapeHtml } from './html.ts';
import type { ArithmeticOperator } from './nodes.ts';
import { formatPercent } from './percent-format.ts';
import { TemplateProblem, typeError } from './problems.ts';
import { numeric, type Numeric, sequenceOf } from './sequences.ts';
import { isText, Markup, plain, Tuple, typeName, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

/** Beyond this many bits a number isn't written, and hardly ever meant. */
const maxBits = 14_000;

/** The value of `a operator b`, with Python's types and errors. @throws TemplateProblem */
export function arithmetic(operator: ArithmeticOperator, a: Value, b: Value, work: Work): Value {
  if (operator === '%' && isText(a)) {
    const text = formatPercent(plain(a), b, work, a instanceof Markup ? escapeHtml : undefined);
    return a instanceof Markup ? new Markup(text) : text;
  }
  for (const value of [a, b]) if (value instanceof Undefined) throw value.problem();
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return checkSize(numbers(operator, x, y));
  const result = operator === '+' ? added(a, b, work) : operator === '*' ? repeated(a, b, work) : undefined;
  if (result !== undefined) return result;
  throw typeError(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

function added(a: Value, b: Value, work: Work): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') {
    work.characters(a.length + b.length);
    return a + b;
  }
  if (isText(a) && isText(b)) {
    // one that is escaped escapes the other
    const escaped = (text: string | Markup) => (text instanceof Markup ? text.text : escapeHtml(text));
    return new Markup(work.text(escaped(a) + escaped(b)));
  }
  const [items, others] = [sequenceOf(a), sequenceOf(b)];
  if (!items || !others || Array.isArray(a) !== Array.isArray(b)) return undefined;
  work.items(items.length + others.length);
  return Array.isArray(a) ? [...items, ...others] : new Tuple([...items, ...others]);
}

function repeated(a: Value, b: Value, work: Work): Value | undefined {
  const [value, times] = isText(a) || sequenceOf(a) ? [a, b] : [b, a];
  const count = numeric(times);
  if (typeof count !== 'bigint') return undefined;
  const n = count < 0n ? 0 : Number(count);
  if (isText(value)) {
    work.characters(plain(value).length * n);
    const text = plain(value) === '' ? '' : plain(value).repeat(n);
    return value instanceof Markup ? new Markup(text) : text;
  }
  const items = sequenceOf(value);
  if (!items) return undefined;
  work.items(items.length * n);
  const all = items.length === 0 ? [] : Array.from({ length: n }, () => items).flat();
  return Array.isArray(value) ? all : new Tuple(all);
}

function checkSize(value: Numeric): Numeric {
  if (typeof value === 'bigint' && (value > LARGEST || value < -LARGEST)) throw tooLarge();
  return value;
}

const LARGEST = 1n << BigInt(maxBits);
const tooLarge = () => new TemplateProblem('LimitError', `a number of more than ${maxBits} bits`);

function numbers(operator: ArithmeticOperator, a: Numeric, b: Numeric): Numeric {
  if (operator === '**') return power(a, b);
  if ((operator === '/' || operator === '//' || operator === '%') && Number(b) === 0)
    throw new TemplateProblem('ZeroDivisionError', 'division by zero');
  if (typeof a === 'bigint' && typeof b === 'bigint') return ints(operator, a, b);
  return floats(operator, Number(a), Number(b));
}

function ints(operator: Exclude<ArithmeticOperator, '**'>, a: bigint, b: bigint): Numeric {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return quotient(a, b);
    case '%':
      return a - floorDivide(a, b) * b;
    case '//':
      return floorDivide(a, b);
    default:
      return operator satisfies never;
  }
}

function quotient(a: bigint, b: bigint): number {
  const result = Number(a) / Number(b);
  if (!Number.isFinite(result))
    throw new TemplateProblem('OverflowError', 'integer division result too large for a float');
  return result;
}

/** ⌊a / b⌋, as Python's `//`; JavaScript's `/` rounds towards 0. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const towardsZero = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? towardsZero - 1n : towardsZero;
}

function floats(operator: Exclude<ArithmeticOperator, '**'>, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return modulo(a, b);
    case '//':
      return floorQuotient(a, b);
    default:
      return operator satisfies never;
  }
}

/** As Python's own floats are divided: what is left over decides, so that the quotient is a whole number. */
function floorQuotient(a: number, b: number): number {
  const remainder = a % b;
  let quotient = (a - remainder) / b;
  if (remainder !== 0 && remainder < 0 !== b < 0) quotient -= 1;
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

/** The remainder has the sign of the divisor. */
function modulo(a: number, b: number): number {
  const remainder = a % b;
  if (remainder === 0) return b < 0 ? -0 : 0;
  return remainder < 0 !== b < 0 ? remainder + b : remainder;
}

function power(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint' && b >= 0n) {
    const bits = a < 2n && a > -2n ? 1 : a.toString(2).length;
    if (bits * Number(b) > 2 * maxBits && bits > 1) throw tooLarge();
    return a ** b;
  }
  const [x, y] = [Number(a), Number(b)];
  if (x === 0 && y < 0)
    throw new TemplateProblem('ZeroDivisionError', '0.0 cannot be raised to a negative power');
  if (x < 0 && !Number.isInteger(y)) throw typeError('a complex number');
  const result = x ** y;
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y))
    throw new TemplateProblem('OverflowError', 'Numerical result out of range');
  return result;
}

/** `-value`. @throws TemplateProblem  for what is no number */
export function negative(value: Value): Value {
  if (value instanceof Undefined) throw value.problem();
  const number = numeric(value);
  if (number === undefined) throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
  return -number;
}

/** `+value`, which makes a number of a boolean. @throws TemplateProblem  for what is no number */
export function unaryPlus(value: Value): Value {
  if (value instanceof Undefined) throw value.problem();
  const number = numeric(value);
  if (number === undefined) throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
  return number;
}
