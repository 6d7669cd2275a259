import { isAbsolute, relative, resolve, sep } from 'node:path';

/** Whether a path is that of a folder, or of something in it. */
export function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, resolve(path));
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
