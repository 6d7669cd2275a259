// Makes dist/api, the API reference, from the docstrings: TypeDoc, which is installed for this alone and beside TypeScript 6,
// whose compiler it reads sources by. Ends with an error where a public symbol has no docstring.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const place = join(root, 'dist/api-reference');
const shell = process.platform === 'win32';

function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: place, stdio: 'inherit', shell });
  if (status !== 0) process.exit(status ?? 1);
}

cpSync(join(root, 'scripts/api-reference'), place, { recursive: true });
run('npm', 'ci', '--ignore-scripts', '--loglevel=error');
run('npm', 'exec', '--offline', 'typedoc');
