import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../base/package-root.ts';
import { allClaims } from './all-claims.ts';
import { budgets } from './budget.ts';
import { recordedClaims } from './recorded.ts';

test('every claim has a recorded verdict, which docs/claims.md says, too', async () => {
  const [quick, hour] = await Promise.all((['quick', 'hour'] as const).map(recordedClaims));
  assert.equal(await recordedClaims('night'), undefined);
  const table = readFileSync(join(packageRoot(), 'docs/claims.md'), 'utf8').matchAll(
    /^\| ([a-m]), [^|]*\| ([^|]*?) *\| ([^|]*?) *\|/gm,
  );
  const said = Array.from(table, ([, letter, ...verdicts]) => [letter, ...verdicts]);
  const verdictIn = (report: typeof quick, letter: string) =>
    report!.claims.find((claim) => claim.letter === letter)!.verdict;
  assert.deepEqual(
    said,
    allClaims.map(({ letter }) => [letter, verdictIn(quick, letter), verdictIn(hour, letter)]),
  );
});

test('recorded charts are those of the recorded numbers, and a kind of model has one colour in all of them', async () => {
  const colors = new Map<string, Set<string>>();
  for (const budget of ['quick', 'hour'] as const)
    for (const { letter, rows, chart } of (await recordedClaims(budget))!.claims) {
      const { draw } = allClaims.find((claim) => claim.letter === letter)!;
      assert.equal(chart, draw(rows, budgets[budget]), `${budget}/claim-${letter}.svg`);
      // of several curves of a kind the plain one: its name before a comma
      for (const [, color, name] of chart.matchAll(/<circle [^>]*r="4" fill="(.*?)"\/><text[^>]*>(.*?)</g))
        if (!name.startsWith('causal, ')) {
          const kind = name.split(',')[0];
          colors.set(kind, (colors.get(kind) ?? new Set()).add(color));
        }
    }
  assert.deepEqual([...colors.keys()].toSorted(), ['block diffusion', 'causal', 'masked diffusion']);
  assert.ok([...colors.values()].every(({ size }) => size === 1));
  assert.equal(new Set([...colors.values()].flatMap((some) => [...some])).size, 3);
});
