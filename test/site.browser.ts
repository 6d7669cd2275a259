import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { executable, fitsNarrow, skip as noBrowser, until, violations } from '../studio/test/browser.ts';
import { softwareGpu } from './page.ts';
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

/** The text of the canvas once it is written, as screen readers are told it. */
async function written(page: Page): Promise<string> {
  const told = page.locator('main p[aria-live="polite"]').last();
  let text = '';
  await until(
    async () => (text = (await told.textContent({ timeout: 1000 }).catch(() => '')) ?? '').trim() !== '',
    'a text that is written',
    100,
  );
  return text;
}

const linked = (name: string, settings: object): string =>
  `#/${name}?${encodeURIComponent(JSON.stringify(settings))}`;

test(
  'the first screen plays a story, on a phone’s width, and keeps nobody out',
  { skip, timeout: 200_000 },
  async () => {
    const page = await open();
    const story = await written(page);
    assert.ok(story.split(/\s+/).length > 10, story);
    assert.match((await page.locator('.where').textContent())!, /WebAssembly: .*one thread/);
    await fitsNarrow(page);
    assert.deepEqual(await violations(page), []);
    await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
    await page.close();
    assert.deepEqual(problems, []);
  },
);

test('after the first visit it writes without a network', { skip, timeout: 200_000 }, async () => {
  const before = server.sent.length;
  await context.setOffline(true);
  const page = await open(
    linked('write', { prompt: 'The dog', runs: [{ options: { length: 12, steps: 6 } }] }),
  );
  await page.getByLabel('prompt', { exact: true }).focus();
  await page.keyboard.press('Enter');
  assert.ok((await written(page)).length > 8);
  await context.setOffline(false);
  await page.close();
  // the browser itself looks for a newer service worker
  const asked = server.sent.slice(before).map(({ path }) => path);
  assert.deepEqual(
    asked.filter((path) => !path.endsWith('/service-worker.js')),
    [],
  );
  assert.deepEqual(problems, []);
});

test(
  'a hole is filled, a text is looked at, and the model answers, in the page',
  { skip, timeout: 300_000 },
  async () => {
    const page = await open(
      linked('fill', { text: 'Once upon a time there was a little dog. He was happy.' }),
    );
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+Home');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Alt+h');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Accept hole 1' }).waitFor({ timeout: 90_000 });
    await page.close();

    const edit = await open(linked('edit', { text: 'He barked purple in the park.' }));
    await edit.getByRole('button', { name: 'Check' }).click();
    await edit.getByText('Least likely').waitFor({ timeout: 90_000 });
    await edit.close();

    const chat = await open('#/chat');
    await chat.fill('.composer textarea', 'Do you like music?');
    await chat.keyboard.press('Enter');
    await chat.locator('.turn.assistant .said').first().waitFor({ timeout: 90_000 });
    await chat.close();
    assert.deepEqual(problems, []);
  },
);

test(
  'a text is pasted and trained on; the run is stopped, resumed after a reload, downloaded, and written with',
  { skip, timeout: 400_000 },
  async () => {
    const page = await open('#/train');
    await page
      .getByLabel('Text', { exact: true })
      .fill('Tom had a red ball. He liked to play with it. '.repeat(400));
    await page.getByLabel('Updates').fill('12');
    await fitsNarrow(page);
    assert.deepEqual(await violations(page), []);
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    const status = page.getByRole('status').first();
    await status.getByText(/Update [2-9] of 12: loss \d/).waitFor({ timeout: 100_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    const kept = page.getByRole('region', { name: 'Runs that are kept' });
    await kept.getByText(/stopped, \d+ updates/).waitFor({ timeout: 60_000 });
    await page.reload();
    await kept.getByText(/stopped, \d+ updates/).waitFor({ timeout: 60_000 });
    assert.match(await page.getByLabel('Text', { exact: true }).inputValue(), /^Tom had a red ball/);
    await page.getByRole('button', { name: 'Resume' }).click();
    await kept.getByText('done, 12 updates').waitFor({ timeout: 200_000 });
    assert.match((await status.textContent())!, /Update 12 of 12: loss \d\.\d+ nats a token/);
    assert.ok((await page.locator('pre.sample').textContent())!.length > 10);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    assert.equal((await downloading).suggestedFilename(), 'my-text.zip');
    assert.deepEqual(await violations(page), []);
    await page.getByRole('link', { name: 'Write with it' }).click();
    await page.getByLabel('prompt', { exact: true }).fill('Tom had');
    await page.keyboard.press('Enter');
    assert.ok((await written(page)).length > 8);
    await page.close();
    assert.deepEqual(problems, []);
  },
);

/** Has a worker take the GPU in software for one of hardware, and lose it on a word of the page. */
const losesItsGpu = `{
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    new BroadcastChannel('lose').addEventListener('message', () => device.destroy());
    return device;
  };
  const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info');
  const told = ['vendor', 'device', 'description', 'subgroupMinSize', 'subgroupMaxSize'];
  Object.defineProperty(GPUAdapter.prototype, 'info', {
    get() {
      const info = get.call(this);
      return { ...Object.fromEntries(told.map((name) => [name, info[name]])), architecture: 'test' };
    },
  });
}`;

test(
  'a GPU that is lost in the middle of a text is said in a sentence, and the next text is written',
  { skip, timeout: 500_000 },
  async (t) => {
    const withGpu = await chromium.launch({
      executablePath: executable,
      args: ['--no-sandbox', ...softwareGpu],
    });
    t.after(() => withGpu.close());
    const page = await withGpu.newPage({ serviceWorkers: 'block' });
    await page.route(/model-worker/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${losesItsGpu}\n${await response.text()}` });
    });
    const settings = { prompt: 'The dog', runs: [{ options: { length: 24, temperature: 0 } }] };
    await page.goto(`${server.url}some/path/${linked('write', settings)}`);
    await page.getByLabel('prompt', { exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.lane .canvas .token:not(.mask)').nth(2).waitFor({ timeout: 200_000 });
    assert.match((await page.locator('.where').textContent())!, /WebGPU: the GPU passed the check/);
    const another = page.waitForEvent('worker', { timeout: 120_000 });
    await page.evaluate("new BroadcastChannel('lose').postMessage('now')");
    await page
      .getByRole('alert')
      .getByText(/the GPU was lost \(.+\)/)
      .waitFor({ timeout: 60_000 });
    await page.getByText('The worker of the models ended (the GPU was lost); another is started.').waitFor();
    // until it is there, requests are refused in a sentence
    await another;
    await page.getByLabel('prompt', { exact: true }).focus();
    await page.keyboard.press('Enter');
    assert.ok((await written(page)).length > 20);
  },
);
