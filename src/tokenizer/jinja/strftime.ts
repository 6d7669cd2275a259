const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** A part of a time: a text, or a number with the width and the sign that it is filled up with. */
type Field = string | { readonly value: number; readonly width: number; readonly fill: '0' | ' ' };

const number = (value: number, width = 2, fill: '0' | ' ' = '0'): Field => ({ value, width, fill });

const dayOfYear = (time: Date): number =>
  Math.round(
    (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - Date.UTC(time.getFullYear(), 0, 0)) /
      864e5,
  );

/** The ISO week and the year that it belongs to. */
function isoWeek(time: Date): { readonly year: number; readonly week: number } {
  const weekday = time.getDay() || 7;
  // a week belongs to the year of its Thursday
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 4 - weekday);
  return { year: thursday.getFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

/** What the letters stand for; those that stand for several are formats themselves. */
const FIELDS: Readonly<Record<string, (time: Date) => Field>> = {
  Y: (time) => number(time.getFullYear(), 1),
  C: (time) => number(Math.floor(time.getFullYear() / 100)),
  y: (time) => number(time.getFullYear() % 100),
  m: (time) => number(time.getMonth() + 1),
  d: (time) => number(time.getDate()),
  e: (time) => number(time.getDate(), 2, ' '),
  j: (time) => number(dayOfYear(time), 3),
  u: (time) => number(time.getDay() || 7, 1),
  w: (time) => number(time.getDay(), 1),
  U: (time) => number(Math.floor((dayOfYear(time) + 6 - time.getDay()) / 7)),
  W: (time) => number(Math.floor((dayOfYear(time) + 6 - ((time.getDay() + 6) % 7)) / 7)),
  G: (time) => number(isoWeek(time).year, 1),
  g: (time) => number(isoWeek(time).year % 100),
  V: (time) => number(isoWeek(time).week),
  A: (time) => DAYS[time.getDay()],
  a: (time) => DAYS[time.getDay()].slice(0, 3),
  B: (time) => MONTHS[time.getMonth()],
  b: (time) => MONTHS[time.getMonth()].slice(0, 3),
  h: (time) => MONTHS[time.getMonth()].slice(0, 3),
  H: (time) => number(time.getHours()),
  k: (time) => number(time.getHours(), 2, ' '),
  I: (time) => number(time.getHours() % 12 || 12),
  l: (time) => number(time.getHours() % 12 || 12, 2, ' '),
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  P: (time) => (time.getHours() < 12 ? 'am' : 'pm'),
  M: (time) => number(time.getMinutes()),
  S: (time) => number(time.getSeconds()),
  f: (time) => number(time.getMilliseconds() * 1000, 6),
  s: (time) => number(Math.floor(time.getTime() / 1000), 1),
  // a time without a zone, as Python's `datetime.now()` is
  z: () => '',
  Z: () => '',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
  D: (time) => strftime('%m/%d/%y', time),
  x: (time) => strftime('%m/%d/%y', time),
  F: (time) => strftime('%Y-%m-%d', time),
  T: (time) => strftime('%H:%M:%S', time),
  X: (time) => strftime('%H:%M:%S', time),
  R: (time) => strftime('%H:%M', time),
  r: (time) => strftime('%I:%M:%S %p', time),
  c: (time) => strftime('%a %b %e %H:%M:%S %Y', time),
};

/** A time as Python's `strftime` writes it on Linux, in English; what isn't a code stays as it is. */
export function strftime(format: string, time: Date): string {
  return format.replace(
    /%([-_0^#]*)(\d{0,3})[EO]?(.)/gs,
    (code, flags: string, width: string, letter: string) => {
      if (!Object.hasOwn(FIELDS, letter)) return code;
      return written(FIELDS[letter](time), flags, width === '' ? undefined : Number(width), letter);
    },
  );
}

function written(field: Field, flags: string, width: number | undefined, letter: string): string {
  const sign = [...flags].findLast((flag) => '-_0'.includes(flag));
  let text: string;
  if (typeof field === 'string') {
    text = field.padStart(width ?? 0, sign === '0' ? '0' : ' ');
    if (flags.includes('#') && letter === 'p') text = text.toLowerCase();
    if (flags.includes('#') && 'aAbBh'.includes(letter)) text = text.toUpperCase();
  } else {
    const fill = sign === '_' ? ' ' : sign === '0' ? '0' : field.fill;
    text = String(field.value).padStart(sign === '-' ? 0 : (width ?? field.width), fill);
  }
  return flags.includes('^') && letter !== 'P' ? text.toUpperCase() : text;
}
