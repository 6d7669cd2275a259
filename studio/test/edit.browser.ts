import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openGroup, skip, sharedStudio, type Studio, until, violations } from './browser.ts';

const startStudio = sharedStudio();

const text = 'Once upon a time there was a little dog. He barked purple in the park.';

async function openEdit(studio: Studio, options = {}): Promise<Page> {
  const page = await studio.open(options);
  await page.goto(`${studio.url.split('#')[0]}#/edit?${encodeURIComponent(JSON.stringify({ text }))}`);
  await page.waitForSelector('.texts .form');
  return page;
}

/** The text itself: neither what is proposed nor its colours. */
const written = (page: Page): Promise<string> =>
  page.locator('.cm-content').evaluate((content) => {
    const copy = content.cloneNode(true) as typeof content;
    for (const chip of copy.querySelectorAll('.chip')) chip.remove();
    return copy.textContent;
  });

const changes = (page: Page): Promise<(string | null)[][]> =>
  page
    .locator('.old-and-new')
    .evaluateAll((rows) =>
      rows.map((row) => ['del', 'ins'].map((name) => row.querySelector(name)?.textContent ?? null)),
    );

/** Whether nothing is wider than the window. */
const fits = (page: Page): Promise<boolean> =>
  page.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth);

async function mark(page: Page, word: string): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+Home');
  for (let n = 0; n < text.indexOf(word); n++) await page.keyboard.press('ArrowRight');
  for (let n = 0; n < word.length; n++) await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Alt+m');
}

const replaceOnce = (from: string, [old, now]: (string | null)[]): string => {
  const at = from.indexOf(old ?? '');
  return from.slice(0, at) + (now ?? '') + from.slice(at + (old ?? '').length);
};

test(
  'doubts are seen and listed, what is marked is rewritten, and taken piece by piece',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openEdit(studio);
    assert.equal(await page.locator('.missing').count(), 0);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('Least likely').waitFor();
    assert.ok((await page.locator('.cm-content .doubt-2').count()) > 0);
    const listed = await page.locator('.doubts .token').allTextContents();
    assert.equal(listed[0], 'purple', listed.join());
    // of a word all is marked, however it is spelled in tokens, and as many are marked as are said to be
    const painted = await page.locator('.cm-content [class*=doubt-]').allTextContents();
    const words = text.match(/\w+/g)!;
    for (const word of painted) assert.ok(/^\W+$/.test(word) || words.includes(word), word);
    const news = await page.locator('p[aria-live]').innerText();
    assert.equal(Number(/^(\d+) of/.exec(news)![1]), painted.length, painted.join());

    // a blank alone is no token, and nothing to mark
    await mark(page, ' ');
    await page.locator('p[aria-live]').getByText('A blank alone').waitFor();
    assert.equal(await page.locator('.cm-content .marked').count(), 0);
    await mark(page, 'little dog');
    await mark(page, 'purple in the');
    assert.equal(await page.locator('.cm-content .marked').count(), 2);
    await openGroup(page, 'What may change');
    await page.getByLabel('seed', { exact: true }).fill('2');
    await page.getByRole('button', { name: /^Suggest for what is marked/ }).click();
    await page.getByText('Suggested changes').waitFor();
    const proposed = await changes(page);
    assert.ok(proposed.length >= 2, JSON.stringify(proposed));
    assert.equal(await written(page), text);
    assert.match(await page.locator('p[aria-live]').innerText(), /suggested: /);
    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme);
      assert.deepEqual(await violations(page), []);
    }

    await page.getByRole('button', { name: 'Accept change 1' }).click();
    const accepted = replaceOnce(text, proposed[0]);
    assert.equal(await written(page), accepted);
    await page.getByRole('button', { name: 'Undo' }).click();
    assert.equal(await written(page), text);
    assert.deepEqual(await changes(page), proposed);
    await page.getByRole('button', { name: 'Redo' }).click();
    assert.equal(await written(page), accepted);
    await page
      .getByRole('button', { name: 'Reject all' })
      .or(page.getByRole('button', { name: 'Reject change 1' }))
      .first()
      .click();
    await page.getByText('Suggested changes').waitFor({ state: 'hidden' });
    assert.equal(await written(page), accepted);
    // what was said of the suggestions is over with them
    await page.locator('p[aria-live]').getByText('Nothing is left to accept or reject.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('p[aria-live]').getByText('left to accept or reject.').waitFor();
    // what was said of a text is over with it
    await page.getByRole('button', { name: 'Reject all' }).click();
    await page.locator('p[aria-live]').getByText('Nothing is left to accept or reject.').waitFor();
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('Another text.');
    await until(async () => (await page.locator('p[aria-live]').textContent()) === '', 'no news');
    await page.keyboard.press('Control+z');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.locator('p[aria-live]').getByText('under 1 %').waitFor();
    assert.ok((await page.locator('.doubts .token').count()) < 6);
    await page.locator('.cm-content').focus();
    await page.keyboard.type('!');
    await until(async () => (await page.locator('p[aria-live]').textContent()) === '', 'no news');
  },
);

test(
  'the model chooses what it doubts, and says so where it changes nothing',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openEdit(studio, { viewport: { width: 420, height: 900 } });
    for (const name of ['Undo', 'Redo'])
      assert.equal(await page.getByRole('button', { name }).isDisabled(), true);
    await openGroup(page, 'What may change');
    await page.getByLabel('max change', { exact: true }).fill('0.3');
    await page.getByRole('button', { name: /^Suggest changes/ }).click();
    await page
      .locator('p[aria-live]')
      .getByText(/suggested|Nothing/)
      .waitFor();
    const proposed = await changes(page);
    assert.ok(
      proposed.some(([old]) => old?.includes('purple')),
      JSON.stringify(proposed),
    );
    assert.ok(await fits(page));
    // each is answered where it stands, by a click or a key, and that is undone
    const undo = page.getByRole('button', { name: 'Undo' });
    // what is listed and was left says why
    await page.getByRole('button', { name: 'Check' }).click();
    const rows = page.locator('.doubts li');
    await rows.first().waitFor();
    const replaced = proposed.map(([old]) => old ?? '').join();
    for (let n = 0; n < (await rows.count()); n++) {
      const word = await rows.nth(n).locator('.token').innerText();
      const isLeft = /left: (not|nothing|beyond)/.test(await rows.nth(n).innerText());
      assert.equal(isLeft, !replaced.includes(word), word);
    }
    await page
      .getByRole('button', { name: /^Reject here/ })
      .first()
      .click();
    assert.equal((await changes(page)).length, proposed.length - 1);
    await undo.click();
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Alt+Enter');
    assert.equal((await changes(page)).length, proposed.length - 1);
    assert.equal(await written(page), replaceOnce(text, proposed[0]));
    await undo.click();
    assert.deepEqual(await changes(page), proposed);
    await page.getByRole('button', { name: 'Accept all' }).click();
    assert.ok(!(await written(page)).includes('purple'));
    // of suggestions that are taken back nothing is said
    await undo.click();
    await undo.click();
    await until(async () => (await changes(page)).length === 0, 'nothing suggested');
    await until(async () => (await page.locator('p[aria-live]').textContent()) === '', 'no news');

    await page.getByLabel('threshold', { exact: true }).fill('0');
    await page.getByRole('button', { name: /^Suggest changes/ }).click();
    await page.locator('p[aria-live]').getByText('Nothing to change').waitFor();
    await page.getByText('No word that fits into the most that may change is so unlikely').waitFor();
  },
);

test(
  'what the model finds nothing likelier for gets others all the same, and asking again finds others',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openEdit(studio);
    // the best draft of an odd word is the word itself
    await page.route('**/unmask/edit', (route) => {
      const [from, to] = [text.indexOf('purple'), text.indexOf('purple') + 6];
      const answer = { text, changes: [], doubts: [{ from, to }] };
      return route.fulfill({
        contentType: 'text/event-stream',
        body: `data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`,
      });
    });
    await page.getByRole('button', { name: /^Suggest changes/ }).click();
    await page.getByText('In the place of “purple” the model finds nothing likelier.').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByRole('button', { name: 'Check' }).click();
    const purple = page.locator('.doubts li', { hasText: 'purple' });
    await purple.getByText('left: nothing likelier').waitFor();
    await page.getByRole('button', { name: 'Others for purple' }).click();
    const others = page.getByRole('group', { name: 'others for change 1' }).getByRole('button');
    await others.nth(1).waitFor();
    await page.getByRole('button', { name: 'Accept change 1' }).isEnabled();
    const [[old, first]] = await changes(page);
    assert.equal(old, 'purple');
    assert.equal(await purple.locator('.why').count(), 0);
    const other = await others.last().textContent();
    assert.ok(![first, 'purple'].includes(other));
    await others.last().click();
    assert.deepEqual(await changes(page), [['purple', other]]);
    assert.ok((await others.allTextContents()).includes(first!));
    await page.keyboard.press('Control+z');
    await until(async () => (await changes(page))[0]?.[1] === first, 'the first');
    await page.keyboard.press('Control+z');
    await until(async () => (await changes(page)).length === 0, 'nothing suggested');
    // of what is marked others are looked for at once
    await mark(page, 'purple');
    await page.getByRole('button', { name: /^Suggest for what is marked/ }).click();
    await others.nth(1).waitFor();
    await page.locator('p[aria-live]').getByText('1 suggested: “purple” →').waitFor();
    await page.unroute('**/unmask/edit');

    await page.getByRole('button', { name: 'Reject all' }).click();
    await openGroup(page, 'What may change');
    await page.getByLabel('max change', { exact: true }).fill('0.3');
    const suggest = page.getByRole('button', { name: /^Suggest changes/ });
    await suggest.click();
    await page.locator('p[aria-live]').getByText('suggested:').waitFor();
    const suggested = await changes(page);
    await suggest.click();
    await page.locator('p[aria-live]').getByText('Others: ').waitFor();
    assert.deepEqual(await changes(page), suggested);
    await page
      .getByRole('group', { name: /^others for change/ })
      .first()
      .waitFor();
    assert.deepEqual(await violations(page), []);
    assert.ok(await fits(page));
  },
);

const hostile = `<img src=x onerror="document.title=1">\u0000\u001b[31m${'x'.repeat(10_000)}`;

test('what a model proposes is text, whatever it is', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await openEdit(studio);
  const [from, to] = [text.indexOf('little'), text.indexOf('little') + 6];
  const answer = {
    text: '',
    changes: [{ from, to, old: 'little', new: hostile, probability: { old: 0.001, new: 0.5 } }],
  };
  await page.route('**/unmask/edit', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`,
    }),
  );
  await page.getByRole('button', { name: /^Suggest changes/ }).click();
  await page.locator('.chip').getByText('onerror').first().waitFor();
  assert.equal(await page.locator('.texts img[src]').count(), 0);
  assert.ok(!(await page.locator('.texts').textContent())!.includes('\u001b'));
  assert.ok(await fits(page));
  await page.getByRole('button', { name: 'Accept change 1' }).click();
  await page.locator('.cm-content').getByText('onerror').waitFor();
  assert.equal(await page.locator('.texts img[src]').count(), 0);
  assert.deepEqual(await violations(page), []);
});
