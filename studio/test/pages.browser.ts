import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { sharedStudio, skip, until, violations } from './browser.ts';

const startStudio = sharedStudio();

const sizes = [
  { width: 1400, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

/** Whether what is focused can be seen: nobody is led where nothing is. */
const isFocusSeen = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>(`(() => {
    const { width, height } = document.activeElement.getBoundingClientRect();
    return document.activeElement !== document.body && width > 0 && height > 0;
  })()`);

/** Goes on by the Tab key until a button of this name is focused. @returns how often it was pressed */
async function tabTo(page: Page, name: RegExp): Promise<number> {
  for (let presses = 1; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    assert.ok(await isFocusSeen(page), 'the focus is somewhere that can be seen');
    const text = await page.evaluate<string>('document.activeElement.textContent');
    if (name.test(text)) return presses;
  }
  return assert.fail(`the keyboard does not lead to ${name}`);
}

/** What a page is for, as its button says it. */
const verbs: Readonly<Record<string, RegExp>> = {
  write: /^Write/,
  fill: /^Fill/,
  edit: /^Suggest/,
  chat: /^Send/,
  train: /^Start/,
  claims: /^Test all/,
  models: /^Download/,
};

test(
  'each page opens by its digit, fits every window, has no barrier, and is used by the keyboard alone',
  { skip, timeout: 600_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    await page.locator('.first-sight .token').first().waitFor();
    const links = await page
      .locator('nav a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')!));
    const names = links.map((link) => link.replace('#/', ''));
    assert.deepEqual(names, Object.keys(verbs));
    for (const [index, name] of names.entries()) {
      const title = name[0].toUpperCase() + name.slice(1);
      await page.evaluate('document.activeElement.blur()');
      await page.keyboard.press(String(index + 1));
      await page.getByRole('heading', { level: 1, name: title }).waitFor({ state: 'attached' });
      await until(() => page.title().then((now) => now.startsWith(title)), `the page ${name}`);
      await page.locator('main button').filter({ hasText: verbs[name] }).first().waitFor();
      for (const size of sizes) {
        await page.setViewportSize(size);
        const fits = 'document.scrollingElement.scrollWidth <= innerWidth';
        await until(() => page.evaluate<boolean>(fits), `${name} that fits into ${size.width}`);
        // on a phone there are no keys to tell of
        if (size.width < 400) assert.equal(await page.locator('kbd:visible').count(), 0, name);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          assert.deepEqual(await violations(page), [], `${name} at ${size.width}, ${colorScheme}`);
        }
      }
      await page.setViewportSize(sizes[0]);
      // nothing is not sent
      if (name === 'chat') await page.getByLabel('What you say').fill('Hello');
      await page.evaluate('document.activeElement.blur()');
      await page.getByRole('link', { name: title }).focus();
      const presses = await tabTo(page, verbs[name]);
      t.diagnostic(
        `${title}: 1400, 1024 and 390 wide, light and dark, no violation; its verb is ${presses} Tabs away`,
      );
    }
  },
);

test('nothing begins while a field has a mistake in it', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.locator('.write .form').waitFor();
  const steps = page.getByLabel('steps', { exact: true });
  await steps.fill('0');
  await page.getByRole('button', { name: /^Write/ }).click();
  await page.getByText('steps must be at least 1').waitFor();
  assert.equal(await steps.inputValue(), '0');
  assert.equal(asked.includes('/v1/completions'), false);

  await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
  const form = page.getByRole('form', { name: 'New run' });
  await form.getByRole('button', { name: 'my own' }).click();
  await form.getByLabel('steps', { exact: true }).fill('x');
  await form.getByRole('button', { name: 'Start' }).click();
  await form.getByText('steps must be a number').waitFor();
  await form.getByLabel('steps', { exact: true }).fill('');
  await form.getByRole('button', { name: 'Start' }).click();
  assert.match((await form.getByRole('alert').textContent())!, /^Say what is to be learned/);
  assert.equal(asked.includes('/unmask/train'), false);
});

test(
  'without the token it is asked for, by whatever needs it, which then goes on; an address with it works in an open tab',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const [origin, fragment] = studio.url.split('#');
    const page = await studio.open();
    const without = async (name: string) => {
      await page.evaluate('sessionStorage.clear()');
      await page.goto(`${origin}#/${name}`);
      await page.reload();
    };
    const dialog = page.getByRole('dialog', { name: 'The server asks for a token' });
    const field = dialog.getByRole('textbox');
    const wanted: string[] = [];
    await page.route('**/unmask/pull', (route) => {
      wanted.push(route.request().headers().authorization ?? 'nothing');
      return wanted.length < 3
        ? route.continue()
        : route.fulfill({ json: { id: '1', kind: 'pull', subject: 'a/b', state: 'done', lines: [] } });
    });

    await without('models');
    await dialog.waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), []);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('alert').getByRole('button', { name: 'Enter the token' }).waitFor();
    // what only looks doesn't ask again; what one wants does
    await page.getByLabel('Its name on Hugging Face').fill('a/b');
    await page.getByRole('button', { name: 'Download' }).click();
    await field.fill(origin);
    await page.keyboard.press('Enter');
    await dialog.getByText('There is no token in this.').waitFor();
    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await dialog.getByText('It does not take the one that this tab has').waitFor();
    await field.fill(`unmask studio is at ${studio.url}`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'stories' }).waitFor();
    await until(async () => wanted.length === 3, 'the download that was asked for');
    const token = fragment.replace('token=', '');
    assert.deepEqual(wanted, ['nothing', 'Bearer wrong', `Bearer ${token}`]);
    assert.equal(await page.getByRole('alert').count(), 0);

    await without('claims');
    await dialog.waitFor();
    await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
    await page.getByRole('group', { name: 'Claims that are seen' }).waitFor();
    assert.equal(await dialog.count(), 0);
    assert.equal(await page.evaluate<string>('location.hash'), '#/claims');
  },
);
