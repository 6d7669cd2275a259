import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { fitsNarrow, skip, sharedStudio, until, violations } from './browser.ts';

const startStudio = sharedStudio();

const composer = '.composer textarea';

/** Waits until so many answers are seen, and none is being written. */
async function answered(page: Page, count: number): Promise<void> {
  await page
    .locator('.turn.assistant .said')
    .nth(count - 1)
    .waitFor({ timeout: 120_000 });
  await page.locator('.composer button.main').waitFor({ timeout: 120_000 });
}

async function say(page: Page, text: string, count: number): Promise<void> {
  await page.fill(composer, text);
  await page.keyboard.press('Enter');
  await answered(page, count);
}

/** What the meter is to show: tokens of all that was said, as the server counts them. */
const countedHere = `(async () => {
  const { system, turns } = JSON.parse(localStorage.conversations)[0];
  const messages = turns.map(({ role, text }) => ({ role, content: text }));
  const model = document.querySelector('.model-picker select').value;
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ model, system, messages });
  const answer = await fetch('/v1/messages/count_tokens', { method: 'POST', headers, body });
  return (await answer.json()).input_tokens + ' of 256 tokens';
})()`;

const turns = (page: Page): Promise<string[]> => page.locator('.turn .said').allTextContents();

test('three turns, a branch, a retry, and what was kept', { skip, timeout: 240_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  await page.goto(`${studio.url.split('#')[0]}#/chat`);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.waitForSelector('.chat .form');
  await page.getByLabel('length', { exact: true }).fill('12');
  await page.getByLabel('seed', { exact: true }).fill('3');
  await page.getByLabel('system prompt').fill('A story.');
  // nothing is not sent; the box grows with what is typed
  const sending = page.locator('.composer').getByRole('button', { name: 'Send' });
  assert.equal(await sending.isDisabled(), true);
  const height = async () => (await page.locator('.composer').boundingBox())!.height;
  const low = await height();
  await page.fill(composer, 'one\ntwo\nthree');
  assert.equal(await sending.isEnabled(), true);
  await until(async () => (await height()) > low + 40, 'a box of three lines');
  await say(page, 'There was a <b>dog</b>.', 1);
  await say(page, 'It met a cat.', 2);
  await say(page, 'They played.', 3);
  const before = await turns(page);
  assert.equal(before.length, 6);
  const full = await page.evaluate<string>(countedHere);
  await page.locator('.context', { hasText: full }).waitFor();
  assert.equal(before[0], 'There was a <b>dog</b>.');
  assert.equal(await page.locator('.said b').count(), 0);

  // the same seed answers the same: a second branch with the same text
  await page.getByRole('button', { name: 'Retry' }).last().click();
  await page.getByText('2 / 2').waitFor();
  await answered(page, 3);
  assert.deepEqual(await turns(page), before);

  // another first sentence is another conversation, and the first one is still there
  const edit = page.getByRole('button', { name: 'Edit' }).first();
  const isFocused = (label: string) =>
    page.getByLabel(label, { exact: true }).evaluate((field) => field === document.activeElement);
  await edit.click();
  assert.equal(await isFocused('What you say instead'), true);
  // Escape leaves it as it was, and the focus where it was
  await page.keyboard.type(' And a hen.');
  await page.keyboard.press('Escape');
  await until(() => edit.evaluate((button) => button === document.activeElement), 'the focus again');
  assert.deepEqual(await turns(page), before);
  await edit.click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await edit.click();
  await page.getByLabel('What you say instead').fill('There was a bird.');
  await page.locator('.draft').getByRole('button', { name: 'Send' }).click();
  await page.locator('.said', { hasText: 'There was a bird.' }).waitFor();
  await answered(page, 1);
  assert.equal(await isFocused('What you say'), true);
  assert.equal((await turns(page)).length, 2);
  await page.getByRole('button', { name: 'The branch before' }).first().click();
  assert.deepEqual(await turns(page), before);

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Export/ }).click();
  // the file is called as the conversation is
  assert.equal((await download).suggestedFilename(), 'There was a b dog b.jsonl');
  const { messages } = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
  assert.deepEqual(messages[0], { role: 'system', content: 'A story.' });
  assert.deepEqual(
    messages.slice(1).map(({ content }: { content: string }) => content),
    before,
  );

  // it is found by what was said, and by the name that it is given
  await page.getByRole('button', { name: /^Rename/ }).click();
  await page.getByLabel('Name of the conversation').fill('Dogs');
  await page.keyboard.press('Enter');
  const renamed = page.getByRole('button', { name: 'Dogs', exact: true });
  await until(
    () => renamed.evaluate((title) => title === document.activeElement),
    'the focus on the new name',
  );
  // so where a name stays as it was, and where one thinks better of a deletion
  await page.getByRole('button', { name: 'Rename: Dogs' }).click();
  await until(() => isFocused('Name of the conversation'), 'the focus on the field');
  await page.keyboard.type('Cats');
  await page.keyboard.press('Escape');
  await until(
    () => renamed.evaluate((title) => title === document.activeElement),
    'the focus on the old name',
  );
  await page.getByRole('button', { name: 'Delete: Dogs' }).click();
  await until(
    () => page.evaluate(`document.activeElement.textContent === 'Keep it'`),
    'the focus on what keeps it',
  );
  await page.keyboard.press('Enter');
  await until(() => renamed.evaluate((title) => title === document.activeElement), 'the focus on its name');

  await page.reload();
  await page.waitForSelector('.turn');
  assert.deepEqual(await turns(page), before);
  // what was said in another visit is counted, too, and comes to the same
  await page.locator('.context', { hasText: full }).waitFor();
  for (const theme of ['light', 'dark']) {
    await page.getByLabel('Theme').selectOption(theme);
    assert.deepEqual(await violations(page), []);
  }
  await fitsNarrow(page);
  // on a phone the options are a sheet that is seen, and goes
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Options' }).click();
  const close = page.getByRole('button', { name: 'Close' });
  await close.waitFor();
  assert.ok((await close.boundingBox())!.y < 844);
  await close.click();
  await close.waitFor({ state: 'detached' });
  // what one types into is all on the screen, which is not scrolled
  const box = (await page.locator('.composer').boundingBox())!;
  assert.ok(box.y + box.height <= 844, `the box ends at ${box.y + box.height}`);
  assert.equal(await page.evaluate('document.scrollingElement.scrollHeight'), 844);
  await page.setViewportSize({ width: 1280, height: 720 });

  // a new one begins with a line that is offered; two can be searched
  assert.equal(await page.getByLabel('Search conversations').count(), 0);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByLabel('Search conversations').waitFor();
  await until(() => isFocused('What you say'), 'the focus where one types');
  await page.getByRole('list', { name: 'Lines to begin with' }).getByRole('button').first().click();
  await answered(page, 1);
  assert.equal((await turns(page)).length, 2);
  // what can be done with one is at one place, whichever is chosen
  const place = async () => (await page.locator('.conversations .acts').boundingBox())!.y;
  const [y, last] = [await place(), (await renamed.boundingBox())!.y];
  await renamed.click();
  await page.getByRole('button', { name: 'Delete: Dogs' }).waitFor();
  assert.deepEqual([await place(), (await renamed.boundingBox())!.y], [y, last]);
});

/** What a server's answer calls, each in two pieces: a function by its name with the JSON of its arguments. */
const callsOf = (calls: readonly (readonly [name: string, json: string])[]): object[] =>
  calls.flatMap(([name, json], index) => [
    { tool_calls: [{ index, id: `c${index + 1}`, type: 'function', function: { name, arguments: '' } }] },
    { tool_calls: [{ index, function: { arguments: json } }] },
  ]);

/** An answer of a server of 40 tokens, as its stream has it. */
const answerOf = (deltas: readonly object[], finish = 'stop'): string =>
  `${[
    ...deltas.map((delta) => ({ choices: [{ delta }] })),
    { choices: [{ delta: {}, finish_reason: finish }] },
    { choices: [], usage: { completion_tokens: 40, forwards: 20, tokens_per_forward: 2 } },
  ]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join('')}data: [DONE]\n\n`;

test(
  'a full context drops the oldest turns and says so; Markdown and calls are shown, and markup stays text',
  { skip, timeout: 240_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    await page.goto(
      `${studio.url.split('#')[0]}#/chat?${encodeURIComponent(JSON.stringify({ model: 'talk' }))}`,
    );
    const sent: { content: string; tool_call_id?: string }[][] = [];
    const texts = [
      '**bold** <img src=x onerror=alert(1)> `a < b &lt;`\n\n- one\n- two\n\n```js\nlet x = "<b>";\n```\n[ok](https://example.com) [bad](javascript:alert(1)) ![pic](https://example.com/x.png)',
      '{"name":"Lily","age":7}',
    ];
    await page.route('**/v1/messages/count_tokens', (route) => {
      const { messages } = route.request().postDataJSON() as { messages: unknown[] };
      return route.fulfill({ json: { input_tokens: 60 * messages.length } });
    });
    await page.route('**/v1/models', (route) =>
      route.fulfill({
        json: {
          data: [{ id: 'talk', state: 'loaded', chat: 'template', context_length: 128, defaults: {} }],
        },
      }),
    );
    await page.route('**/v1/chat/completions', (route) => {
      sent.push((route.request().postDataJSON() as { messages: (typeof sent)[0] }).messages);
      return route.fulfill({
        contentType: 'text/event-stream',
        body: answerOf(
          sent.length === 4
            ? callsOf([
                ['weather', '{"city":"Rome"}'],
                ['weather', '{"city":"Paris"}'],
              ])
            : [{ content: texts[sent.length - 1] ?? 'well' }],
          sent.length === 1 ? 'length' : 'stop',
        ),
      });
    });
    await page.reload();
    await page.getByText('at most 128 tokens').first().waitFor();
    await say(page, 'first', 1);
    const said = page.locator('.turn.assistant .said').first();
    assert.equal(await said.locator('strong').textContent(), 'bold');
    assert.equal(await said.locator('li').count(), 2);
    assert.equal(await said.locator('pre code').textContent(), 'let x = "<b>";');
    assert.equal(await said.locator('code').first().textContent(), 'a < b &lt;');
    assert.deepEqual(
      await said.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
      ['https://example.com'],
    );
    assert.equal(await said.locator('img').count(), 0);
    assert.match((await said.textContent())!, /<img src=x onerror=alert\(1\)>/);
    await said.getByRole('button', { name: 'Copy the code' }).click();
    await said.getByText('Copied').waitFor({ state: 'attached' });
    assert.deepEqual(await violations(page), []);
    // what is answered takes room as what is asked does, and says so where that was all there was
    await page.locator('.context', { hasText: '120 of 128 tokens' }).waitFor();
    assert.match((await page.locator('.speed').textContent())!, /^cut off at 40 tokens, /);

    await say(page, 'second', 2);
    assert.match((await page.locator('.speed').last().textContent())!, /^40 tokens, /);
    assert.match(
      (await page.locator('.turn.assistant .said').nth(1).locator('pre').textContent())!,
      /"name": "Lily",\n/,
    );
    await say(page, 'third', 3);
    assert.deepEqual(
      sent.map((messages) => messages.length),
      [1, 1, 1],
    );
    assert.equal(sent[2][0].content, 'third');
    await page.getByText('the oldest 4 messages are no longer read').waitFor();

    // a call is shown with its arguments; what it returned is said by a person
    await page.getByRole('button', { name: 'Options' }).click();
    await page.locator('summary', { hasText: 'Tools' }).click();
    const tools = page.getByLabel('Functions that an answer may call');
    await tools.fill('{"name":');
    await page.fill(composer, 'Weather?');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The tools must be JSON').waitFor();
    await tools.fill('{"name": "weather"}');
    await page.getByRole('button', { name: 'Answer this' }).click();
    const called = page.locator('.called');
    await called.nth(1).locator('strong', { hasText: 'weather' }).waitFor();
    assert.match((await called.first().textContent())!, /city.*Rome/);
    assert.match((await called.last().textContent())!, /city.*Paris/);
    assert.deepEqual(await violations(page), []);
    // it goes on once all have returned
    await page.getByLabel('What weather returned, call 2').fill('rain');
    await page.keyboard.press('Enter');
    assert.equal(sent.length, 4);
    await page.getByLabel('What weather returned, call 1').fill('sunny');
    await page.keyboard.press('Enter');
    await page.locator('.turn.assistant .said', { hasText: 'well' }).nth(1).waitFor();
    assert.deepEqual(
      sent
        .at(-1)!
        .slice(-2)
        .map(({ content, tool_call_id }) => [content, tool_call_id]),
      [
        ['sunny', 'c1'],
        ['rain', 'c2'],
      ],
    );
    assert.equal(await page.locator('.turn.tool h2', { hasText: 'weather returned' }).count(), 2);
    assert.deepEqual(await violations(page), []);
  },
);

test('an answer that was cut off goes on where it ended', { skip, timeout: 120_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  const asked: { messages: { role: string; content: string }[]; continue_final_message?: boolean }[] = [];
  await page.route('**/v1/chat/completions', (route) => {
    asked.push(route.request().postDataJSON() as (typeof asked)[0]);
    return route.continue();
  });
  const settings = encodeURIComponent(JSON.stringify({ model: 'talk' }));
  await page.goto(`${studio.url.split('#')[0]}#/chat?${settings}`);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByLabel('length', { exact: true }).fill('12');
  await say(page, 'Tell me a story about a dog and a ball.', 1);
  const [, begun] = await turns(page);
  const goOn = page.getByRole('button', { name: 'Go on' });
  await goOn.click();
  await page.getByText('cut off at 12 more tokens').waitFor();
  const [, whole, ...others] = await turns(page);
  assert.deepEqual(others, []);
  assert.ok(whole.startsWith(begun) && whole.length > begun.length, `${whole} after ${begun}`);
  assert.equal(asked[1].continue_final_message, true);
  assert.deepEqual(asked[1].messages.at(-1), { role: 'assistant', content: begun });
  await page.locator('.context', { hasText: await page.evaluate<string>(countedHere) }).waitFor();
  // the way to it is that of its end, behind what it began with
  await page.getByRole('button', { name: 'How it was written' }).click();
  await page.locator('.turn.assistant .given', { hasText: begun }).waitFor();
});

test('an answer that is stopped keeps what was final', { skip, timeout: 180_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  // one that goes on for long
  const settings = encodeURIComponent(JSON.stringify({ model: 'stories' }));
  await page.goto(`${studio.url.split('#')[0]}#/chat?${settings}`);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.waitForSelector('.chat .form');
  await page.fill(composer, 'Once upon a time');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.token.final');
  await page.fill(composer, 'typed meanwhile');
  await page.getByRole('button', { name: 'Stop' }).click();
  await answered(page, 1);
  const [, answer] = await turns(page);
  assert.ok(answer.length > 0);
  await page.locator('.turn .speed', { hasText: 'stopped' }).waitFor();
  // the click that stops sends nothing
  assert.equal(await page.inputValue(composer), 'typed meanwhile');
  // it goes on where it was stopped
  await page.getByRole('button', { name: 'Go on' }).click();
  await answered(page, 1);
  const [, whole] = await turns(page);
  assert.ok(whole.startsWith(answer) && whole.length > answer.length, `${whole} after ${answer}`);
  await say(page, 'And then?', 2);
});

test('a Sudoku is offered, asked and answered as a grid', { skip, timeout: 120_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  const settings = encodeURIComponent(JSON.stringify({ model: 'sudoku-4' }));
  await page.goto(`${studio.url.split('#')[0]}#/chat?${settings}`);
  const offered = page.getByRole('list', { name: 'Lines to begin with' }).getByRole('button');
  await offered.locator('.squares').first().waitFor();
  const question = (await offered.first().locator('.hidden').textContent())!;
  await offered.first().click();
  await answered(page, 1);
  const answer = page.locator('.turn.assistant .said');
  await answer.getByText('✓ Solved').waitFor();
  const [, text] = (await answer.locator('.hidden').allTextContents()).join('').match(/(\d{16})/)!;
  // what is given is set apart, and what was open is written
  const cells = page.locator('.turn.assistant .squares > .token');
  const given = await cells.evaluateAll((all) => all.map(({ dataset }) => dataset.given ?? '0').join(''));
  assert.equal(given, question);
  assert.equal((await cells.allTextContents()).join(''), text);
  assert.deepEqual(await violations(page), []);
  // its way is seen in the same grid, from the first step on
  await page.getByRole('button', { name: 'How it was written' }).click();
  await page.locator('.transport input').fill('1');
  await page.locator('.squares .mask').first().waitFor();
  assert.equal(await page.locator('.turn.assistant .squares [data-given]').count(), 8);

  // so in Write, which opens with a grid for this model
  await page.goto(`${studio.url.split('#')[0]}#/write?${settings}`);
  await page.getByRole('button', { name: /^Write/ }).click();
  await page.locator('.export button:enabled').first().waitFor();
  assert.match((await page.locator('p[aria-live]').first().textContent())!, /^\d{16}$/);
  assert.equal(await page.locator('.squares .amiss').count(), 0);
  await page.locator('.model-picker select').selectOption('stories');
  assert.equal(await page.getByLabel('prompt').inputValue(), 'Once upon a time');
});
