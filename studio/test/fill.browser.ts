import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openGroup, skip, sharedStudio, type Studio, until, violations } from './browser.ts';

const startStudio = sharedStudio();

const sentence = 'Once upon a time there was a little dog. He was very happy.';

async function openFill(studio: Studio, options = {}): Promise<Page> {
  const page = await studio.open(options);
  const settings = encodeURIComponent(JSON.stringify({ text: sentence }));
  await page.goto(`${studio.url.split('#')[0]}#/fill?${settings}`);
  await page.waitForSelector('.texts .form');
  return page;
}

/** The text of the editor, with what chips show in it. */
const shown = (page: Page): Promise<string> => page.locator('.cm-content').innerText();

/** A text without its spaces, which a list of texts leaves out at their ends. */
const squeezed = (text: string): string => text.replaceAll(/\s+/g, '');

/** Whether nothing is wider than the window. */
const fits = (page: Page): Promise<boolean> =>
  page.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth);

/** Asks for a first hole of so many tokens, once the field is left. */
async function setTokens(page: Page, tokens: string): Promise<void> {
  await page.getByLabel('length of hole 1').selectOption('tokens');
  await page.getByLabel('hole 1: tokens').fill(tokens);
}

/** Selects so many characters from the beginning, from the keyboard. */
async function select(page: Page, from: number, to: number): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+Home');
  for (let n = 0; n < from; n++) await page.keyboard.press('ArrowRight');
  for (let n = from; n < to; n++) await page.keyboard.press('Shift+ArrowRight');
}

test(
  'a hole is made, filled while one looks on, retried, accepted and undone',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio);
    await openGroup(page, 'What');
    await page.getByLabel('seed', { exact: true }).fill('3');
    // once the model is there its temperature is known, and lowered
    const temperature = page.getByLabel('temperature', { exact: true });
    await until(async () => (await temperature.getAttribute('placeholder')) === '0.5', 'the temperature');
    const at = sentence.indexOf('little dog');
    await select(page, at, at + 'little dog'.length);
    await page.keyboard.press('Alt+h');
    await setTokens(page, '9');
    await page.keyboard.press('Enter');
    const masked = sentence.replace('little dog', '▒▒▒'.repeat(9));
    await until(async () => (await shown(page)) === masked, 'a hole of nine tokens');

    // each picture of the chip while it is filled
    await page.locator('.chip').evaluate((chip) => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      const { MutationObserver: Observer } = chip.ownerDocument.defaultView!;
      new Observer(() => seen.push(chip.textContent)).observe(chip, { childList: true });
    });
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    assert.ok(
      seen.some((text) => text.includes('▒') && text.replaceAll('▒', '') !== ''),
      JSON.stringify(seen),
    );
    const first = (await page.locator('.old-and-new strong').innerText()).trim();
    const [before, after] = sentence.split('little dog');
    const { origin, hash } = new URL(studio.url);
    const response = await fetch(`${origin}/unmask/infill`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${hash.replace('#token=', '')}`,
      },
      body: JSON.stringify({ parts: [before, { length: 9 }, after], seed: 3, temperature: 0.5 }),
    });
    const answer = (await response.json()) as { holes: { text: string }[] };
    assert.equal(first, answer.holes[0].text.trim());
    assert.equal(await page.locator('p[aria-live]').innerText(), `Hole 1: ${answer.holes[0].text}`);

    await page.getByRole('button', { name: 'Retry hole 1' }).click();
    await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
    const second = await page.locator('.old-and-new strong').textContent();
    await page.getByRole('button', { name: 'Accept hole 1' }).click();
    await page.getByText('None.').waitFor();
    assert.equal(squeezed(await shown(page)), squeezed(before + second + after));
    // an undo goes back one text at a time: what was accepted, what was written again, what was written first
    await page.keyboard.press('Control+z');
    const proposed = page.locator('.old-and-new strong');
    await until(async () => (await proposed.textContent()) === second, 'what was accepted');
    await page.keyboard.press('Control+z');
    await until(async () => (await proposed.innerText()).trim() === first, 'what was written first');
    await until(async () => squeezed(await shown(page)) === squeezed(before + first + after), 'its picture');
    await page.keyboard.press('Control+y');
    await until(async () => (await proposed.textContent()) === second, 'what was written again');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await until(async () => (await shown(page)) === masked, 'the hole');
    await page.getByRole('button', { name: 'Remove hole 1' }).click();
    assert.equal(await shown(page), sentence);
  },
);

test(
  'several holes, one of any length at the cursor, are filled and answered together',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio, { viewport: { width: 420, height: 900 } });
    await select(page, sentence.length, sentence.length);
    await page.keyboard.press('Alt+h');
    await select(page, 0, 4);
    await page.getByRole('button', { name: 'Make a hole' }).click();
    await setTokens(page, 'x');
    await page.keyboard.press('Tab');
    await page.getByText('a number of tokens, a range').waitFor();
    await setTokens(page, '1-3');
    await page.getByRole('button', { name: /^Fill/ }).click();
    await page.getByRole('button', { name: 'Accept all' }).waitFor();
    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme);
      assert.deepEqual(await violations(page), []);
    }
    assert.ok(await fits(page));
    const texts = await page.locator('.old-and-new strong').allTextContents();
    await page.getByRole('button', { name: 'Accept all' }).click();
    await page.getByText('None.').waitFor();
    assert.equal(squeezed(await shown(page)), squeezed(texts[0] + sentence.slice(4) + texts[1]));
    // a hole that is typed is one
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' Then {{4..24}} and {{3}}');
    await page.getByLabel('hole 2').first().waitFor();
    assert.equal(await page.getByLabel('hole 1: tokens').inputValue(), '4-24');
    assert.equal(await page.getByLabel('hole 2: tokens').inputValue(), '3');
    for (const hole of [2, 1]) await page.getByRole('button', { name: `Remove hole ${hole}` }).click();
    // what is typed is text, and digits open no page
    await page.keyboard.press('Control+End');
    await page.keyboard.type('12');
    assert.ok((await shown(page)).endsWith('12'));
  },
);

test(
  'a hole has whole words and is as long as they were, or shorter; of others one is taken by a click',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio);
    const lengths: unknown[] = [];
    page.on('request', (request) => {
      if (!request.url().endsWith('/unmask/infill')) return;
      const { parts } = request.postDataJSON() as { parts: unknown[] };
      lengths.push(parts[1]);
    });
    const isFilled = () => page.locator('.main').getByText('Fill again').waitFor();
    const written = page.locator('.old-and-new strong');
    // from within one word to within the next
    const at = sentence.indexOf('little');
    await select(page, at + 2, at + 'little d'.length);
    await page.keyboard.press('Alt+h');
    await page.locator('.old-and-new').getByText('“little dog”').waitFor();
    await page.getByRole('button', { name: /^Fill/ }).click();
    await isFilled();
    await page.getByLabel('length of hole 1').selectOption('shorter');
    await until(async () => lengths.length === 2, 'a second request');
    await isFilled();
    assert.deepEqual(lengths, [{ length: 2 }, { length: 1 }]);

    const first = await written.textContent();
    await page.getByRole('button', { name: 'Others for hole 1' }).click();
    const others = page.getByRole('group', { name: 'others for hole 1' }).getByRole('button');
    await others.nth(1).waitFor();
    assert.equal(await written.textContent(), first);
    await isFilled();
    const other = await others.last().textContent();
    await others.last().click();
    assert.equal(await written.textContent(), other);
    assert.ok((await others.allTextContents()).includes(first!));
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Control+z');
    await until(async () => (await written.textContent()) === first, 'what was there before');
  },
);

test(
  'answers stay behind the last word of what they are about, and a finger hits what is on the page',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await select(page, 0, 4);
    await page.getByRole('button', { name: 'Make a hole' }).click();
    await setTokens(page, '9');
    await page.getByRole('button', { name: /^Fill/ }).click();
    await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
    for (let width = 340; width < 700; width += 9) {
      await page.setViewportSize({ width, height: 844 });
      const [word, ...buttons] = await page.locator('.cm-content').evaluate((content) => {
        const last = [...content.querySelectorAll('.chip > span')].at(-1)!;
        const middle = ({ top, bottom }: { readonly top: number; readonly bottom: number }) =>
          (top + bottom) / 2;
        const answers = [...content.querySelectorAll('.answers button')];
        return [
          middle([...last.getClientRects()].at(-1)!),
          ...answers.map((answer) => middle(answer.getBoundingClientRect())),
        ];
      });
      assert.equal(buttons.length, 2);
      for (const button of buttons)
        assert.ok(
          Math.abs(button - word) < 8,
          `${width} wide: ${button - word} below the last word of ${JSON.stringify(await page.locator('.cm-content').innerText())}`,
        );
    }
    await page.setViewportSize({ width: 390, height: 844 });
    const small = await page
      .locator(':is(.top, .texts) :is(a, button:not(.accept, .reject), select, summary, input)')
      .evaluateAll((all) =>
        all
          .map((one) => ({ size: one.getBoundingClientRect(), says: one.outerHTML }))
          .filter(({ size: { width, height } }) => height > 0 && Math.min(width, height) < 43.9)
          .map(({ says, size: { width, height } }) => `${width} × ${height}: ${says}`),
      );
    assert.deepEqual(small, []);
    // in the text what is hit is higher than what is seen
    const hit = await page.getByRole('button', { name: /^Accept here/ }).evaluate((button) => {
      button.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = button.getBoundingClientRect();
      const root = button.getRootNode() as ShadowRoot;
      const ends = [top + height / 2 - 21, top + height / 2 + 21];
      return width >= 43.9 && ends.every((y) => root.elementFromPoint(left + width / 2, y) === button);
    });
    assert.ok(hit);
  },
);

test(
  'the holes have the room that the settings leave, and what opens has some, too',
  { skip, timeout: 60_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio);
    await page.setViewportSize({ width: 1400, height: 900 });
    const hidden = (part: string) =>
      page
        .locator(`.texts aside > .${part}`)
        .evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight);
    const top = async () => (await page.locator('.texts aside > .settings').boundingBox())!.y;
    const holes = page.locator('.pieces > li');
    await page.locator('.cm-content').getByText('He was very happy.').waitFor();
    const write = async (count: number) => {
      for (let n = await holes.count(); n < count; n++) {
        await page.locator('.cm-content').press('Control+End');
        await page.keyboard.type(' and {{3}}');
        await holes.nth(n).waitFor();
      }
    };
    const first = await top();
    await write(2);
    assert.equal(await top(), first);
    await write(5);
    assert.deepEqual([await hidden('found'), await hidden('settings')], [0, 0]);
    assert.ok((await top()) > first);
    await write(8);
    assert.equal(await hidden('settings'), 0);
    assert.ok((await hidden('found')) > 0);
    await openGroup(page, 'What');
    await openGroup(page, 'How fast');
    await until(async () => Math.abs((await top()) - first) < 1, 'as much room as in the beginning');
    assert.ok((await hidden('settings')) > 0);
  },
);

test('filling that is stopped leaves a hole, and an error is said', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await openFill(studio);
  await page.getByRole('button', { name: 'Make a hole' }).click();
  await setTokens(page, '300');
  await page.getByRole('button', { name: /^Fill/ }).click();
  await page.getByRole('alert').getByText('must leave room for text').waitFor();
  await page.route('**/unmask/infill', () => {}); // a server that takes its time
  await setTokens(page, '200');
  await page.getByRole('button', { name: /^Fill/ }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: /^Fill/ }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.getByRole('button', { name: 'Remove hole 1' }).click();
  assert.equal(await shown(page), sentence);
});

/** Events of a server that means no good. */
test('the example of the model for TypeScript is filled rightly', { skip, timeout: 120_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  const settings = encodeURIComponent(JSON.stringify({ model: 'typescript' }));
  await page.goto(`${studio.url.split('#')[0]}#/fill?${settings}`);
  await page.locator('.chip').waitFor();
  await page.getByRole('button', { name: /^Fill/ }).first().click();
  await page.getByRole('button', { name: 'Accept hole 1' }).click();
  assert.match(
    await shown(page),
    /^ {2}constructor\(readonly x: number, readonly y: number, readonly z: number\) \{\}$/m,
  );
});

const hostile = ['<img src=x onerror="document.title=1">', '\u0000\u001b[31m\u202e', 'x'.repeat(10_000)];

test('what a model writes is text, whatever it is', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await openFill(studio);
  const changes = hostile.map((text, position) => ({ position, token: position, text, confidence: 0.5 }));
  const diffusion = {
    choice: 0,
    revision: 0,
    step: 0,
    block: 0,
    t: 1,
    length: 3,
    committed: 0,
    reset: true,
    changes,
    holes: [{ hole: 0, from: 0, to: 3 }],
  };
  const answer = { text: '', holes: [{ text: hostile.join(''), tokens: 3 }], seed: 1 };
  await page.route('**/unmask/infill', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `${[{ diffusion }, answer].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`,
    }),
  );
  await page.getByRole('button', { name: 'Make a hole' }).click();
  await page.getByRole('button', { name: /^Fill/ }).click();
  await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
  await page.locator('.chip').getByText('onerror').waitFor();
  assert.equal(await page.locator('.texts img[src]').count(), 0);
  const chip = await page.locator('.chip').textContent();
  assert.ok(chip!.includes(hostile[0]) && chip!.includes(hostile[2]) && !chip!.includes('\u001b'));
  assert.ok(await fits(page));
  await page.getByRole('button', { name: 'Accept hole 1' }).click();
  await page.locator('.cm-content').getByText('onerror').waitFor();
  assert.equal(await page.locator('.texts img[src]').count(), 0);
  assert.equal(await page.title(), 'Fill · unmask studio');
  assert.deepEqual(await violations(page), []);
});

test('what the page opens with is filled by one key', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  await page.goto(`${studio.url.split('#')[0]}#/fill`);
  await page.waitForSelector('.chip');
  await page.waitForSelector('.texts .form');
  const asked = page.waitForRequest('**/unmask/infill');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
  // what takes a text's place is about as long
  const { parts } = (await asked).postDataJSON() as { parts: unknown[] };
  assert.deepEqual(parts[1], { minimum: 6, maximum: 8 });
  assert.ok((await page.locator('.old-and-new strong').textContent())!.length < 100);
  // a retry that is called off leaves what there was
  const text = await page.locator('.old-and-new strong').textContent();
  await page.route('**/unmask/infill', () => {});
  await page.getByRole('button', { name: 'Retry hole 1' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  assert.equal(await page.locator('.old-and-new strong').textContent(), text);
});

test(
  'ten thousand words stay quick, and the model is sent those around the hole',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await openFill(studio);
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText(` ${'The little dog went home again. '.repeat(1700)}`);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const seconds = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      const names = new Set(['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration']);
      return metrics.reduce((sum, { name, value }) => sum + (names.has(name) ? value : 0), 0);
    };
    const before = await seconds();
    const typed = 'and then it slept for long';
    for (const letter of typed) {
      await page.keyboard.type(letter);
      await page.evaluate('new Promise(requestAnimationFrame)');
    }
    const ms = (1000 * ((await seconds()) - before)) / typed.length;
    t.diagnostic(`${ms.toFixed(2)} ms of script, style and layout a letter`);
    assert.ok(ms < 16, `${ms} ms a letter`);
    await page.keyboard.type(' {{2}}');
    await page.getByRole('button', { name: /^Fill/ }).click();
    await page.getByRole('button', { name: 'Accept hole 1' }).waitFor();
    const said = await page.locator('.doing').textContent();
    const [, sent, all] = /sent ([\d,]+) of the ([\d,]+) words/.exec(said!)!;
    assert.ok(Number(sent) > 100 && Number(sent) < 2000 && Number(all) > 10_000, said!);
  },
);
