import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../base/package-root.ts';
import { allClaims } from './all-claims.ts';
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
  for (const report of [quick, hour]) for (const { chart } of report!.claims) assert.match(chart, /^<svg /);
});
