import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { executable } from '../studio/test/browser.ts';
import { type Ending, serveFolders, type StaticServer } from './static-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a page of `startPages` has as `unmask`. */
export type PageApi = typeof import('../src/entries/browser.ts');

/** `unmask/browser` bundled by esbuild, a host that serves it with the models that ship, and a browser. */
export interface Pages {
  readonly server: StaticServer;
  readonly browser: Browser;
  /** A page whose scripts can use `unmask`; it fails the test when a script of it does. */
  open(context?: Awaited<ReturnType<Browser['newContext']>>): Promise<Page>;
}

export const softwareGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

export interface PageOptions {
  /** Of every answer of the host: COOP and COEP make the page isolated. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the browser. */
  readonly flags?: readonly string[];
  /** That are served beside those that the page needs. */
  readonly folders?: Readonly<Record<string, string>>;
  /** As what is published is. Default false: what fails is told with names. */
  readonly minify?: boolean;
  /** Scripts of pages of their own, by the name of the page: `story` is served as `page/story.html`. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Starts all of it; it ends with the test. */
export async function startPages(
  t: Ending,
  { headers = {}, flags = [], folders = {}, minify = false, scripts = {} }: PageOptions = {},
): Promise<Pages> {
  const folder = mkdtempSync(join(tmpdir(), 'unmask-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await bundle(folder, minify);
  for (const [name, script] of Object.entries(scripts)) await bundlePage(folder, name, script, minify);
  const server = await serveFolders(
    t,
    {
      '/page/': folder,
      '/engine/': join(root, 'node_modules/onnxruntime-web/dist'),
      '/models/': join(root, 'models'),
      ...folders,
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
async function bundle(folder: string, minify: boolean): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const script = `import * as api from './dist/src/entries/browser.js';
    const usual = { engine: { folder: '/engine/', answerMs: 300_000 }, worker: () => new Worker('worker.js', { type: 'module' }) };
    globalThis.unmask = {
      ...api,
      load: (place, options) => api.load(place, { ...usual, ...options }),
      train: (request, options) => api.train(request, { ...usual, ...options }),
    };`;
  await bundlePage(folder, 'index', script, minify);
  await build({
    entryPoints: { worker: join(root, 'dist/src/browser/worker.js') },
    outdir: folder,
    bundle: true,
    minify,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
    absWorkingDir: root,
  });
}

async function bundlePage(folder: string, name: string, script: string, minify: boolean): Promise<void> {
  await build({
    stdin: { contents: script, resolveDir: root, sourcefile: `${name}.js` },
    outfile: join(folder, `${name}.js`),
    bundle: true,
    minify,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  writeFileSync(
    join(folder, `${name}.html`),
    `<!doctype html><html lang="en"><title>${name}</title><pre id="text"></pre><script type="module" src="${name}.js"></script></html>`,
  );
}
