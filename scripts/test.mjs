// Runs every *.test.js that setup.mjs compiled (or those whose path contains one of the arguments) with Node's own runner.
// With --browser first, every *.browser.js instead: the tests of the studio in a real browser.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
const inBrowser = given[0] === '--browser';
const wanted = inBrowser ? given.slice(1) : given;
const suffix = inBrowser ? '.browser.js' : '.test.js';
const files = readdirSync(join(root, 'dist'), { recursive: true })
  .filter(
    (name) => name.endsWith(suffix) && (wanted.length === 0 || wanted.some((part) => name.includes(part))),
  )
  .map((name) => join('dist', name))
  .sort();
if (files.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(' ')}.\n`);
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-timeout=600000',
    // a browser that shares its cores with others draws too seldom to be watched
    ...(inBrowser ? ['--test-concurrency=1'] : []),
    ...files,
  ],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
