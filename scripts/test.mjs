// Runs the tests that setup.mjs compiled with Node's own runner: every *.test.js, or those whose path, which is like
// ./src/cli/help.test.js, contains one of the arguments. With --slow first every *.slow.test.js instead, and the
// *.fuzz.test.js with all their inputs; with --browser every *.browser.js: the studio in a real browser; with --many every
// *.many.js: jobs of several processes; with --clients every *.clients.js: other people's clients.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const suites = {
  '--slow': {
    belongs: (name) => /\.(slow|fuzz)\.test\.js$/.test(name),
    options: [],
    env: { UNMASK_TEST_INPUTS: 'all' },
  },
  '--many': { belongs: (name) => name.endsWith('.many.js'), options: ['--test-concurrency=1'] },
  '--clients': { belongs: (name) => name.endsWith('.clients.js'), options: ['--test-concurrency=1'] },
  // a browser that shares its cores with others draws too seldom to be watched
  '--browser': { belongs: (name) => name.endsWith('.browser.js'), options: ['--test-concurrency=1'] },
};
const quick = {
  belongs: (name) => name.endsWith('.test.js') && !name.endsWith('.slow.test.js'),
  options: [],
};
const given = process.argv.slice(2);
const isQuick = !(given[0] in suites);
const { belongs, options, env } = isQuick ? quick : suites[given[0]];
const wanted = isQuick ? given : given.slice(1);
const files = readdirSync(join(root, 'dist'), { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .filter(
    (name) =>
      !name.includes('node_modules/') &&
      belongs(name) &&
      (wanted.length === 0 || wanted.some((part) => `./${name}`.includes(part))),
  )
  .sort();
if (files.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(' ')}.\n`);
  process.exit(2);
}
const reporters = ['spec', './scripts/skipped.mjs'].flatMap((reporter) => [
  `--test-reporter=${reporter}`,
  '--test-reporter-destination=stdout',
]);

/** Files of test/ that share a process in the quick suite. */
const together = 8;

/**
 * Files to run in a process each. To start one and to import what it tests takes longer than most tests: those that lie
 * beside the source share a process with those of their folder, as suites; quick ones of test/ with some others, but for the
 * one that changes the working directory.
 */
function processesFor(names) {
  const shared = new Map();
  const alone = [];
  let across = 0;
  for (const name of names) {
    const beside = /^(?:src\/[^/]+|studio\/core)(?=\/)/.exec(name)?.[0];
    const isAcross = isQuick && name.startsWith('test/') && !name.startsWith('test/examples.');
    const group = beside ?? (isAcross ? `test-${Math.floor(across++ / together)}` : undefined);
    if (group === undefined) alone.push(join('dist', name));
    else shared.set(group, [...(shared.get(group) ?? []), name]);
  }
  mkdirSync(join(root, 'dist/test-groups'), { recursive: true });
  // the runner goes by the names of the paths: the largest folders come first, so that no core waits for one at the end
  const bySize = [...shared].sort(([, one], [, other]) => other.length - one.length);
  for (const [rank, [folder, members]] of bySize.entries()) {
    const suites = members.map(
      (name) => `describe('${name.replace(/\.js$/, '')}', async () => void (await import('../${name}')));\n`,
    );
    const text = `import { describe } from 'node:test';\n${suites.join('')}`;
    // named by what is in it, so that two runs at once have each their own
    const key = createHash('sha256').update(text).digest('hex').slice(0, 8);
    const place = `${String(rank).padStart(2, '0')}-${folder.replaceAll('/', '-')}`;
    const path = join('dist/test-groups', `${place}-${key}.js`);
    writeFileSync(join(root, path), text);
    alone.push(path);
  }
  return alone;
}

const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-timeout=600000',
    `--test-concurrency=${availableParallelism()}`, // Node's own choice leaves one core idle
    ...reporters,
    ...options,
    ...processesFor(files),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } },
);
process.exit(status ?? 1);
