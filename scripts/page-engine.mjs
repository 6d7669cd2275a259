// Installs onnxruntime-web, the engine of a page, as scripts/page-engine/package-lock.json names it. It is large, and only
// the site and the tests in a browser need it: they call this first, and `npm start` does without.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = join(root, 'scripts/page-engine');
const place = join(root, 'dist/page-engine');
const link = join(root, 'node_modules/onnxruntime-web');
const versionIn = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined);

const { version } = JSON.parse(readFileSync(join(wanted, 'package-lock.json'), 'utf8')).packages[
  'node_modules/onnxruntime-web'
];
if (versionIn(join(link, 'package.json')) !== version) {
  if (versionIn(join(place, 'node_modules/onnxruntime-web/package.json')) !== version) {
    process.stderr.write('Installing onnxruntime-web, the engine of a page (once) …\n');
    cpSync(wanted, place, { recursive: true });
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
  }
  rmSync(link, { recursive: true, force: true });
  symlinkSync(join(place, 'node_modules/onnxruntime-web'), link, 'junction');
}
