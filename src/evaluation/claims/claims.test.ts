import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allClaims } from './all-claims.ts';
import { crossing } from './compute.ts';
import { frequencyNats, heldOutWindows, openCorpus, wordHoles } from './corpus.ts';
import { differenceOf, isAbove, pairedDifference, pooled } from './exact.ts';
import { Lab } from './lab.ts';
import { budgets } from './budget.ts';
import { reportPage, writeReport } from './report.ts';
import { lineThrough } from './scaling.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-claims-'));
after(() => rm(scratch, { recursive: true }));
const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-12, `${a}, not ${b}`);

test('the claims are a to m, and each says what would be which verdict', () => {
  assert.equal(allClaims.map(({ letter }) => letter).join(''), 'abcdefghijklm');
  for (const { letter, rule, wouldChange, sentence } of allClaims) {
    assert.match(rule, /[Ss]hown/, letter);
    assert.match(rule, /not at this scale/, letter);
    assert.ok(sentence.endsWith('.') && wouldChange.endsWith('.'), letter);
  }
});

test('by hand: means and differences over items and seeds, the crossing of a curve, the slope of a line', () => {
  const { mean, standardError } = pooled([
    [1, 3],
    [2, 6],
  ]);
  near(mean, 3);
  near(standardError, Math.hypot(1.5, 1)); // items 1.5 and 4.5, seeds 2 and 4
  const paired = pairedDifference([[2, 4, 6]], [[1, 3, 5]]);
  assert.deepEqual([paired.mean, paired.standardError], [1, 0]);
  assert.ok(isAbove(paired) && !isAbove(paired, 1) && !isAbove({ mean: 1, standardError: 0.6 }));
  near(differenceOf({ mean: 3, standardError: 3 }, { mean: 1, standardError: 4 }).standardError, 5);
  const level = (updates: number, nats: number) =>
    ({ objective: 'masked-diffusion', updates, seconds: 1, nats: { mean: nats, standardError: 0 } }) as const;
  const of = ({ updates }: { updates: number }): number => updates;
  near(crossing([level(100, 3), level(400, 2)], 2.5, of)!, 200);
  assert.equal(crossing([level(100, 3)], 2.5, of), undefined);
  assert.equal(crossing([level(100, 2)], 2.5, of), 100);
  const line = lineThrough([
    [0, 1],
    [1, 3],
    [2, 5],
  ]);
  near(line.mean, 2);
  near(line.standardError, 0);
});

test('frequencies of characters, by hand', () => {
  const corpus = { path: '', learned: 'aaab', heldOut: 'ab' };
  // one added to each count: 4/6 and 2/6
  near(frequencyNats({ ...corpus, heldOut: `${'ab'.repeat(32)}a` }, 1), -Math.log((4 / 6) * (2 / 6)) / 2);
  near(frequencyNats({ ...corpus, heldOut: 'c'.repeat(65) }, 1), Math.log(6));
});

test('text is split once: nothing of what is held out is learned, and windows and holes are the same each time', async () => {
  const data = join(scratch, 'text.txt');
  const sentence = (n: number): string => `The ${n % 7} dog ran to Anna and sat ${n} down.`;
  await writeFile(data, Array.from({ length: 900 }, (_, n) => sentence(n)).join(' '));
  const corpus = await openCorpus(join(scratch, 'split'), [data]);
  assert.deepEqual(await openCorpus(join(scratch, 'split'), [data]), corpus);
  assert.equal(corpus.learned + corpus.heldOut, (await readFile(data, 'utf8')).trim());
  assert.ok(Math.abs(corpus.heldOut.length / corpus.learned.length - 1 / 9) < 0.001);
  const windows = heldOutWindows(corpus, 5);
  assert.ok(windows.every((text) => text.length === 64 && corpus.heldOut.includes(text)));
  const holes = wordHoles(corpus, 4, 60);
  assert.equal(holes.length, 4);
  for (const { before, word, after: behind } of holes) {
    assert.match(word, /^\p{L}{3,6}$/u);
    assert.ok(corpus.heldOut.includes(before + word + behind));
  }
  await writeFile(data, 'short');
  await assert.rejects(openCorpus(join(scratch, 'other'), [data]), { message: /20,000 characters/ });
});

test('what was measured is there when it is asked for again, by this process or another, and no more than jobs at once', async () => {
  const open = (): Lab =>
    new Lab({
      folder: join(scratch, 'lab'),
      budget: budgets.quick,
      jobs: 2,
      note: () => {},
      signal: new AbortController().signal,
    });
  let [made, atWork, most] = [0, 0, 0];
  const measure = async (): Promise<number> => {
    most = Math.max(most, ++atWork);
    await new Promise(setImmediate);
    atWork--;
    return ++made;
  };
  const lab = open();
  const names = ['a', 'a', 'b', 'c', 'd'];
  const first = await Promise.all(names.map((name) => lab.measured(name, measure)));
  assert.deepEqual([made, most], [4, 2]);
  assert.deepEqual(await Promise.all(names.map((name) => open().measured(name, measure))), first);
  assert.equal(made, 4);
  await assert.rejects(
    lab.measured('bad', () => Promise.reject(new Error('no'))),
    /no/,
  );
});

test('the report says claims, verdicts and numbers, needs nothing else, and holds no text as markup', async () => {
  const [claim] = allClaims;
  const tested = {
    claim: { ...claim, sentence: 'a <script> & b.' },
    verdict: 'refuted',
    number: '3 < 4',
    why: 'So it is.',
    rows: [{ model: 'x', value: 1.23456 }, { model: 'y' }],
    chart: '<svg xmlns="http://www.w3.org/2000/svg"/>',
    command: 'unmask evaluate claims --claims a',
  } as const;
  const report = { folder: scratch, budget: 'quick', tested: [tested] } as const;
  const page = reportPage(report);
  assert.ok(!page.includes('<script') && page.includes('&#60;script&#62; &#38; b.'));
  assert.ok(
    page.includes('refuted') &&
      page.includes('3 &#60; 4') &&
      page.includes('1.235') &&
      page.includes('https://arxiv.org/abs/2502.09992'),
  );
  assert.ok(!/(src|href)="(?!data:|#)/.test(page), 'nothing is loaded');
  assert.match(page, /prefers-color-scheme:dark/);
  assert.match(page, /@media print/);
  await writeReport(report);
  const csv = await readFile(join(scratch, 'claims.csv'), 'utf8');
  assert.equal(csv, 'claim,verdict,model,value\na,refuted,x,1.23456\na,refuted,y,\n');
  const json = JSON.parse(await readFile(join(scratch, 'claims.json'), 'utf8')) as {
    claims: { letter: string }[];
  };
  assert.equal(json.claims[0].letter, 'a');
});
