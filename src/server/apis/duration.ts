import { InvalidOptionError } from '../../base/errors.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A time as Ollama has it, in milliseconds: a number of seconds, or as `5m`, `1h30m`; below 0 for ever.
 *
 * @throws InvalidOptionError
 */
export function milliseconds(time: number | string): number {
  const seconds = typeof time === 'number' ? time : /^-?\d+(\.\d+)?$/.test(time) ? Number(time) : undefined;
  if (seconds !== undefined) return seconds < 0 ? Infinity : 1000 * seconds;
  const text = String(time);
  if (text.startsWith('-')) return Infinity;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text)
    throw new InvalidOptionError('keep_alive', 'must be seconds, or as 5m or 1h30m', time);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitMs[unit], 0);
}
