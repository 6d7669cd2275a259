import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Ended, launchers, startRanks, startUnlike, withLauncher } from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

const stories = join(repositoryRoot, 'models/stories');

/** Texts for the task of perplexity. */
function textsIn(folder: string, count: number): string {
  const path = join(folder, 'texts.jsonl');
  const rows = Array.from({ length: count }, (_, i) => ({ text: `Tom had ${i} red balls. He was happy.` }));
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** What `unmask` prints on so many ranks. */
async function printed(ranks: number, flags: readonly string[], launcher = launchers[0]): Promise<Ended> {
  const ended = await startRanks(ranks > 1 ? launcher : undefined, ranks, flags).ended;
  assert.equal(ended.code, 0, ended.err);
  return ended;
}

for (const launcher of launchers)
  test(
    `${launcher.name}: a task that 2 and 3 ranks share out has the numbers and answers of one process, printed once`,
    withLauncher(launcher),
    async (t) => {
      const folder = await temporaryFolder(t);
      const data = textsIn(folder, 21);
      const flags = (out: string) =>
        ['evaluate', stories, '--task', 'perplexity', '--data', data, '--samples', '4', '--json'].concat(
          '--out',
          join(folder, out),
        );
      const one = await printed(1, flags('one'));
      assert.equal(JSON.parse(one.out).questions, 21);
      for (const ranks of [2, 3]) {
        const name = `of-${ranks}`;
        assert.equal((await printed(ranks, flags(name), launcher)).out, one.out);
        assert.equal(answersIn(join(folder, name)), answersIn(join(folder, 'one')));
      }
    },
  );

const answersIn = (path: string): string => readFileSync(path, 'utf8');

test(
  'answers that one process kept are not asked for again by two, which answer the rest',
  withLauncher(launchers[0]),
  async (t) => {
    const folder = await temporaryFolder(t);
    const data = textsIn(folder, 20);
    const flags = (out: string) =>
      ['evaluate', stories, '--task', 'perplexity', '--data', data, '--samples', '2', '--out', out].concat(
        '--json',
      );
    const [whole, begun] = [join(folder, 'whole'), join(folder, 'begun')];
    const one = await printed(1, flags(whole));
    const lines = answersIn(whole).split('\n');
    // an answer that no model gives shows that it was kept; the last line is half of one, as a kill leaves it
    const marked = lines[1].replace(/"nats":[\d.]+/, '"nats":1');
    writeFileSync(begun, [lines[0], marked, ...lines.slice(2, 6), lines[6].slice(0, 20)].join('\n'));
    const two = await printed(2, flags(begun));
    assert.equal(answersIn(begun), [lines[0], marked, ...lines.slice(2)].join('\n'));
    assert.notEqual(two.out, one.out);
  },
);

test(
  'ranks with another text or another option are told so before the first question',
  withLauncher(launchers[0]),
  async (t) => {
    const folder = await temporaryFolder(t);
    const refusal = async (of: (rank: number) => string[]): Promise<string> => {
      const ranks = [0, 1].map((rank) => {
        const directory = join(folder, `host-${rank}`);
        if (!existsSync(directory)) mkdirSync(directory);
        writeFileSync(join(directory, 'texts.jsonl'), `{"text":"Tom had ${rank} balls."}\n`);
        return { args: of(rank), directory };
      });
      const { code, err } = await startUnlike(launchers[0], ranks).ended;
      assert.equal(code, 2, err);
      return err;
    };
    const flags = ['evaluate', stories, '--task', 'perplexity', '--samples', '2', '--data', 'texts.jsonl'];
    assert.match(
      await refusal(() => flags),
      /^unmask evaluate: --distributed: needs ranks that work alike, and of rank 1 the SHA-256 of texts\.jsonl is "[0-9a-f]{12}"/m,
    );
    assert.match(
      await refusal((rank) => [...flags, '--seed', `${rank + 4}`]),
      /^unmask evaluate: --distributed: needs ranks that work alike, and of rank 1 --seed is 5, of rank 0 4$/m,
    );
    assert.match(
      await refusal(() => ['evaluate', 'claims', '--claims', 'a', '--out', 'claims']),
      /^unmask evaluate: claims are for one process; start it without mpirun or srun$/m,
    );
  },
);

test(
  'ways to sample that two ranks share out have the numbers of one process, but for its speed',
  withLauncher(launchers[1]),
  async () => {
    const flags =
      'bench sample --count 3 --length 16 --temperature 0 --strategy threshold --strategy margin --json';
    const numbers = async (ranks: number): Promise<object[]> => {
      const { out } = await printed(ranks, flags.split(' '), launchers[1]);
      return out
        .trim()
        .split('\n')
        .map((line) => {
          const { tokensPerSecond, ...rest } = JSON.parse(line) as { tokensPerSecond: number };
          assert.ok(tokensPerSecond > 0);
          return rest;
        });
    };
    const one = await numbers(1);
    assert.ok(one.length > 4);
    assert.deepEqual(await numbers(2), one);
  },
);
