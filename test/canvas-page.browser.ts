import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { executable, root, skip } from '../studio/test/browser.ts';
import { modelThatKnows } from './fake-model.ts';
import { startFakeServer } from './fake-server.ts';

test(
  'the page of examples/ draws a stream: masks, then the text that the server gives',
  { skip },
  async (t) => {
    const page = await readFile(join(root, 'examples/canvas.html'), 'utf8');
    assert.ok(page.trim().split('\n').length <= 40);
    const pages = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(page));
    await new Promise<void>((done) => pages.listen(0, '127.0.0.1', done));
    t.after(() => pages.close());
    const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const story = 'Once upon a time there was a dog.'.padEnd(80, '!');
    const server = await startFakeServer(
      t,
      { story: () => modelThatKnows(story) },
      { allowedOrigins: [origin] },
    );
    const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
    t.after(() => browser.close());
    const view = await browser.newPage();
    await view.goto(`${origin}/?server=${server.url}`);
    const seen = view.waitForFunction(() => document.querySelector('p')!.textContent!.includes('▒'));
    await view.click('button');
    await seen;
    await view.waitForFunction((whole) => document.querySelector('p')!.textContent === whole, story);
    const provisional = await view.locator('p span[style]').count();
    assert.equal(provisional, 0);
  },
);
