import { floatText } from './repr.ts';

/** |x| · 10^places, rounded to a whole number, halves to the even one: exact, as every float is a sum of powers of two. */
function scaled(x: number, places: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const power = Math.max(exponent, 1) - 1075;
  const above = mantissa * 2n ** BigInt(Math.max(power, 0)) * 10n ** BigInt(Math.max(places, 0));
  const below = 2n ** BigInt(Math.max(-power, 0)) * 10n ** BigInt(Math.max(-places, 0));
  const whole = above / below;
  const rest = 2n * (above % below);
  return rest > below || (rest === below && whole % 2n === 1n) ? whole + 1n : whole;
}

/** The digits of a float without its sign: `%.{places}f`. */
function fixed(x: number, places: number): string {
  const digits = String(scaled(x, places)).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  return places === 0 ? whole : `${whole}.${digits.slice(digits.length - places)}`;
}

/** One digit, `places` more, and the power of ten: `%.{places}e`. */
function exponential(x: number, places: number): readonly [digits: string, power: number] {
  if (x === 0) return [places === 0 ? '0' : `0.${'0'.repeat(places)}`, 0];
  let power = Number(x.toExponential().split('e')[1]);
  let digits = String(scaled(x, places - power));
  if (digits.length > places + 1) {
    power++;
    digits = String(scaled(x, places - power));
  }
  return [places === 0 ? digits : `${digits[0]}.${digits.slice(1)}`, power];
}

const withPower = (digits: string, power: number): string =>
  `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;

/** A float without its sign, as the types `e f g %` of Python's formats write it; `r` is the shortest that means it. */
export function formatFloat(
  value: number,
  type: 'e' | 'f' | 'g' | '%' | 'r',
  precision: number | undefined,
  keepZeros = false,
): string {
  const x = Math.abs(value);
  if (!Number.isFinite(x)) return (Number.isNaN(x) ? 'nan' : 'inf') + (type === '%' ? '%' : '');
  if (type === '%') return `${fixed(x * 100, precision ?? 6)}%`;
  if (type === 'f') return fixed(x, precision ?? 6) + (keepZeros && precision === 0 ? '.' : '');
  if (type === 'e') return withPower(...exponential(x, precision ?? 6));
  if (type === 'r' && precision === undefined) return floatText(x);
  const significant = precision === 0 ? 1 : (precision ?? 6);
  const [digits, power] = exponential(x, significant - 1);
  const isFixed = power >= -4 && power < significant - (type === 'r' ? 1 : 0);
  const all = isFixed ? fixed(x, significant - 1 - power) : digits;
  const short = keepZeros || !all.includes('.') ? all : all.replace(/\.?0+$/, '');
  if (!isFixed) return withPower(short, power);
  return type === 'r' && !short.includes('.') ? `${short}.0` : short;
}

/** A float rounded to some decimal places, halves to the even one. */
export function roundedNumber(value: number, places: number): number {
  if (!Number.isFinite(value) || places > 330) return value;
  const digits = places < -330 ? 0n : scaled(value, places);
  // zero keeps the sign
  return Number(`${Object.is(Math.sign(value), -0) || value < 0 ? '-' : ''}${digits}e${-places}`);
}

/** Digits with a separator between the thousands, or between every four of other bases. */
export function groupedDigits(text: string, separator: string, size = 3): string {
  const end = text.search(/[^\da-f]|$/i);
  const whole = text.slice(0, end).replace(new RegExp(`\\B(?=(?:[\\da-fA-F]{${size}})+$)`, 'g'), separator);
  return whole + text.slice(end);
}
