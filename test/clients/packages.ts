// Installs the packages of test/clients/package-lock.json into a temporary folder of their own, once: other people's clients,
// which the project doesn't depend on.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../../test/clients', import.meta.url));
const lock = readFileSync(join(source, 'package-lock.json'));
const folder = join(
  tmpdir(),
  `unmask-clients-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`,
);

/** A module that imports from among these packages. */
export const importer = join(folder, 'import.mjs');

if (process.argv[1] === fileURLToPath(import.meta.url) && !existsSync(importer)) {
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(source, name), join(folder, name));
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  // last: it says that the others are there
  writeFileSync(importer, 'export default (name) => import(name);\n');
}
