import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What becomes of a command line of bash, in which `unmask` is the program. */
async function bash(line: string): Promise<Ended> {
  const script = `unmask() { '${process.execPath}' '${main}' "$@"; }; ${line}`;
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (err += piece));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

const hasFullDevice = ((): boolean => {
  try {
    openSync('/dev/full', 'w');
    return true;
  } catch {
    return false;
  }
})();

test(
  'where what is printed cannot be written a sentence says so, with exit code 2',
  { skip: !hasFullDevice && 'there is no /dev/full' },
  async () => {
    for (const command of [
      '--version',
      '--help',
      'generate Once --length 8',
      'generate Once --json',
      'score One',
    ]) {
      const { code, err } = await bash(`unmask ${command} >/dev/full`);
      assert.equal(code, 2, `${command}: ${err}`);
      assert.match(err, /unmask: what is printed cannot be written: ENOSPC/);
      assert.doesNotMatch(err, /\n\s+at /);
    }
    const { code, out } = await bash('unmask generate Once --length 8 2>/dev/full');
    assert.equal(code, 0, 'progress that cannot be shown is no failure');
    assert.match(out, /^Once/);
  },
);

test('a text without an end is refused, and memory is not filled with it', async () => {
  for (const input of ['yes', 'cat /dev/zero']) {
    const { code, err } = await bash(`ulimit -v 40000000; ${input} | unmask score -`);
    assert.equal(code, 2, err);
    assert.match(err, /stdin: expected at most \d+ bytes of text, found more/);
  }
});

test('stdin that is closed, empty or a directory is said in a sentence', async () => {
  for (const input of ['<&-', '</dev/null', '</']) {
    const { code, err } = await bash(`unmask score - ${input}`);
    assert.equal(code, 2, err);
    assert.match(err, /^unmask score: .*\n$/, input);
  }
});

test('where the working directory is gone a sentence says so', async () => {
  for (const command of ['generate Once', 'serve', '--version']) {
    const { code, err } = await bash(`cd "$(mktemp -d)" && rmdir "$PWD" && unmask ${command}`);
    assert.equal(code, 2, `${command}: ${err}`);
    assert.match(err, /^unmask: the directory that this was called in is gone; go to another\n$/);
  }
});
