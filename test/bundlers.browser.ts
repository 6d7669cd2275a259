import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { executable, skip, until } from '../studio/test/browser.ts';
import { type Ended, runToEnd, skipWithoutRegistry } from './npm-registry.ts';
import { serveFolders } from './static-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const docs = readFileSync(join(root, 'docs/browser.md'), 'utf8');
const [, page] = /```html\n([^]*?)```/.exec(docs)!;
const [, script] = /<script type="module">\n([^]*?)<\/script>/.exec(page)!;
const [, commands] = /```sh\n(npx esbuild [^]*?)```/.exec(docs)!;
const [, placed] = /```ts\nconst model = await load\('models\/stories\/', \{\n([^]*?)\}\);\n```/.exec(docs)!;
const [, component] = /```jsx\n([^]*?)```/.exec(docs)!;

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'unmask-bundler-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
  mkdirSync(join(folder, 'node_modules'));
  return folder;
}

const install = (cwd: string, ...names: string[]): Promise<Ended> =>
  runToEnd('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...names], {
    cwd,
  });

/** Has the package as `npm install` leaves it, and what it needs in a page. */
function place(folder: string, put: (from: string, to: string) => void): void {
  for (const name of ['zod', 'protobufjs', 'long', 'onnxruntime-web', 'onnxruntime-common'])
    put(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const there = join(folder, 'node_modules/unmask');
  mkdirSync(join(there, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(there, 'package.json'));
  put(join(root, 'dist/src'), join(there, 'dist/src'));
}

const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true, dereference: true });
const link = (from: string, to: string): void => symlinkSync(from, to);

/** Opens what a bundler made. @returns every text that was seen, the last of which has no masks */
async function shown(t: TestContext, folder: string, path = '/'): Promise<string[]> {
  const server = await serveFolders(t, { '/models/': join(root, 'models'), [path]: folder });
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const opened = await browser.newPage();
  const problems: string[] = [];
  opened.on('pageerror', (error) => problems.push(String(error)));
  await opened.goto(new URL(path, server.url).href);
  const seen: string[] = [];
  await until(
    async () => {
      seen.push((await opened.locator('#text').textContent()) ?? '');
      return problems.length > 0 || /^Once upon a time[^▒[]{40,}$/.test(seen.at(-1)!);
    },
    'a text without masks',
    120,
  );
  assert.deepEqual(problems, []);
  return seen;
}

test(
  'the page of docs/browser.md, built by Vite as it stands there, shows a story being unmasked',
  { skip, timeout: 200_000 },
  async (t) => {
    const folder = scratch(t);
    assert.ok(page.split('\n').length <= 31);
    writeFileSync(join(folder, 'index.html'), page);
    place(folder, link);
    await build({ root: folder, configFile: false, logLevel: 'error', worker: { format: 'es' } });
    assert.ok((await shown(t, join(folder, 'dist'))).some((text) => text.includes('▒')));
  },
);

test(
  'esbuild builds it by the commands of docs/browser.md, for a host under a path',
  { skip, timeout: 200_000 },
  async (t) => {
    const folder = scratch(t);
    place(folder, link);
    link(join(root, 'models'), join(folder, 'node_modules/unmask/models'));
    link(join(root, 'node_modules/.bin'), join(folder, 'node_modules/.bin'));
    writeFileSync(
      join(folder, 'app.js'),
      script.replace("load('models/stories/', {\n", (begin) => begin + placed),
    );
    const { code, out } = await runToEnd('sh', ['-e', '-c', commands], { cwd: folder });
    assert.equal(code, 0, out);
    const html = page.replace(
      /<script type="module">[^]*<\/script>/,
      '<script type="module" src="app.js"></script>',
    );
    writeFileSync(join(folder, 'public/index.html'), html);
    const { size } = statSync(join(folder, 'public/app.js'));
    assert.ok(size < 10_000, `${size} bytes`);
    assert.ok((await shown(t, join(folder, 'public'), '/a/path/')).some((text) => text.includes('▒')));
  },
);

test('webpack builds it without any configuration', { skip, timeout: 600_000 }, async (t) => {
  const folder = scratch(t);
  const installed = await install(folder, 'webpack@5', 'webpack-cli@6');
  if (skipWithoutRegistry(t, installed)) return;
  assert.equal(installed.code, 0, installed.out);
  place(folder, copy);
  writeFileSync(join(folder, 'index.js'), script);
  const { code, out } = await runToEnd(
    process.execPath,
    ['node_modules/webpack/bin/webpack.js', '--mode', 'production', '--entry', './index.js'],
    { cwd: folder },
  );
  assert.equal(code, 0, out);
  const html = page.replace(/<script type="module">[^]*<\/script>/, '<script src="main.js"></script>');
  writeFileSync(join(folder, 'dist/index.html'), html);
  assert.ok((await shown(t, join(folder, 'dist'))).some((text) => text.includes('▒')));
});

test('Next builds the client component of docs/browser.md', { skip, timeout: 600_000 }, async (t) => {
  const folder = scratch(t);
  assert.ok(component.split('\n').length <= 30);
  const installed = await install(folder, 'next@16', 'react@19', 'react-dom@19');
  if (skipWithoutRegistry(t, installed)) return;
  assert.equal(installed.code, 0, installed.out);
  place(folder, copy);
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/page.jsx'), component);
  writeFileSync(
    join(folder, 'app/layout.jsx'),
    'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
  );
  writeFileSync(join(folder, 'next.config.mjs'), "export default { output: 'export' };\n");
  const { code, out } = await runToEnd(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
    cwd: folder,
    env: { NEXT_TELEMETRY_DISABLED: '1' },
  });
  assert.equal(code, 0, out);
  await shown(t, join(folder, 'out'));
});
