import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { page, sitePage } from './pages.ts';

async function built(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unmask-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>\n<html lang="en">é</html>');
  await writeFile(join(folder, 'assets/engine.wasm'), 'wasm');
  return folder;
}

const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

test('all files of the site isolate their page, and let WebAssembly compute and nothing else be loaded', async (t) => {
  const site = await built(t);
  for (const [file, type] of [
    ['', 'text/html; charset=utf-8'],
    ['index.html', 'text/html; charset=utf-8'],
    ['assets/engine.wasm', 'application/wasm'],
  ]) {
    const { headers } = await sitePage({ site }, file);
    const policy = headers.get('content-security-policy')!;
    assert.match(policy, /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; /);
    assert.ok(!/\*|https?:|'unsafe-(?:inline|eval)'/.test(policy), policy);
    for (const [name, value] of Object.entries(isolated)) assert.equal(headers.get(name), value, file);
    assert.equal(headers.get('content-type'), type);
  }
});

test('the index of the site says where the pages of its server are; the other page stays as it was built', async (t) => {
  const folder = await built(t);
  const response = await sitePage({ site: folder }, '');
  const text = await response.text();
  assert.equal(text, '<!doctype html>\n<html data-server="../" lang="en">é</html>');
  assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)));
  const own = await page({ pages: folder }, '');
  assert.equal(await own.text(), '<!doctype html>\n<html lang="en">é</html>');
  for (const name of Object.keys(isolated)) assert.equal(own.headers.get(name), null);
  assert.equal(await (await page({ pages: folder }, 'engine.wasm')).text(), 'wasm');
});

test('what is not in the folder, or is no file, is not there', async (t) => {
  const site = await built(t);
  for (const [where, file] of [
    [site, 'assets'],
    [site, 'none.js'],
    [site, '../index.html'],
    [undefined, ''],
  ] as const)
    await assert.rejects(sitePage({ site: where }, file), /HttpError: there is no such file/);
});
