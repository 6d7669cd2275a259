import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { executable } from '../studio/test/browser.ts';
import { serveFolders, type StaticServer } from './static-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a page of `startPages` has as `unmask`. */
export type PageApi = typeof import('../src/browser-api.ts');

/** `unmask/browser` bundled by esbuild, a host that serves it with the models that ship, and a browser. */
export interface Pages {
  readonly server: StaticServer;
  readonly browser: Browser;
  /** A page whose scripts can use `unmask`; it fails the test when a script of it does. */
  open(context?: Awaited<ReturnType<Browser['newContext']>>): Promise<Page>;
}

export const softwareGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/**
 * @param headers  of every answer of the host: COOP and COEP make the page isolated
 * @param flags    of the browser
 */
export async function startPages(
  t: Pick<TestContext, 'after'>,
  { headers = {}, flags = [] }: { headers?: Readonly<Record<string, string>>; flags?: readonly string[] } = {},
): Promise<Pages> {
  const folder = mkdtempSync(join(tmpdir(), 'unmask-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await bundle(folder);
  const server = await serveFolders(
    t,
    {
      '/page/': folder,
      '/engine/': join(root, 'node_modules/onnxruntime-web/dist'),
      '/models/': join(root, 'models'),
    },
    headers,
  );
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', ...flags] });
  const problems: string[] = [];
  t.after(async () => {
    await browser.close();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  });
  return {
    server,
    browser,
    async open(context) {
      const page = await (context ?? browser).newPage();
      page.on('pageerror', (error) => problems.push(String(error)));
      await page.goto(`${server.url}page/`);
      await page.waitForFunction('globalThis.unmask !== undefined');
      return page;
    },
  };
}

/** As a web developer's bundler does it: the page's script, and the worker beside it. */
async function bundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const script = `import * as api from './dist/src/browser-api.js';
    globalThis.unmask = {
      ...api,
      load: (place, options) => api.load(place, {
        engine: { folder: '/engine/' },
        worker: () => new Worker('worker.js', { type: 'module' }),
        ...options,
      }),
    };`;
  await build({
    stdin: { contents: script, resolveDir: root, sourcefile: 'page.js' },
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  await build({
    entryPoints: { worker: join(root, 'dist/src/browser/worker.js') },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
    absWorkingDir: root,
  });
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><html lang="en"><title>page</title><script type="module" src="page.js"></script></html>',
  );
}
