import { InvalidOptionError } from './errors.ts';

/**
 * Refuses what would need more memory than is free, before any of it is taken.
 *
 * @param option  what a person would make smaller
 * @param value   what it is
 * @param bytes   about what is needed
 * @param free    bytes that there are
 * @param needs   what needs it, as a plural: "1,000 windows of 64 tokens"
 * @param remedy  what to do about it
 * @throws InvalidOptionError
 */
export function requireMemory(
  { option, value, needs, remedy }: { option: string; value: unknown; needs: string; remedy: string },
  bytes: number,
  free: number,
): void {
  if (bytes <= free) return;
  const problem = `must be smaller: ${needs} take about ${memoryText(bytes)} of memory, and ${memoryText(free)} are free; ${remedy}`;
  throw new InvalidOptionError(option, problem, value);
}

/** "21.4 GiB". */
export function memoryText(bytes: number): string {
  const units = ['MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10) - 2));
  const size = bytes / 2 ** (20 + 10 * power);
  return size < 1000 ? `${size.toFixed(1)} ${units[power]}` : `${size.toExponential(1)} ${units[power]}`;
}
