import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { skip, startStudio, violations } from './browser.ts';

const composer = '.composer textarea';

/** Waits until so many answers are seen, and none is being written. */
async function answered(page: Page, count: number): Promise<void> {
  await page
    .locator('.turn.assistant .said')
    .nth(count - 1)
    .waitFor();
  await page.locator('.composer button.main').waitFor();
}

async function say(page: Page, text: string, count: number): Promise<void> {
  await page.fill(composer, text);
  await page.keyboard.press('Enter');
  await answered(page, count);
}

const turns = (page: Page): Promise<string[]> => page.locator('.turn .said').allTextContents();

test('three turns, a branch, a retry, and what was kept', { skip, timeout: 120_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  await page.goto(`${studio.url.split('#')[0]}#/chat`);
  await page.waitForSelector('.chat .form');
  await page.getByLabel('length', { exact: true }).fill('12');
  await page.getByLabel('seed', { exact: true }).fill('3');
  await page.getByLabel('system prompt').fill('A story.');
  await say(page, 'There was a <b>dog</b>.', 1);
  await say(page, 'It met a cat.', 2);
  await say(page, 'They played.', 3);
  const before = await turns(page);
  assert.equal(before.length, 6);
  assert.equal(before[0], 'There was a <b>dog</b>.');
  assert.equal(await page.locator('.said b').count(), 0);

  // the same seed answers the same: a second branch with the same text
  await page.getByRole('button', { name: 'Answer again' }).last().click();
  await page.getByText('2 / 2').waitFor();
  await answered(page, 3);
  assert.deepEqual(await turns(page), before);

  // another first sentence is another conversation, and the first one is still there
  await page.getByRole('button', { name: 'Say it otherwise' }).first().click();
  await page.getByLabel('What you say instead').fill('There was a bird.');
  await page.keyboard.press('Enter');
  await page.locator('.said', { hasText: 'There was a bird.' }).waitFor();
  await answered(page, 1);
  assert.equal((await turns(page)).length, 2);
  await page.getByRole('button', { name: 'The branch before' }).first().click();
  assert.deepEqual(await turns(page), before);

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  const { messages } = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
  assert.deepEqual(messages[0], { role: 'system', content: 'A story.' });
  assert.deepEqual(
    messages.slice(1).map(({ content }: { content: string }) => content),
    before,
  );

  await page.reload();
  await page.waitForSelector('.turn');
  assert.deepEqual(await turns(page), before);
  for (const theme of ['light', 'dark']) {
    await page.getByLabel('Theme').selectOption(theme);
    assert.deepEqual(await violations(page), []);
  }
});

test('an answer that is stopped keeps what was final', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  // one that goes on for long
  const settings = encodeURIComponent(JSON.stringify({ model: 'stories' }));
  await page.goto(`${studio.url.split('#')[0]}#/chat?${settings}`);
  await page.waitForSelector('.chat .form');
  await page.fill(composer, 'Once upon a time');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.token.final');
  await page.keyboard.press('Escape');
  await answered(page, 1);
  const [, answer] = await turns(page);
  assert.ok(answer.length > 0);
  await say(page, 'And then?', 2);
});
