import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fitsNarrow, skip, startStudio, violations } from './browser.ts';

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
    assert.equal(await page.locator('.verdict').count(), 0);
    assert.deepEqual(await violations(page), []);

    // what comes meanwhile is seen without a reload
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'claim-b.svg'), chart);
    writeFileSync(join(folder, 'claims.json'), JSON.stringify({ budget: 'quick', claims: [found] }));
    await page.locator('.verdict', { hasText: 'shown' }).waitFor();
    await page.getByText('1 of 13 tested').waitFor();
    const card = page.locator('.claim').nth(1);
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
    await page.getByRole('button', { name: 'hour', exact: true }).click();
    await page.getByRole('button', { name: 'Test all' }).waitFor();
    await page.locator('.claim').first().getByRole('button', { name: 'Test' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Test all' }).waitFor({ timeout: 60_000 });
  },
);
