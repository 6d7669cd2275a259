const units = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** 16.1 GB: in powers of a thousand, as disks and networks are measured. */
export function bytesText(bytes: number): string {
  const power = Math.max(1, Math.min(units.length, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const size = bytes / 1000 ** power;
  return `${size < 1000 ? size.toFixed(1) : size.toExponential(1)} ${units[power - 1]}`;
}
