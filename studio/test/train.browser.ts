import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Locator, Page, Route } from 'playwright-core';
import { fitsNarrow, skip, startStudio, until, violations } from './browser.ts';

/** Opens a page of the studio by its name in the menu. */
async function open(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** What the row of a run says of its steps. */
const stepsOf = async (row: Locator): Promise<number> =>
  Number(/^([\d,]+) of/.exec((await row.locator('.steps').textContent())!)![1].replaceAll(',', ''));

const rowOf = (page: Page, run: string): Locator => page.locator(`tr[data-run="${run}"]`);

test('a run is started from the form, watched, stopped, resumed, and written with', { skip }, async (t) => {
  const studio = await startStudio(t);
  writeFileSync(join(studio.directory, 'text.txt'), 'the sun falls and a bird sings. '.repeat(200));
  const page = await studio.open();
  await open(page, 'Train');
  // where there is no run, the page asks for one: what is learned comes first
  await page.getByText('No runs here yet').waitFor();
  assert.equal(await page.getByRole('radio').count(), 6);
  await page.getByText('about 5 minutes on this machine').waitFor();
  // what that comes to is said before it begins, of the text that is to be learned
  const expected = page.locator('.expectation');
  await expected
    .getByText(/^Expect .* Simple sentences take a text of at least 0\.3 MB\..* is a guess/)
    .waitFor();
  await page.getByLabel('or a text, pasted here').fill('One two. '.repeat(10_000));
  await expected.getByText(/^The text is read about \d+ times: expect /).waitFor();
  await page.getByLabel('or a text, pasted here').fill('');
  assert.deepEqual(await violations(page), []);
  const form = page.getByRole('form', { name: 'New run' });
  const fieldOf = (label: string) => form.getByLabel(label, { exact: true });
  const fill = async (label: string, value: string) => {
    // the rarer options of a group are behind a click
    const hidden = form
      .locator('details:not([open])', { has: page.getByLabel(label, { exact: true }) })
      .last();
    if (!(await fieldOf(label).isVisible())) await hidden.locator('> summary').click();
    await fieldOf(label).fill(value);
    await fieldOf(label).blur();
  };
  await form.getByRole('button', { name: 'my own' }).click();
  assert.equal(await fieldOf('steps').getAttribute('placeholder'), '6000');
  await fieldOf('size').selectOption('tiny');
  assert.equal(await fieldOf('steps').getAttribute('placeholder'), '15000');
  const basic = { name: 'watched', steps: '100000', length: '16', batch: '2' };
  for (const [label, value] of Object.entries(basic)) await fill(label, value);
  const group = (name: string) => form.locator('.group > summary', { hasText: name }).click();
  const small = { tokenizer: 'characters', layers: '1', width: '16', heads: '2', hidden: '24', threads: '1' };
  const often = { warmup: '0', 'validation every': '50', 'sample every': '200', 'validation windows': '4' };
  await fill('threads', small.threads);
  await group('Text');
  await fill('tokenizer', small.tokenizer);
  await fieldOf('packing').selectOption('stream');
  await group('Network');
  for (const label of ['layers', 'width', 'heads', 'hidden'] as const) await fill(label, small[label]);
  await group('Optimiser');
  await fill('warmup', often.warmup);
  await group('What is kept');
  for (const label of ['validation every', 'sample every', 'validation windows'] as const)
    await fill(label, often[label]);
  assert.deepEqual(await violations(page), []);
  await fill('or paths of the working directory, one a line', 'text.txt\nnone.txt');
  await form.getByRole('button', { name: 'Start' }).click();
  assert.match((await form.getByRole('alert').textContent())!, /^data: must be a file .*none\.txt/);
  // a file of one's own takes the place of the path
  await fill('or paths of the working directory, one a line', '');
  await form.getByLabel('Choose files').setInputFiles({
    name: 'story.txt.gz',
    mimeType: 'application/gzip',
    buffer: gzipSync('the sun falls and a bird sings. '.repeat(200)),
  });
  await form.getByText('story.txt.gz').waitFor();
  await form.getByRole('button', { name: 'Start' }).click();

  const card = rowOf(page, 'watched');
  await card.getByText('running').waitFor({ timeout: 60_000 });
  const details = page.getByRole('region', { name: 'Run watched' });
  await details.getByLabel('Sample text').waitFor({ timeout: 60_000 });
  // the legend tells the latest of each curve
  const legend = page.locator('.u-legend').first();
  const legendText = async (): Promise<string> => (await legend.textContent()) ?? '';
  await until(async () => /watched held-out, a bound\d/.test(await legendText()), 'the bound');
  const seen = await stepsOf(card);
  await until(async () => (await stepsOf(card)) > seen, 'more steps');
  assert.match(await legendText(), /each step/);
  await page.getByLabel('smoothing').press('Home');
  await until(async () => !/each step/.test(await legendText()), 'curves without smoothing');

  // on a phone the run is a card, and what stops it is on the screen
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 390, height: 844 });
  const stop = (await card.getByRole('button', { name: 'Stop watched' }).boundingBox())!;
  assert.ok(stop.x >= 0 && stop.x + stop.width <= 390, JSON.stringify(stop));
  await page.setViewportSize(size);

  await card.getByRole('button', { name: 'Stop watched' }).click();
  await card.getByText('stopped').waitFor();
  const stopped = await stepsOf(card);
  const canvas = page.locator('.chart canvas').first();
  const linear = await canvas.screenshot();
  await page.getByLabel('logarithmic').check();
  await until(
    // it is drawn anew, and may be gone for a moment
    async () => !(await canvas.screenshot().catch(() => linear)).equals(linear),
    'another scale',
  );
  assert.deepEqual(await violations(page), []);
  await fitsNarrow(page);

  await card.getByRole('button', { name: 'Resume watched' }).click();
  await until(async () => (await stepsOf(card)) > stopped, 'steps beyond those');
  // back in time, by the keyboard
  await details.getByLabel('Sample text').press('Home');
  await details.getByText('What it wrote after 200 updates', { exact: true }).waitFor();
  await card.getByRole('button', { name: 'Stop watched' }).click();
  await card.getByText('stopped').waitFor();

  // its options in words, those first in which it is another than usual
  await details.getByText('Options', { exact: true }).click();
  const lists = details.locator('.run-options');
  const first = await lists.first().locator('dt').allTextContents();
  for (const label of ['size', 'steps', 'sample every']) assert.ok(first.includes(label), first.join());
  assert.ok(!first.includes('learning rate'), first.join());
  await lists.first().getByText('steps from one sample text to the next').waitFor();
  assert.ok(!(await lists.nth(1).isVisible()));
  await details.getByText(/^\d+ more, at their defaults/).click();
  await lists.nth(1).getByText('highest learning rate').waitFor();
  assert.deepEqual(await violations(page), []);

  // another objective on the same text: as this run, but for that
  await page.getByRole('button', { name: 'New run like this watched' }).click();
  await form.getByRole('radio', { name: /^Autoregressive/ }).check({ force: true });
  await until(async () => (await fieldOf('batch').inputValue()) === '2', 'the options of that run');
  assert.match(await fieldOf('or paths of the working directory, one a line').inputValue(), /story\.txt$/);
  // of the text there is what the run had alone; two are refused where it is seen, beside the button
  const pasted = form.getByLabel('or a text, pasted here');
  assert.equal(await pasted.inputValue(), '');
  await form.getByRole('button', { name: '20 min' }).click();
  await form.getByText('A model of the size tiny, as set below').waitFor();
  await pasted.fill('Another text.');
  await form.getByRole('button', { name: 'Start' }).click();
  await form.locator('.begin').getByText('can’t be learned at once').waitFor();
  assert.ok(await pasted.evaluate((field) => field === field.ownerDocument.activeElement));
  await pasted.fill('');
  await form.getByText('can’t be learned at once').waitFor({ state: 'detached' });

  await open(page, 'Models');
  await page.getByRole('button', { name: 'Write with it: runs/watched' }).click();
  await page.getByRole('heading', { level: 1, name: 'Write' }).waitFor();
  const picker = page.locator('select').filter({ hasText: 'runs/watched' });
  await until(async () => (await picker.inputValue()) === 'runs/watched', 'the model in the form');
});

test('what runs say is text, however it is spelled; their curves are compared', { skip }, async (t) => {
  const studio = await startStudio(t);
  const markup = `<img src=x onerror="document.title='run'">\u001b[31m\u202e${'x'.repeat(10_000)}`;
  // of 300 updates one run is through with its causal warm-up, the other not
  for (const [name, causalWarmup] of Object.entries({ first: 100, second: 1000 })) {
    const run = join(studio.directory, 'runs', name);
    mkdirSync(join(run, 'samples'), { recursive: true });
    writeFileSync(
      join(run, 'options.json'),
      JSON.stringify({ format: 1, size: markup, from: markup, causalWarmup }),
    );
    writeFileSync(join(run, 'samples', 'step-000000100.txt'), `${markup}\0`);
    const rows = Array.from({ length: 300 }, (_, i) => ({
      kind: 'step',
      step: i + 1,
      loss: 300 / (i + 1),
      rate: 1,
      tokens: i,
      seconds: i / 10,
    }));
    writeFileSync(join(run, 'metrics.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    writeFileSync(join(run, 'events.jsonl'), `${JSON.stringify({ event: 'began', steps: 300 })}\n`);
  }
  const page = await studio.open({ colorScheme: 'dark' });
  await open(page, 'Train');
  for (const name of ['first', 'second']) await page.getByLabel(`Show the curves of ${name}`).check();
  await page.locator('select').filter({ hasText: 'seconds' }).selectOption('seconds');
  const legend = page.locator('.u-legend').first();
  for (const name of ['first', 'second']) await legend.getByText(`${name} causal warm-up`).waitFor();
  await page.getByRole('img', { name: /^Loss,.*first loss, mean of 50.*masks begin at 9\.9$/ }).waitFor();
  assert.equal(await page.getByText('causal warm-up until').count(), 1);
  await rowOf(page, 'second').getByText('causal warm-up until update 1,000').waitFor();
  await page.getByText('begins as an autoregressive one').waitFor();
  const text = page.getByLabel('Text after 100 updates');
  assert.ok((await text.textContent())!.startsWith(markup.slice(0, 3000)));
  await page.getByText('Options', { exact: true }).click();
  assert.equal(await page.locator('main img').count(), 0);

  // notes and tags are kept beside the run, and found by the filter
  await page.getByLabel('tags, with commas between').fill('baseline, good');
  await page.getByLabel('tags, with commas between').blur();
  await page.getByText('kept', { exact: true }).waitFor();
  const filter = page.getByLabel('Filter the runs');
  await filter.fill('baseline');
  const rows = page.locator('.runs tr[data-run]');
  await until(async () => (await rows.count()) === 1, 'one run with the tag');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  assert.equal(readFileSync(await (await download).path(), 'utf8').split('\r\n').length, 3);
  await filter.fill('');
  assert.equal(await page.title(), 'Train · unmask studio');
  await fitsNarrow(page);
  assert.deepEqual(await violations(page), []);
});

test(
  'a run has one colour, is measured exactly or not, and is deleted when that was said twice',
  { skip },
  async (t) => {
    const studio = await startStudio(t);
    const objectives = { a: 'masked-diffusion', b: 'autoregressive', c: 'masked-diffusion' };
    const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    for (const [name, objective] of Object.entries(objectives)) {
      const run = join(studio.directory, 'runs', name);
      mkdirSync(run, { recursive: true });
      writeFileSync(join(run, 'options.json'), JSON.stringify({ format: 1, size: 'nano', objective }));
      const steps = Array.from({ length: 30 }, (_, i) => i + 1);
      const losses = steps.map((step) => ({
        kind: 'step',
        step,
        loss: 3,
        rate: 1,
        tokens: 9 * step,
        seconds: step,
      }));
      const rows = [...losses, { kind: 'validation', step: 30, natsPerToken: 2 }];
      writeFileSync(join(run, 'metrics.jsonl'), lines(rows));
    }
    const page = await studio.open();
    await open(page, 'Train');
    const box = (name: string) => page.getByLabel(`Show the curves of ${name}`);
    const colorOf = (name: string) =>
      box(name).evaluate((input) => /series-\d/.exec(input.closest('.swatch')!.className)?.[0]);
    for (const name of ['a', 'b', 'c']) await box(name).check();
    const colors = await Promise.all(['a', 'b', 'c'].map(colorOf));
    assert.equal(new Set(colors).size, 3);
    // in another order, and in another visit
    for (const name of ['a', 'b']) await box(name).uncheck();
    for (const name of ['b', 'a']) await box(name).check();
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(colorOf)), colors);
    await page.reload();
    await until(async () => (await page.locator('.swatch input:checked').count()) === 3, 'the same runs');
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(colorOf)), colors);
    const legend = page.locator('.u-legend').first();
    await legend.getByText(/^b held-out$/).waitFor();
    // a click anywhere in its row is one on its name, but not on what else can be done there
    const selected = async () =>
      (await page.locator('.run-name[aria-pressed=true]').allTextContents()).join();
    await rowOf(page, 'c').locator('[data-label=loss]').click();
    assert.equal(await selected(), 'c');
    await box('a').uncheck();
    assert.equal(await selected(), 'c');
    await rowOf(page, 'a').locator('[data-label=time]').click();
    assert.equal(await selected(), 'a');
    assert.ok(await box('a').isChecked());
    // on a phone it is told apart by what it learns
    await page.setViewportSize({ width: 390, height: 844 });
    await rowOf(page, 'b').locator('.differs').getByText('autoregressive').waitFor();
    await page.setViewportSize({ width: 1280, height: 720 });
    await legend.getByText('a held-out, a bound').waitFor();
    // how fast each was is drawn, though none was watched
    await page.getByRole('img', { name: /^Speed, over updates: (?=.*a)(?=.*b)(?=.*c)/ }).waitFor();

    await page.getByRole('button', { name: 'Delete b' }).click();
    await page.getByText('Its files go for good').waitFor();
    assert.ok(existsSync(join(studio.directory, 'runs', 'b')));
    assert.deepEqual(await violations(page), []);
    await page.getByRole('button', { name: 'Delete b' }).click();
    await rowOf(page, 'b').waitFor({ state: 'detached' });
    assert.equal(existsSync(join(studio.directory, 'runs', 'b')), false);
    assert.deepEqual(await Promise.all(['a', 'c'].map(colorOf)), [colors[0], colors[2]]);

    // what was typed for a new run is there again when the form was closed
    await page.getByRole('button', { name: 'New run', exact: true }).click();
    await page.getByLabel('or a text, pasted here').fill('One two. '.repeat(100));
    await page.getByText('900 characters, about 260 tokens').waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('button', { name: 'New run', exact: true }).click();
    assert.match(await page.getByLabel('or a text, pasted here').inputValue(), /^One two/);
  },
);

test(
  'a run like another begins only with its options: those of the one asked for last',
  { skip },
  async (t) => {
    const studio = await startStudio(t);
    for (const [name, steps] of Object.entries({ first: 111, second: 222 })) {
      const run = join(studio.directory, 'runs', name);
      mkdirSync(run, { recursive: true });
      writeFileSync(join(run, 'options.json'), JSON.stringify({ format: 1, size: 'tiny', steps, batch: 4 }));
      writeFileSync(join(run, 'events.jsonl'), `${JSON.stringify({ event: 'began', steps })}\n`);
    }
    const page = await studio.open();
    await open(page, 'Train');
    const form = page.getByRole('form', { name: 'New run' });
    const start = form.getByRole('button', { name: 'Start' });
    const fieldOf = (label: string) => form.getByLabel(label, { exact: true });
    const held: Route[] = [];
    await page.route('**/unmask/models', (route) => void held.push(route));
    /** Asks for a run like that one. @returns what answers it, which the form waits for */
    const like = async (name: string): Promise<Route> => {
      await rowOf(page, name).getByRole('button', { name, exact: true }).click();
      await page.getByRole('button', { name: `New run like this ${name}` }).click();
      await until(async () => held.length > 0, 'what the form asks for');
      return held.pop()!;
    };
    /** Answers, and waits until the page has seen that it did. */
    const answer = async (route: Route, status = 200): Promise<void> => {
      const json = status === 200 ? { models: [] } : { error: { message: 'not now' } };
      const response = page.waitForResponse((one) => one.request() === route.request());
      await route.fulfill({ status, json });
      await (await response).finished();
      await page.evaluate('new Promise((done) => setTimeout(done, 100))');
    };

    // what fails leaves nothing to begin with
    await answer(await like('first'), 503);
    await form.getByRole('alert').getByText('not now').waitFor();
    assert.ok(await start.isDisabled());

    // the older answers first: the newer is still waited for; what is typed meanwhile holds
    const [older, newer] = [await like('second'), await like('first')];
    await answer(older);
    assert.ok(await start.isDisabled());
    await fieldOf('batch').fill('7');
    await fieldOf('batch').blur();
    await answer(newer);
    const options = () => Promise.all(['steps', 'batch'].map((label) => fieldOf(label).inputValue()));
    assert.deepEqual(await options(), ['111', '7']);
    assert.ok(await start.isEnabled());

    // the older answers last, or fails: it is too late for either
    for (const status of [200, 503]) {
      const [late, last] = [await like('first'), await like('second')];
      await answer(last);
      await answer(late, status);
      assert.deepEqual(await options(), ['222', '4']);
      assert.ok(await start.isEnabled());
      assert.equal(await form.getByRole('alert').count(), 0);
    }
  },
);
