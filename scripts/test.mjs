// Runs the tests that setup.mjs compiled with Node's own runner: every *.test.js, or those whose path contains one of the
// arguments. With --slow first every *.slow.test.js instead, with --browser every *.browser.js: the studio in a real
// browser; with --many every *.many.js: jobs of several processes.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const suites = {
  '--slow': { belongs: (name) => name.endsWith('.slow.test.js'), options: [] },
  '--many': { belongs: (name) => name.endsWith('.many.js'), options: ['--test-concurrency=1'] },
  // a browser that shares its cores with others draws too seldom to be watched
  '--browser': { belongs: (name) => name.endsWith('.browser.js'), options: ['--test-concurrency=1'] },
};
const quick = {
  belongs: (name) => name.endsWith('.test.js') && !name.endsWith('.slow.test.js'),
  options: [],
};
const given = process.argv.slice(2);
const { belongs, options } = suites[given[0]] ?? quick;
const wanted = given[0] in suites ? given.slice(1) : given;
const files = readdirSync(join(root, 'dist'), { recursive: true })
  .filter((name) => belongs(name) && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .map((name) => join('dist', name))
  .sort();
if (files.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(' ')}.\n`);
  process.exit(2);
}
const reporters = ['spec', './scripts/skipped.mjs'].flatMap((reporter) => [
  `--test-reporter=${reporter}`,
  '--test-reporter-destination=stdout',
]);
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-timeout=600000', ...reporters, ...options, ...files],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
