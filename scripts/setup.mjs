// Makes a clone ready to run: installs what package-lock.json names and compiles src to dist, each only when it is out of date.
// `npm start`, `npm test` and `npm run check` call it first, so that none of them needs another command before it.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function newest(directory) {
  let latest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : modified(path));
  }
  return latest;
}

/** Whether node_modules has every package of package-lock.json in its version; what is optional may be missing. */
function isInstalled() {
  const packagesIn = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {});
  const installed = packagesIn(join(root, 'node_modules/.package-lock.json'));
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional),
  );
}

/** Removes what was compiled from a source that is gone: the compiler leaves it, and a test of it would still run. */
function removeOrphans(directory) {
  if (!existsSync(join(root, directory))) return;
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    const source = /^dist\/((?:src|test|bench|recipes|examples|studio)\/.*)\.(?:js|js\.map|d\.ts)$/.exec(
      path.replaceAll('\\', '/'),
    );
    if (source && !existsSync(join(root, `${source[1]}.ts`))) rmSync(join(root, path));
  }
}

const say = (text) => process.stderr.write(`${text}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`unmask needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exit(2);
}

if (!isInstalled()) {
  say('Installing what package-lock.json names (once, less than a minute) …');
  // onnxruntime-node would download its CUDA provider while installing; the CPU and WebGPU ones are in the package
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

// `npm start` wants to see something soon: it compiles src/ alone, without checking types, which whatever else calls this does
const isQuick = process.argv.includes('--quick');
const program = join(root, 'dist/src/index.js');
const types = join(root, 'dist/src/index.d.ts');
const sources = ['src', 'test', 'bench', 'examples', 'recipes', 'studio/core', 'studio/test']
  .map((name) => join(root, name))
  .filter(existsSync);
const changed = Math.max(...sources.map(newest), modified(join(root, 'tsconfig.json')));

/** Runs a program of node_modules, beside the others; when one fails, this ends as it did once they are done. */
const run = (script, ...args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    child.on('close', (code) => {
      if (code !== 0) process.exitCode = code ?? 1;
      resolve(code === 0);
    });
  });

async function compile() {
  if (modified(isQuick ? program : types) >= changed) return;
  removeOrphans('dist');
  if (!(await run('typescript/bin/tsc', ...(isQuick ? ['-p', 'scripts/start.tsconfig.json'] : [])))) return;
  // an incremental build may leave them as they were
  for (const path of isQuick ? [program] : [program, types]) utimesSync(path, new Date(), new Date());
  chmodSync(join(root, 'dist/src/cli/main.js'), 0o755); // npx does so only the first time
}

// the page of the studio, where its sources are: the published package has it ready
const studio = join(root, 'studio');
const drawn = existsSync(studio) ? newest(studio) : 0;

async function checkStudio() {
  // a stamp of its own: the page that `npm start` has built is not checked yet
  const checked = join(root, 'dist/studio-types-checked');
  if (isQuick || modified(checked) >= Math.max(drawn, changed)) return;
  if (await run('typescript/bin/tsc', '-p', 'studio')) writeFileSync(checked, '');
}

async function buildStudio() {
  if (modified(join(root, 'dist/page/index.html')) < drawn)
    await run('vite/bin/vite.js', 'build', '--config', 'studio/vite.config.ts', '--logLevel', 'error');
}

mkdirSync(join(root, 'dist'), { recursive: true });
await Promise.all([compile(), ...(existsSync(studio) ? [checkStudio(), buildStudio()] : [])]);

// so that npx finds the command even where it was asked for before it was there
const command = join(root, 'node_modules/.bin/unmask');
if (process.platform !== 'win32' && !existsSync(command)) symlinkSync('../../dist/src/cli/main.js', command);
