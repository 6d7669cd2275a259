import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Locator, Page, Route } from 'playwright-core';
import { openGroup, skip, startStudio, until } from './browser.ts';

const names = ['Write', 'Fill', 'Edit', 'Chat', 'Train', 'Claims', 'Models'] as const;
type Name = (typeof names)[number];

/** Opens a page by its digit, which scrolls nothing. */
async function go(page: Page, name: Name): Promise<void> {
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press(String(names.indexOf(name) + 1));
  await page.getByRole('heading', { level: 1, name }).waitFor({ state: 'attached' });
}

const linked = (name: string, settings: object): string =>
  `#/${name}?${encodeURIComponent(JSON.stringify(settings))}`;

/** Follows a link in the tab that is open. */
const follow = (page: Page, name: string, settings: object): Promise<void> =>
  page.evaluate(`location.hash = ${JSON.stringify(linked(name, settings))}`);

const prompt = '.ask textarea';

/** The text of the editor that is shown, with what its chips have. */
const shown = (page: Page): Promise<string> => page.locator('.cm-content').innerText();

async function type(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

/** A run that is over, with its losses and what it measured at a checkpoint. */
function writeRun(directory: string, name: string, options: object = {}): void {
  const run = join(directory, 'runs', name);
  mkdirSync(run, { recursive: true });
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const steps = Array.from({ length: 60 }, (_, i) => i + 1);
  writeFileSync(join(run, 'options.json'), JSON.stringify({ format: 1, size: 'nano', ...options }));
  writeFileSync(
    join(run, 'metrics.jsonl'),
    lines(
      steps.map((step) => ({ kind: 'step', step, loss: 5 / step, rate: 1, tokens: 9 * step, seconds: step })),
    ),
  );
  const saved = { event: 'saved', step: 50, tokensPerSecond: 700 };
  writeFileSync(join(run, 'events.jsonl'), lines([{ event: 'began', steps: 60 }, saved]));
}

/** What a page has on it, told in words: the same before others were looked at and afterwards. */
interface Made {
  readonly make: (page: Page) => Promise<void>;
  readonly tell: (page: Page) => Promise<unknown>;
}

const textsOf = (places: Locator): Promise<string[]> => places.allTextContents();

/** How far the first of these elements is scrolled; 0 where it isn't. */
const scrolled = (page: Page, selector: string): Promise<number> =>
  page.locator(selector).first().evaluate('(element) => element.scrollTop');

const made: Readonly<Record<Name, Made>> = {
  Write: {
    async make(page) {
      await page.fill(prompt, 'The old fox');
      await page.getByLabel('length', { exact: true }).fill('16');
      await page.locator(prompt).press('Enter');
      await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByRole('button', { name: 'Write beside it' }).click();
      await until(async () => (await page.locator('.lane .token.final').count()) >= 32, 'two texts');
      await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
      await page.locator('.lane .token').nth(3).click();
      await page.locator('.lane').nth(1).getByText('As a table').click();
    },
    tell: async (page) => [
      await page.locator(prompt).inputValue(),
      await page.getByLabel('length', { exact: true }).inputValue(),
      await textsOf(page.locator('.lane .canvas')),
      await textsOf(page.locator('.comparison tbody tr')),
      await page.getByRole('heading', { name: 'Position 4:' }).count(),
      await page.locator('.lane').nth(1).locator('.heat tbody').isVisible(),
    ],
  },
  Fill: {
    async make(page) {
      await type(page, 'There was a {{3}} dog. He was happy.');
      await page.keyboard.type(' And {{2}}');
      await page.getByLabel('hole 2').first().waitFor();
      await page.getByRole('button', { name: /^Fill/ }).click();
      await page.getByRole('button', { name: 'Accept hole 2' }).waitFor();
      await page.getByRole('button', { name: 'Accept hole 1' }).click();
      await openGroup(page, 'What');
      await page.getByLabel('seed', { exact: true }).fill('5');
      await page.getByLabel('seed', { exact: true }).blur();
    },
    tell: async (page) => [
      await shown(page),
      await textsOf(page.locator('.old-and-new')),
      await page.getByLabel('seed', { exact: true }).inputValue(),
      await page.getByRole('button', { name: 'Undo' }).isEnabled(),
    ],
  },
  Edit: {
    async make(page) {
      await type(page, `${'A line of its own.\n'.repeat(40)}Once upon a time he barked purple in the park.`);
      await page.getByRole('button', { name: 'Check' }).click();
      await page.getByText('Least likely').waitFor();
      await page.locator('.pieces.doubts button').first().click();
      await page.locator('.cm-scroller').evaluate('(scroller) => scroller.scrollTo(0, 150)');
      // what is in sight is drawn by then
      await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    },
    tell: async (page) => [
      await page.locator('.doubts .token').allTextContents(),
      await textsOf(page.locator('.doubts button')),
      await scrolled(page, '.cm-scroller'),
      await shown(page),
    ],
  },
  Chat: {
    async make(page) {
      await page.locator('.model-picker select').selectOption('talk');
      await page.fill('.composer textarea', 'Hello.');
      await page.keyboard.press('Enter');
      await page.locator('.speed').waitFor();
      await page.locator('.context').waitFor();
      await page.getByRole('button', { name: 'How it was written' }).click();
      await page.locator('.turn .transport').waitFor();
      await page.fill('.composer textarea', 'What I was about to');
    },
    tell: async (page) => [
      await page.locator('.composer textarea').inputValue(),
      await textsOf(page.locator('.speed')),
      await textsOf(page.locator('.context')),
      await page.locator('.turn .transport').count(),
    ],
  },
  Train: {
    async make(page) {
      for (const run of ['second', 'third']) await page.getByLabel(`Show the curves of ${run}`).check();
      await page.getByLabel('Show the curves of first').uncheck();
      await until(async () => (await page.locator('.chart').count()) > 1, 'the curves');
      await page.getByLabel('Filter the runs').fill('nano');
      await page.getByRole('button', { name: 'New run', exact: true }).click();
      await page.getByLabel('or a text, pasted here').fill('To be learned.');
    },
    tell: async (page) => [
      await page
        .locator('.runs .swatch')
        .evaluateAll((all) => all.map((one) => [one.className, one.querySelector('input')!.checked])),
      await textsOf(page.locator('.chart figcaption')),
      await page.getByLabel('Filter the runs').inputValue(),
      await page.getByLabel('or a text, pasted here').inputValue(),
    ],
  },
  Claims: {
    async make(page) {
      await page.getByRole('button', { name: '7 shown' }).click();
      await page.locator('.claim').nth(3).getByText('How it is tested').click();
      await page.evaluate('scrollTo(0, 700)');
      await until(async () => (await page.evaluate('scrollY')) === 700, 'the middle of the page');
    },
    tell: async (page) => [
      await page.locator('.claim').count(),
      await page.locator('.claim').nth(3).getByText('What is measured').isVisible(),
      await page.evaluate('scrollY'),
    ],
  },
  Models: {
    async make(page) {
      const stories = page
        .locator('.model')
        .filter({ has: page.getByRole('heading', { name: 'stories', exact: true }) });
      await stories.getByText('Details').click();
      await stories.locator('dt', { hasText: 'architecture' }).first().waitFor();
      await page.getByLabel('Its name on Hugging Face').fill('some-org/some');
    },
    tell: async (page) => [
      await page.locator('.model > details[open]').count(),
      await page.getByLabel('Its name on Hugging Face').inputValue(),
    ],
  },
};

test(
  'what was made on a page is there when one comes back from all the others',
  { skip, timeout: 300_000 },
  async (t) => {
    const studio = await startStudio(t);
    for (const run of ['first', 'second', 'third']) writeRun(studio.directory, run);
    const page = await studio.open({ viewport: { width: 1280, height: 800 } });
    const before = new Map<Name, unknown>();
    for (const name of names) {
      await go(page, name);
      await made[name].make(page);
      before.set(name, await made[name].tell(page));
    }
    for (const name of names) {
      await go(page, name);
      assert.deepEqual(await made[name].tell(page), before.get(name), name);
    }
    // what could be taken back still can
    await go(page, 'Fill');
    const accepted = await shown(page);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Accept hole 2' }).waitFor();
    await page.getByRole('button', { name: 'Redo' }).click();
    assert.equal(await shown(page), accepted);
  },
);

test(
  'what writes goes on while one looks elsewhere; what only looks does not',
  { skip, timeout: 180_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await follow(page, 'write', { model: 'stories', runs: [{ options: { length: 200, steps: 200 } }] });
    await page.locator('.write .form').waitFor();
    await page.locator(prompt).press('Enter');
    await page.locator('.lane .token.final').first().waitFor();

    const held: Route[] = [];
    await page.route('**/unmask/infill', (route) => void held.push(route));
    await go(page, 'Fill');
    await page.getByRole('button', { name: /^Fill/ }).click();
    await until(async () => held.length === 1, 'a request for what is in the hole');

    await go(page, 'Chat');
    await page.locator('.model-picker select').selectOption('talk');
    await page.fill('.composer textarea', 'Hello.');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    // another conversation is another place, too
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByRole('button', { name: 'Send' }).waitFor();

    await go(page, 'Models');
    await page.locator('.model').first().waitFor();
    const answer = { text: '', holes: [{ text: 'saw a bird', tokens: 3 }], seed: 1 };
    await held[0].fulfill({
      contentType: 'text/event-stream',
      body: `data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`,
    });
    // all three are written while none of their pages is shown
    await until(
      async () => {
        const ended = await page.evaluate<string[]>(`performance.getEntriesByType('resource')
        .filter(({ responseEnd }) => responseEnd > 0).map(({ name }) => new URL(name).pathname)`);
        return ['/v1/completions', '/v1/chat/completions'].every((path) => ended.includes(path));
      },
      'the ends of the texts',
      90,
    );

    await go(page, 'Fill');
    await page.locator('.old-and-new strong', { hasText: 'saw a bird' }).waitFor();
    await go(page, 'Chat');
    await page.locator('.conversations .title', { hasText: 'Hello.' }).click();
    await page.locator('.speed').waitFor();
    await go(page, 'Write');
    await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
    // which is known of a text alone that was not stopped
    const forwards = page.locator('.figures div', { has: page.getByText('forwards', { exact: true }) });
    assert.match((await forwards.locator('dd').textContent())!, /^\d+$/);

    // Models asks again and again while it is shown
    await page.evaluate('new Promise((done) => setTimeout(done, 500))');
    asked.length = 0;
    await page.evaluate('new Promise((done) => setTimeout(done, 6000))');
    assert.deepEqual(asked, []);
  },
);

test(
  'a link sets the page that is there, once; what it took the place of can be brought back',
  { skip, timeout: 180_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    const undo = page.getByRole('button', { name: 'Undo' });
    await follow(page, 'fill', { text: 'A first text.' });
    await page.locator('.cm-content').getByText('A first text.').waitFor();
    assert.ok(await undo.isDisabled());
    await type(page, 'My own text {{3}}');
    await page.getByLabel('hole 1').first().waitFor();
    const own = await shown(page);
    await follow(page, 'fill', { text: 'A second text.' });
    await page.locator('.cm-content').getByText('A second text.').waitFor();
    await undo.click();
    assert.equal(await shown(page), own);
    await page.getByLabel('hole 1').first().waitFor();
    // who comes back to the place of a link finds what became of it
    await go(page, 'Edit');
    await page.goBack();
    await page.locator('.texts h1', { hasText: 'Fill' }).waitFor();
    assert.equal(await shown(page), own);

    // a model of its own leaves a person's text, and fills an empty page with its example
    const useTypescript = async () => {
      await go(page, 'Models');
      await page.getByRole('button', { name: 'Fill with it: typescript' }).click();
      await page.locator('.texts h1', { hasText: 'Fill' }).waitFor();
      await until(
        async () => (await page.locator('.model-picker select').inputValue()) === 'typescript',
        'it',
      );
    };
    await useTypescript();
    assert.equal(await shown(page), own);
    await type(page, '');
    await page.keyboard.press('Backspace');
    await useTypescript();
    await page.locator('.cm-content').getByText('export').first().waitFor();

    await follow(page, 'edit', { text: 'He barked.' });
    await page.locator('.cm-content').getByText('He barked.').waitFor();
    await undo.click();
    await page.locator('.cm-content').getByText('Once upon a time').waitFor();

    await go(page, 'Write');
    await page.fill(prompt, 'My dog');
    await page.getByLabel('length', { exact: true }).fill('8');
    await page.locator(prompt).press('Enter');
    await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
    const written = await page.locator('.lane .canvas').textContent();
    await follow(page, 'write', { prompt: 'Another', runs: [{}, { model: 'stories' }] });
    await page.locator('.lane').nth(1).waitFor();
    assert.equal(await page.locator(prompt).inputValue(), 'Another');
    await page.getByText('A link was opened here.').waitFor();
    await page.getByRole('button', { name: 'Back to what was here' }).click();
    await page.getByText('A link was opened here.').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.lane .canvas').textContent(), written);
    assert.equal(await page.locator(prompt).inputValue(), 'My dog');
    await follow(page, 'write', { model: 'talk' });
    await until(
      async () => (await page.locator('.model-picker select').inputValue()) === 'talk',
      'the model',
    );
    assert.equal(await page.locator('.lane .canvas').textContent(), written);
    // a comparison is left for a model, and can be brought back
    await page.getByRole('button', { name: 'Show again what took its place' }).click();
    await page.locator('.lane').nth(1).waitFor();
    await follow(page, 'write', { model: 'stories' });
    await until(async () => (await page.locator('.comparison').count()) === 0, 'a page for one model');
    assert.equal(await page.locator(prompt).inputValue(), 'Another');

    await follow(page, 'chat', { model: 'stories' });
    await until(async () => (await page.locator('.model-picker select').inputValue()) === 'stories', 'it');
  },
);

test('what was typed survives a reload of the tab', { skip, timeout: 120_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  await page.fill(prompt, 'My dog');
  await page.getByLabel('length', { exact: true }).fill('8');
  await page.locator(prompt).press('Enter');
  await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
  const written = await page.locator('.lane .canvas').textContent();
  const figures = await textsOf(page.locator('.lane .figures dd'));
  await go(page, 'Train');
  await page.getByRole('radio', { name: /^Block diffusion/ }).check({ force: true });
  await page.getByLabel('or a text, pasted here').fill('To be learned.');
  await page.getByRole('button', { name: '20 min' }).click();
  await follow(page, 'chat', { model: 'talk' });
  const model = page.locator('.model-picker select');
  await until(async () => (await model.inputValue()) === 'talk', 'the model of the link');
  await model.selectOption('stories');
  await page.fill('.composer textarea', 'What I was about to');
  await follow(page, 'edit', { text: 'He barked.' });
  await page.locator('.cm-content').getByText('He barked.').waitFor();
  await type(page, 'He barked purple.');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Alt+m');
  await follow(page, 'fill', { text: 'A text.' });
  await page.locator('.cm-content').getByText('A text.').waitFor();
  await type(page, 'My own text {{3}}');
  await page.getByLabel('hole 1').first().waitFor();
  const own = await shown(page);
  await page.reload();
  await page.getByLabel('hole 1').first().waitFor();
  assert.equal(await shown(page), own);
  assert.equal(await page.getByLabel('hole 1: tokens').inputValue(), '3');
  await go(page, 'Edit');
  await page.locator('.cm-content .marked').waitFor();
  assert.equal(await shown(page), 'He barked purple.');
  await go(page, 'Write');
  assert.equal(await page.locator(prompt).inputValue(), 'My dog');
  // with the way to it, which can be played
  assert.equal(await page.locator('.lane .canvas').textContent(), written);
  assert.deepEqual(await textsOf(page.locator('.lane .figures dd')), figures);
  await page.getByRole('button', { name: 'One frame back' }).click();
  await page.locator('.lane .token.mask').first().waitFor();
  await go(page, 'Train');
  assert.equal(await page.getByLabel('or a text, pasted here').inputValue(), 'To be learned.');
  assert.ok(await page.getByRole('radio', { name: /^Block diffusion/ }).isChecked());
  await page.getByText('about 20 minutes on this machine').waitFor();
  await go(page, 'Chat');
  assert.equal(await page.locator('.composer textarea').inputValue(), 'What I was about to');
  await page.reload();
  await until(async () => (await model.inputValue()) === 'stories', 'the model that was chosen since');
  assert.equal(await page.locator('.composer textarea').inputValue(), 'What I was about to');
});

test(
  'what was written for a text, and is typed in the place of what was said, survives a reload of the tab',
  { skip, timeout: 180_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    const listed = async () => [
      await textsOf(page.locator('.old-and-new')),
      await textsOf(page.locator('.others button')),
      await textsOf(page.locator('.doubts li')),
      await shown(page),
    ];
    await follow(page, 'fill', { text: 'There was a dog. He was happy.' });
    await page.locator('.cm-content').getByText('There was a dog.').waitFor();
    await page.locator('.cm-content').press('Control+End');
    await page.keyboard.type(' It had a {{1}}');
    await page.getByLabel('hole 1').first().waitFor();
    await page.getByRole('button', { name: /^Fill/ }).click();
    await page.getByRole('button', { name: 'Others for hole 1' }).click();
    await page.locator('.main').getByText('Fill again').waitFor();
    await page.locator('.others button').first().waitFor();
    const filled = await listed();

    await follow(page, 'edit', { text: 'Once upon a time a dog barked purple in the park.' });
    await page.locator('.cm-content').getByText('barked purple').waitFor();
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('button', { name: 'Others for purple' }).click();
    await page.getByRole('button', { name: /^Suggest changes/ }).waitFor();
    await page.locator('.others button').first().waitFor();
    const suggested = await listed();

    await follow(page, 'chat', { model: 'talk' });
    await page.fill('.composer textarea', 'Hello.');
    await page.keyboard.press('Enter');
    await page.locator('.speed').waitFor();
    await page.getByRole('button', { name: 'Edit' }).first().click();
    await page.getByLabel('What you say instead').fill('Hello, you');
    await page.reload();
    const instead = page.getByLabel('What you say instead');
    await until(async () => (await instead.inputValue()) === 'Hello, you', 'what is said instead');
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await page.locator('.turn.edited').count(), 0);

    await go(page, 'Fill');
    await page.locator('.others button').first().waitFor();
    assert.deepEqual(await listed(), filled);
    await page.locator('.others button').first().click();
    await page.getByRole('button', { name: 'Accept hole 1' }).click();
    await go(page, 'Edit');
    await page.locator('.others button').first().waitFor();
    assert.deepEqual(await listed(), suggested);
    await page.getByRole('button', { name: 'Accept change 1' }).click();
    assert.ok(!(await shown(page)).includes('purple'));
  },
);

test(
  'what is about to be said belongs to its conversation, which is open again after a reload',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    const field = page.locator('.composer textarea');
    const begin = page.locator('.conversations > button');
    const seen = page.locator('.conversations .title[aria-current]');
    await follow(page, 'chat', { model: 'talk' });
    await page.fill('.composer textarea', 'Hello.');
    await page.keyboard.press('Enter');
    await page.locator('.speed').waitFor();
    await field.fill('More of it');
    await begin.click();
    await until(async () => (await field.inputValue()) === '', 'an empty field');
    await field.fill('Something else');
    await page.locator('.conversations .title', { hasText: 'Hello.' }).click();
    await until(async () => (await field.inputValue()) === 'More of it', 'what was begun');
    await page.reload();
    // the new one stands first
    await until(async () => (await seen.textContent()) === 'Hello.', 'the conversation that was open');
    assert.equal(await field.inputValue(), 'More of it');
    await begin.click();
    await until(async () => (await field.inputValue()) === 'Something else', 'what was begun in the other');

    // with a conversation goes what was about to be said in it
    await page.locator('.conversations .title', { hasText: 'Hello.' }).click();
    await page.getByRole('button', { name: 'Delete: Hello.' }).click();
    await page.getByRole('button', { name: 'Delete it for good' }).click();
    await until(async () => (await field.inputValue()) === 'Something else', 'the one that is left');
    await page.reload();
    await until(async () => (await field.inputValue()) === 'Something else', 'the one that is left');
  },
);

test(
  'the browser asks before a text goes that is too long to be kept',
  { skip, timeout: 60_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    await go(page, 'Train');
    await page.getByRole('button', { name: '20 min' }).click();
    const text = page.getByLabel('or a text, pasted here');
    await text.fill('To be learned. '.repeat(100_000));
    const dialog = page.waitForEvent('dialog');
    void page.evaluate('location.reload()');
    assert.equal((await dialog).type(), 'beforeunload');
    await (await dialog).dismiss();
    assert.equal((await text.inputValue()).length, 1_500_000);
    // what is kept goes without a word
    await text.fill('To be learned.');
    await page.reload();
    await until(async () => (await text.inputValue()) === 'To be learned.', 'the text again');
  },
);

test(
  'what was kept of a page and is not as it must be breaks none',
  { skip, timeout: 120_000 },
  async (t) => {
    const studio = await startStudio(t);
    const page = await studio.open();
    const wrong = [{ from: 5, to: 900 }, { from: 3, to: 1, length: { length: 3 } }, 'x', null];
    const drafts: Readonly<Record<string, object>> = {
      write: { prompt: 7, seed: 'x', name: {}, runs: [null, { options: [] }], texts: [{ asked: 1 }, 'x'] },
      fill: { text: 'A text.', holes: wrong, options: 3, model: [] },
      edit: {
        text: 'A text.',
        marks: [{ from: 0, to: 0 }, ...wrong],
        doubts: wrong,
        proposals: wrong,
        options: null,
      },
      chat: { seen: 5, texts: [{}, 3], options: 'x', model: {}, edits: [{}, 3] },
      train: { shown: [{}], focus: 3, isAsking: 'x', request: { objective: 'none', text: 5, values: [] } },
    };
    for (const [name, draft] of Object.entries(drafts)) {
      await page.goto('about:blank');
      await page.goto(studio.url);
      await page.locator('.write .form').waitFor();
      // the page that is left keeps its own once more
      await page.evaluate(`addEventListener('pagehide', () =>
      sessionStorage.setItem('draft of ${name}', ${JSON.stringify(JSON.stringify(draft))}))`);
      await page.reload();
      await go(page, (name[0].toUpperCase() + name.slice(1)) as Name);
      if ('marks' in draft || 'holes' in draft) assert.equal(await shown(page), 'A text.');
      if (name === 'chat') assert.equal(await page.locator('.composer textarea').inputValue(), '');
      if (name === 'train') await page.getByRole('form', { name: 'New run' }).waitFor();
    }
  },
);
