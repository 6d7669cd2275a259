import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { killBatches } from './batch-kills.ts';
import { startRanks } from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

test('a batch that is killed at random moments has the results of one that was left alone', async () => {
  const report = await killBatches({ kills: 5, seed: 3, requests: 80 });
  assert.equal(report.differences, 0);
  assert.equal(report.kills, 5);
  assert.ok(report.killsInside >= 2, `${report.killsInside}`);
});

/** Requests of every kind, of texts of several lengths. */
function everyKind(): string[] {
  const prompts = ['The dog', 'Once upon a time there was', 'Lily', 'Tom had a red ball and he was happy'];
  const asked = prompts.flatMap((prompt, i): [string, object][] => [
    ['/v1/completions', { prompt, max_tokens: 8 + i }],
    ['/v1/completions', { prompt, max_tokens: 0, echo: true, logprobs: 1 }], // its score
    ['/v1/chat/completions', { messages: [{ role: 'user', content: prompt }], max_tokens: 8 }],
    ['/v1/embeddings', { input: [prompt, `${prompt} ran to the big park and went home again.`] }],
    ['/unmask/doubts', { text: `${prompt} was very happy.` }],
    ['/unmask/infill', { parts: [prompt, { length: 3 + i }, ' happy.'] }],
    ['/unmask/edit', { text: `${prompt} loved to play elephant her toys.` }],
  ]);
  return asked.map(([url, body], i) => JSON.stringify({ custom_id: `r${i}`, method: 'POST', url, body }));
}

const fractions = /-?\d+\.\d+(?:e-?\d+)?/g;

/** The same results but for the last digits of their numbers: a forward that is shared rounds otherwise. */
function assertAlike(found: string, expected: string): void {
  assert.ok(found.replaceAll(fractions, '#') === expected.replaceAll(fractions, '#'), 'other texts');
  const [ours, theirs] = [found, expected].map((text) => text.match(fractions)!.map(Number));
  for (const [i, number] of ours.entries()) assert.ok(Math.abs(number - theirs[i]) < 1e-4, `${number}`);
}

test('requests of every kind have the same results one after another, in shares and sixteen at once', async (t) => {
  const folder = await temporaryFolder(t);
  const input = join(folder, 'requests.jsonl');
  writeFileSync(input, everyKind().join('\n'));
  const answered = async (place: string, ...flags: string[]): Promise<string> => {
    const model = join(repositoryRoot, 'models/talk');
    const args = ['batch', input, '--model', model, '--out', join(folder, place), ...flags];
    const { code, out, err } = await startRanks(undefined, 1, args).ended;
    assert.equal(code, 0, err);
    assert.doesNotMatch(err, /Warning|failed/);
    return readFileSync(out.trim(), 'utf8');
  };
  const one = await answered('one', '--concurrency', '1');
  for (const line of one.trim().split('\n')) assert.equal(JSON.parse(line).response.status_code, 200, line);
  const shares = [];
  for (const i of [0, 1, 2]) shares.push(await answered('shares', '--shard', `${i}/3`, '--concurrency', '1'));
  assert.ok(shares.join('') === one);
  assertAlike(await answered('sixteen'), one);
});
