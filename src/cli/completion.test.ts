import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { runCommand } from '../../test/run-command.ts';
import { commands } from './command-table.ts';
import { commandGroups, menu } from './menu.ts';

test('the menu has every command once, and fits 80 and 40 columns', async () => {
  assert.deepEqual(commandGroups.flatMap(([, names]) => names).toSorted(), Object.keys(commands).toSorted());
  const { code, out } = await runCommand([]);
  assert.equal(code, 0);
  assert.equal(out, menu());
  for (const columns of [80, 40])
    for (const line of menu(columns).split('\n')) assert.ok(line.length <= columns, line);
});

const hasBash = spawnSync('bash', ['--version']).status === 0;

test(
  'bash completes commands, flags and their values',
  { skip: !hasBash && 'bash is not here: apt-get install bash' },
  async () => {
    const { out } = await runCommand(['completion', 'bash']);
    const lines: readonly (readonly string[])[] = [
      ['unmask', 'gen'],
      ['unmask', 'generate', '--strat'],
      ['unmask', 'generate', '--strategy', 'thres'],
      ['unmask', 'generate', '--strategy', '=', 'thres'],
      ['unmask', 'generate', '--strategy', '='],
      ['unmask', 'generate', '--model', '--'],
      ['unmask', 'train', 'story'],
      ['unmask', 'completion', '--s'],
      ['unmask', 'help', 'tr'],
    ];
    const ask = lines.map(
      (words) =>
        `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _unmask; echo "\${COMPREPLY[*]}"`,
    );
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', [out, ...ask].join('\n')], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    const answers = stdout.split('\n');
    assert.equal(answers[0], 'generate');
    assert.equal(answers[1], '--strategy');
    assert.equal(answers[2], 'threshold threshold-or-count');
    assert.equal(answers[3], answers[2]);
    assert.match(answers[4], /^low-confidence /);
    // files, which bash finds itself
    assert.deepEqual(answers.slice(5, 7), ['', '']);
    assert.deepEqual(answers.slice(7, 9), ['--shell', 'train']);
  },
);

test('scripts for zsh and fish name every command and escape what they say of flags', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { out } = await runCommand(['completion', shell]);
    for (const name of Object.keys(commands)) assert.match(out, new RegExp(`\\b${name}\\b`));
    assert.match(out, /threshold-or-count/);
  }
  assert.match((await runCommand(['completion', 'tcsh'])).err, /bash/);
});
