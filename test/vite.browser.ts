import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { executable, skip, until } from '../studio/test/browser.ts';
import { serveFolders } from './static-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test(
  'the page of docs/browser.md, built by Vite as it stands there, shows a story being unmasked',
  { skip, timeout: 200_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'unmask-vite-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [, page] = /```html\n([^]*?)```/.exec(readFileSync(join(root, 'docs/browser.md'), 'utf8'))!;
    assert.ok(page.split('\n').length <= 31);
    writeFileSync(join(folder, 'index.html'), page);
    // as npm install unmask onnxruntime-web leaves them
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/unmask'));
    symlinkSync(join(root, 'node_modules/onnxruntime-web'), join(folder, 'node_modules/onnxruntime-web'));
    await build({ root: folder, configFile: false, logLevel: 'error', worker: { format: 'es' } });

    const server = await serveFolders(t, { '/models/': join(root, 'models'), '/': join(folder, 'dist') });
    const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
    t.after(() => browser.close());
    const opened = await browser.newPage();
    const problems: string[] = [];
    opened.on('pageerror', (error) => problems.push(String(error)));
    await opened.goto(server.url);
    const seen: string[] = [];
    await until(
      async () => {
        seen.push((await opened.locator('#text').textContent()) ?? '');
        return problems.length > 0 || /^Once upon a time[^▒]{40,}$/.test(seen.at(-1)!);
      },
      'a text without masks',
      120,
    );
    assert.deepEqual(problems, []);
    assert.ok(seen.some((text) => text.includes('▒')));
  },
);
