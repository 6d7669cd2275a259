import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The folder of this package, in which `models/` and the compiled programs lie. It is asked for by name, so that it is also
 * found from within the bundle of another program, in the `node_modules` around it. Where there is none, it is the folder of
 * the bundle, and what is looked for there is said to be missing.
 */
export function packageRoot(): string {
  // a bundle in CommonJS has no import.meta.url
  const here: string = import.meta.url ?? __filename;
  const { resolve } = createRequire(here);
  try {
    return dirname(resolve('unmask/package.json'));
  } catch {
    return dirname(here);
  }
}

/** As package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
