import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fitsNarrow, root, skip, startStudio, violations } from './browser.ts';

const found = {
  letter: 'b',
  verdict: 'shown',
  number: '2.31 ± 0.02 against 2.45',
  why: 'Because <b>it</b> is so.',
  rows: [{ objective: 'masked', nats: 2.31234 }],
  command: 'unmask evaluate claims --claims b',
};
const chart =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><script>document.title="chart"</script><rect width="20" height="10"/></svg>';

test(
  'claims are listed, tested from a button, and shown as they are found',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const folder = join(studio.directory, 'runs', 'claims-quick');
    const page = await studio.open();
    await page.getByRole('navigation').getByRole('link', { name: 'Claims' }).click();
    await page.locator('.claim').nth(12).waitFor();
    // all have the verdict that was recorded, until they are tested here
    const recorded = readFileSync(join(root, 'docs/claims/quick/claims.json'), 'utf8');
    const { claims } = JSON.parse(recorded) as { claims: readonly { letter: string; number: string }[] };
    assert.equal(await page.locator('.claim .verdict').count(), 13);
    await page.locator('.claim').nth(1).getByText(claims[1].number).waitFor();
    await page.locator('.claim').nth(1).getByText('Measured 29 November 2026').waitFor();
    // those of one verdict are seen alone
    const seen = page.getByRole('group', { name: 'Claims that are seen' });
    assert.deepEqual(await seen.getByRole('button').allTextContents(), [
      'all 13',
      '7 shown',
      '3 refuted',
      '3 not at this scale',
    ]);
    await seen.getByRole('button', { name: '3 refuted' }).click();
    await page.locator('.claim').nth(3).waitFor({ state: 'detached' });
    assert.deepEqual(await page.locator('.claim .verdict').allTextContents(), Array(3).fill('✗ refuted'));
    await seen.getByRole('button', { name: 'all 13' }).click();
    // all at a glance; a click leads to the card
    const overview = page.locator('.overview tbody tr');
    assert.equal(await overview.count(), 13);
    await overview.nth(12).getByRole('button', { name: 'Planning' }).click();
    const last = page.locator('.claim').nth(12);
    assert.ok(await last.evaluate((card) => card === card.ownerDocument.activeElement));
    await last.getByText('Numbers').click();
    await last.getByText('Of 40 puzzles, 2 seeds; ± is one standard error.').waitFor();
    assert.deepEqual(await last.locator('th').allTextContents(), [
      'model',
      'tokens a forward',
      'solved',
      '± (one standard error)',
    ]);
    // a number has the same form as in the sentence above it
    await last.getByText('diffusion 53 ± 19 %').waitFor();
    assert.deepEqual(await last.locator('tbody tr').first().locator('td').allTextContents(), [
      'masked diffusion',
      '1',
      '53 %',
      '19 %',
    ]);
    // where it is said stands beside it; of one claim nobody is known to say it
    await last.getByRole('link', { name: 'Ye et al., 2024' }).waitFor();
    const sources = await page.locator('.claim .source').allTextContents();
    assert.equal(sources.filter((source) => source.startsWith('(a question of our own')).length, 1);
    await last.getByText('How it is tested').click();
    assert.deepEqual(await violations(page), []);

    // what comes meanwhile is seen without a reload
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'claim-b.svg'), chart);
    writeFileSync(join(folder, 'claims.json'), JSON.stringify({ budget: 'quick', claims: [found] }));
    await page.getByText('1 of 13 tested here').waitFor();
    const card = page.locator('.claim').nth(1);
    await card.locator('.verdict', { hasText: 'shown' }).waitFor();
    await card.getByText('Because <b>it</b> is so.').waitFor();
    assert.ok(
      await card
        .locator('img')
        .evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth > 0),
    );
    await card.getByText('Numbers').click();
    await card.getByText('2.312', { exact: true }).waitFor();
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await violations(page), []);
    await fitsNarrow(page);
    assert.equal(await page.title(), 'Claims · unmask studio');

    // another budget has been spent on none; a test begins as a program, and is stopped
    await page.getByRole('button', { name: /^hour/ }).click();
    await page.getByRole('button', { name: 'Test all' }).waitFor();
    await page.locator('.claim').first().getByRole('button', { name: 'Test here' }).click();
    await page.locator('.claim').first().getByText('Testing').first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Test all' }).waitFor({ timeout: 60_000 });
  },
);
