import { InvalidOptionError } from './errors.ts';
import { bytesText } from './format-bytes.ts';

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
  const problem = `must be smaller: ${needs} take about ${bytesText(bytes)} of memory, and ${bytesText(free)} are free; ${remedy}`;
  throw new InvalidOptionError(option, problem, value);
}
