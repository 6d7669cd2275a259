import { withFile } from '../checkpoint/open-file.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';

/** How a model's files may say it, each with what stands in front of the name. */
const places: readonly (readonly [file: string, pattern: RegExp])[] = [
  // the card of a model of the hub
  ['README.md', /^---\n(?:(?!---\n)[^\n]*\n)*?license_name: *["']?([^\n"']+)/],
  ['README.md', /^---\n(?:(?!---\n)[^\n]*\n)*?license: *["']?([^\n"']+)/],
  ['README.md', /\blicen[cs]e\b[^\n:]{0,40}: *\**([\w.+-]*[\w+])/i],
  ['config.json', /"license": *"([^"\n]+)"/],
  ['LICENSE', /^\s*([^\n]+)/],
  ['LICENSE.txt', /^\s*([^\n]+)/],
];

/** Bytes of a file that are looked at. */
const maxBytes = 2 ** 16;

/** The licence of a model as its own files name it, or nothing where they don't. It is what is said, not advice. */
export async function licenceOf(directory: string): Promise<string | undefined> {
  for (const [file, pattern] of places) {
    const name = pattern.exec(await beginningOf(directory, file))?.[1].trim();
    if (name) return name.slice(0, 100);
  }
  return undefined;
}

/** The first part of a text file of a model; nothing where there is none. */
export async function beginningOf(directory: string, name: string): Promise<string> {
  const path = await resolveInside(directory, name).catch(() => undefined);
  if (path === undefined) return '';
  try {
    return await withFile(path, async (file) => {
      const beginning = Buffer.alloc(Math.min(maxBytes, file.size));
      await file.readInto(beginning, 0);
      return beginning.toString('utf8').replaceAll('\r\n', '\n');
    });
  } catch {
    return ''; // a directory of that name
  }
}
