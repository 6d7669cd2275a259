import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { executable, fitsNarrow, skip as noBrowser, until, violations } from '../studio/test/browser.ts';
import { serveFolders, type StaticServer } from './static-server.ts';

const folder = fileURLToPath(new URL('../site', import.meta.url));
const skip = noBrowser || (!existsSync(join(folder, 'index.html')) && 'no dist/site: npm run site makes it');

let server: StaticServer;
let browser: Browser;
let context: BrowserContext;
const endings: (() => Promise<void> | void)[] = [];
const problems: string[] = [];
before(async () => {
  if (skip) return;
  // a path of its own, as GitHub's pages have one, and no header of any kind
  server = await serveFolders({ after: (work) => void endings.push(work) }, { '/some/path/': folder });
  browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  context = await browser.newContext({ viewport: { width: 390, height: 800 } });
});
after(async () => {
  await browser?.close();
  for (const end of endings) await end();
});

async function open(hash = ''): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(?:blob|data):/.test(request.url()))
      problems.push(`asked for ${request.url()}`);
  });
  await page.goto(`${server.url}some/path/${hash}`);
  return page;
}

/** The text of the canvas once it is written. */
async function written(page: Page): Promise<string> {
  await until(
    async () => (await page.locator('p[aria-live]').first().textContent())?.trim() !== '',
    'a text that is written',
    120,
  );
  return (await page.locator('p[aria-live]').first().textContent())!;
}

test(
  'the first screen plays a story, on a phone’s width, and nobody is left out',
  { skip, timeout: 300_000 },
  async () => {
    const page = await open();
    const story = await written(page);
    assert.ok(story.split(/\s+/).length > 10, story);
    await until(
      async () => /WebAssembly: .*one thread/.test((await page.locator('.where').textContent()) ?? ''),
      'where it runs',
    );
    await fitsNarrow(page);
    assert.deepEqual(await violations(page), []);
    await page.close();
    assert.deepEqual(problems, []);
  },
);

test('after the first visit it writes without a network', { skip, timeout: 300_000 }, async () => {
  const first = await open();
  await first.evaluate('navigator.serviceWorker.ready');
  await written(first);
  await first.close();
  const before = server.sent.length;
  await context.setOffline(true);
  const page = await open('#/write');
  await page
    .getByLabel(/prompt|text/i)
    .first()
    .fill('The dog');
  await page.keyboard.press('Control+Enter');
  await page
    .getByRole('button', { name: 'Write', exact: true })
    .click()
    .catch(() => {});
  assert.ok((await written(page)).length > 20);
  await context.setOffline(false);
  await page.close();
  assert.deepEqual(
    server.sent.slice(before).map(({ path }) => path),
    [],
  );
  assert.deepEqual(problems, []);
});

test('Fill, Edit and Chat work in the page', { skip, timeout: 400_000 }, async () => {
  const page = await open('#/edit');
  await page
    .getByRole('button', { name: /Rewrite|Edit|Look|Mend|Read/ })
    .first()
    .waitFor();
  for (const name of ['fill', 'edit', 'chat']) {
    const answer = await page.evaluate(async (which) => {
      location.hash = `#/${which}`;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return document.querySelector('main')!.textContent;
    }, name);
    assert.ok(answer && answer.length > 20, name);
  }
  await page.close();
  assert.deepEqual(problems, []);
});
