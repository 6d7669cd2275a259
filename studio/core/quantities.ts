import { grouped } from '../../src/base/format-count.ts';

/** 4.2 million */
export function counted(value: number): string {
  if (value < 1e6) return grouped(value);
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} million` : `${(value / 1e9).toFixed(1)} billion`;
}

/** The share in a line of progress, `37 %  1.2 GB of 3.2 GB`; undefined where it tells none. */
export function shareIn(line: string | undefined): number | undefined {
  const [, percent] = /(?:^|\s)(\d{1,3}) %/.exec(line ?? '') ?? [];
  return percent === undefined ? undefined : Math.min(100, Number(percent)) / 100;
}
