const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** A time as Python's `strftime` writes it, in English; a code that is not among these stays as it is. */
export function strftime(format: string, time: Date): string {
  const padded = (value: number, digits = 2): string => String(value).padStart(digits, '0');
  const day = DAYS[time.getDay()];
  const month = MONTHS[time.getMonth()];
  const hour = time.getHours();
  const dayOfYear = Math.round(
    (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - Date.UTC(time.getFullYear(), 0, 0)) /
      864e5,
  );
  const codes: Readonly<Record<string, string>> = {
    Y: padded(time.getFullYear(), 4),
    y: padded(time.getFullYear() % 100),
    m: padded(time.getMonth() + 1),
    d: padded(time.getDate()),
    j: padded(dayOfYear, 3),
    A: day,
    a: day.slice(0, 3),
    B: month,
    b: month.slice(0, 3),
    H: padded(hour),
    I: padded(hour % 12 || 12),
    p: hour < 12 ? 'AM' : 'PM',
    M: padded(time.getMinutes()),
    S: padded(time.getSeconds()),
    '%': '%',
  };
  return format.replace(/%(.)/g, (code, letter: string) =>
    Object.hasOwn(codes, letter) ? codes[letter] : code,
  );
}
