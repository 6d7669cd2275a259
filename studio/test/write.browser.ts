import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright-core';
import type { MeasuredPreset } from '../../src/model-files/presets.ts';
import { readRecording, type RecordingFile, writeRecording } from '../core/recording-file.ts';
import { type RecordedEvent, Recording } from '../core/recording.ts';
import { shownText, tokenName } from '../core/shown.ts';
import { root, skip, startStudio, until, violations } from './browser.ts';

const prompt = '.ask textarea';
const canvas = '.canvas';

/** The page, opened with settings. */
async function openWrite(page: Page, settings: object = {}): Promise<void> {
  await page.goto(`${page.url().split('#')[0]}#/write?${encodeURIComponent(JSON.stringify(settings))}`);
  await page.locator('.write .form').waitFor();
}

/** Opens a group of options. */
const openGroup = (page: Page, name: string): Promise<void> =>
  page.locator('.group > summary', { hasText: name }).click();

/** Has a text written by the one key that it takes. */
async function write(page: Page): Promise<void> {
  await page.focus(prompt);
  await page.keyboard.press('Enter');
  await written(page);
}

async function written(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Again, same seed' }).waitFor();
}

/** The text of the canvas; what is in front of a mask is room for a blank, and no part of it. */
const shown = (page: Page): Promise<string> =>
  page
    .locator('.canvas .token')
    .evaluateAll((tokens) =>
      tokens
        .map((token) => (token.classList.contains('mask') ? token.lastElementChild! : token).textContent)
        .join(''),
    );

async function saved(page: Page, name: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name, exact: true }).click();
  return readFileSync(await (await download).path());
}

const open = (page: Page, name: string, text: string): Promise<void> =>
  page.getByLabel('Open a file').setInputFiles({
    name,
    mimeType: 'application/json',
    buffer: Buffer.from(text),
  });

function replayed({ events }: RecordingFile): Recording {
  const recording = new Recording();
  for (const { frame, ms } of events) recording.add(frame, ms);
  return recording;
}

const textOf = (recording: Recording, frame: number): string =>
  recording
    .canvasAt(frame)
    .map(({ token, text }) => shownText(token, text))
    .join('');

/** A made-up process: a token a step, in an order that jumps. */
function madeUp(
  length: number,
  texts: readonly string[],
  asked: Partial<RecordingFile['asked']> = {},
): string {
  const events = Array.from({ length: length + 1 }, (_, step): RecordedEvent => {
    const position = (step * 7919) % length;
    const tokens = texts.map((text, token) => ({ token, text, probability: 0.3 / (token + 1) }));
    const text = texts[step % texts.length];
    const change = { position, token: step, text, confidence: (step % 100) / 100 };
    return {
      ms: step * 10,
      frame: {
        revision: step,
        step,
        block: 0,
        t: 1 - step / length,
        length,
        committed: step === length ? length : 0,
        reset: step === 0,
        changes: step === 0 ? [] : [change],
        candidates: step === 0 ? [] : [{ position, tokens }],
      },
    };
  });
  return writeRecording({ asked: { prompt: 'Once', model: 'made up', options: {}, ...asked }, events });
}

/** Seconds that the page has computed so far: scripts, styles and layout. */
async function secondsOf(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  const names = new Set(['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration']);
  return metrics.reduce((sum, { name, value }) => sum + (names.has(name) ? value : 0), 0);
}

/** A way to write that was measured of models/stories. */
function storiesWay(wanted: string): MeasuredPreset {
  const path = join(root, 'models/stories/generation_config.json');
  const { unmask_presets: ways } = JSON.parse(readFileSync(path, 'utf8')) as {
    unmask_presets: readonly MeasuredPreset[];
  };
  return ways.find(({ name }) => name === wanted)!;
}

test('the page that writes', { skip, timeout: 600_000 }, async (t) => {
  const studio = await startStudio(t);

  await t.test('the first load is small, and a first text is one key away', async () => {
    const page = await studio.browser.newPage();
    const loads: Promise<Buffer>[] = [];
    page.on('response', (response) => {
      if (/\/(?:assets\/[^/]*)?$/.test(new URL(response.url()).pathname)) loads.push(response.body());
    });
    await page.goto(studio.url);
    await page.locator('.write .form').waitFor();
    const files = await Promise.all(loads);
    assert.ok(files.length >= 4, 'the page, its style, its script and that of Write');
    const sizeBytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
    t.diagnostic(`first load: ${(sizeBytes / 1000).toFixed(1)} kB, compressed`);
    assert.ok(sizeBytes < 150_000, `${sizeBytes} bytes`);
    // a recording unmasks by itself, in any order, beside one from left to right
    const masks = () => page.locator('.first-sight figure:first-child .token.mask').count();
    await page.locator('.first-sight .token').first().waitFor();
    const before = await masks();
    await until(async () => (await masks()) !== before, 'a text that unmasks by itself');
    // once it is there it is played again at a click
    await until(async () => (await masks()) === 0, 'the whole text');
    await page.getByRole('button', { name: 'Replay' }).click();
    await until(async () => (await masks()) > 0, 'the text from its beginning');
    await page.locator(prompt).focus();
    await page.locator(prompt).selectText();
    // the first key begins a text of one's own
    await page.keyboard.type('The fox');
    assert.equal(await page.locator(prompt).inputValue(), 'The fox');
    await page.keyboard.press('Enter');
    await page.locator('.lane .token.final').first().waitFor();
    assert.equal(await page.locator('.first-sight').count(), 0);
    await page.close();
  });

  await t.test('options are those of the strategy; what is changed is listed, and can be reset', async () => {
    const page = await studio.open();
    await openWrite(page, { model: 'stories' });
    const tau = page.getByLabel('tau', { exact: true });
    assert.equal(await tau.count(), 0);
    const { options, measured } = storiesWay('fast');
    await page.getByRole('button', { name: 'fast', exact: true }).click();
    await openGroup(page, 'How sure');
    assert.equal(await tau.inputValue(), String(options.tau));
    await page.getByText('several at once: all that is at least').waitFor();
    await page.getByText('what was measured').click();
    await page.getByText(measured).waitFor();
    // what is set beside it was measured by nobody, and goes with the next way that is chosen
    const fast = page.getByRole('button', { name: 'fast', exact: true });
    await tau.fill('0.15');
    await page.keyboard.press('Tab');
    const count = Object.keys(options).length;
    await page.getByText(`${count} options of your own · not measured`).waitFor();
    assert.equal(await fast.getAttribute('aria-pressed'), 'false');
    await fast.click();
    assert.equal(await tau.inputValue(), String(options.tau));
    assert.equal(await fast.getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'balanced', exact: true }).click();
    await page.getByLabel('strategy', { exact: true }).selectOption('hierarchical');
    assert.equal(await page.getByLabel('tau low', { exact: true }).getAttribute('placeholder'), '0.4');
    const height = (await page.locator('aside .panel').boundingBox())!.height;
    assert.ok(height < 900, `the form is ${height} pixels tall`);
    await page.getByRole('button', { name: 'Reset strategy' }).click();
    assert.equal(await tau.count(), 0);
    await page.getByText('All as the model says').waitFor();
    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme);
      assert.deepEqual(await violations(page), []);
    }
    await page.close();
  });

  await t.test('the words, the prompt and the defaults are those of the model that is chosen', async () => {
    const page = await studio.open();
    await page.locator('.first-sight .token').first().waitFor();
    await page.getByText('A text starts as blanks').waitFor();
    await page.getByText('Recorded with the model stories').waitFor();
    // its files say what it does, before anything has loaded it
    await page.locator('.model-picker select').selectOption('typescript');
    const length = page.getByLabel('length', { exact: true });
    await until(async () => (await length.getAttribute('placeholder')) === '64', 'the default of the model');
    const { data } = (await (await page.request.get(new URL('/v1/models', studio.url).href)).json()) as {
      data: { id: string; state: string; defaults?: object }[];
    };
    const { state, defaults } = data.find(({ id }) => id === 'typescript')!;
    assert.deepEqual([state, defaults], ['unloaded', undefined]);
    assert.match(await page.inputValue(prompt), /^export function sum/);

    // a causal run on other text begins with nothing, and nothing is said of blanks or any order
    const mine = {
      id: 'mine',
      state: 'loaded',
      infill: false,
      chat: 'continuation',
      defaults: { length: 33 },
    };
    await page.close();
    const other = await studio.open();
    let tell = (): void => {};
    const told = new Promise<void>((resolve) => (tell = resolve));
    await other.route('**/v1/models', async (route) => {
      await told;
      // what was asked before the page was loaded anew nobody waits for
      await route.fulfill({ json: { data: [mine] } }).catch(() => {});
    });
    await other.reload();
    // what is typed while a model tells of itself stays
    await other.getByLabel('length', { exact: true }).fill('21');
    tell();
    await other.getByText('This model is causal').waitFor();
    assert.equal(await other.inputValue(prompt), '');
    assert.equal(await other.getByLabel('length', { exact: true }).getAttribute('placeholder'), '33');
    assert.equal(await other.getByLabel('length', { exact: true }).inputValue(), '21');
    assert.equal(await other.locator('.first-sight').count(), 0);
    assert.equal(await other.locator('.canvas .mask').count(), 0);
    assert.equal(await other.getByRole('group', { name: 'Way of writing' }).count(), 0);
    assert.deepEqual(await violations(other), []);
    await other.close();
  });

  await t.test('a text is watched, scrubbed backwards, exported and opened again', async () => {
    const page = await studio.open();
    await openWrite(page, { seed: 7, runs: [{ options: { length: 64, blockLength: 8 } }] });
    await page.evaluate(`
      window.seen = new Set();
      new MutationObserver(() => seen.add(document.querySelectorAll('.canvas .token.mask').length))
        .observe(document.querySelector('.work'), { subtree: true, childList: true, characterData: true })`);
    await write(page);
    await page.locator('.canvas .token').nth(63).waitFor();
    await page.locator('.canvas .token.mask').first().waitFor({ state: 'detached' });
    const seen = await page.evaluate<number[]>('[...seen]');
    assert.ok(seen.length > 3, `numbers of masks that were seen: ${seen.join(' ')}`);

    const json = (await saved(page, 'JSON')).toString();
    const file = readRecording(json);
    const recording = replayed(file);
    assert.equal(file.asked.options.seed, 7);
    // every step is there, however slow the reader was
    assert.ok(recording.size > 4);
    const steps = Array.from({ length: recording.size }, (_, frame) => recording.facts(frame).step);
    assert.deepEqual(
      steps,
      steps.map((_, frame) => frame),
    );
    const last = recording.size - 1;
    assert.equal(await page.locator('p[aria-live]').textContent(), recording.textAt(last));

    // what is done keeps its colours, unless one takes them off; what is looked back at has them
    await page.locator('.canvas.coloured').waitFor();
    await page.getByLabel('keep colours').uncheck();
    assert.equal(await page.locator('.canvas.coloured').count(), 0);
    await page.getByLabel('show tokens and line ends').check();
    await page.locator('.canvas.marked').waitFor();
    await page.getByLabel('show tokens and line ends').uncheck();

    // back to the beginning, by the key, frame by frame
    await page.keyboard.press('Escape');
    for (let frame = last; frame >= 0; frame--) {
      await page.locator('output', { hasText: `${frame} / ${last}` }).waitFor();
      await page.evaluate('new Promise(requestAnimationFrame)');
      assert.equal(await shown(page), textOf(recording, frame));
      await page.keyboard.press('ArrowLeft');
    }
    assert.equal(await page.locator('.canvas.coloured').count(), 1);
    await page.getByLabel('Speed').selectOption('4×');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('Space');
    await page.locator('output', { hasText: `${last} / ${last}` }).waitFor();
    await page.getByRole('button', { name: 'Play backwards' }).click();
    await page.locator('output', { hasText: `0 / ${last}` }).waitFor();

    const svg = (await saved(page, 'SVG')).toString();
    // the studio allows no styles inside of its page, not even in what is only read
    const blank = await studio.browser.newPage();
    const drawn = await blank.evaluate<{ problem: boolean; frames: number }>(`(() => {
      const svg = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml');
      return { problem: !!svg.querySelector('parsererror'), frames: svg.querySelectorAll('.frame').length };
    })()`);
    await blank.close();
    assert.deepEqual(drawn, { problem: false, frames: recording.size });
    const gif = await saved(page, 'GIF');
    assert.equal(gif.subarray(0, 6).toString(), 'GIF89a');
    const frames = await page.evaluate<number>(`(async () => {
      const data = Uint8Array.from(atob('${gif.toString('base64')}'), (c) => c.charCodeAt(0));
      const decoder = new ImageDecoder({ data, type: 'image/gif' });
      await decoder.tracks.ready;
      await decoder.completed;
      for (let frameIndex = 0; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++)
        (await decoder.decode({ frameIndex })).image.close();
      return decoder.tracks.selectedTrack.frameCount;
    })()`);
    assert.equal(frames, recording.size);

    await openWrite(page);
    await open(page, 'unmasking.json', json);
    await page.locator('output', { hasText: `${last} / ${last}` }).waitFor();
    assert.equal(await page.locator('.figures', { hasText: 'seed' }).locator('dd').last().textContent(), '7');
    assert.equal((await saved(page, 'JSON')).toString(), json);
    await open(page, 'else.json', '{"format":"another"}');
    await page.getByText('This is no recording').waitFor();
    await page.close();
  });

  await t.test('a position tells its candidates and its history; the heat map goes there', async () => {
    const page = await studio.open();
    await openWrite(page, { seed: 3, runs: [{ options: { length: 8, blockLength: 8 } }] });
    await write(page);
    const recording = replayed(readRecording((await saved(page, 'JSON')).toString()));
    await page.locator('.canvas .token').nth(5).hover();
    await page.getByRole('heading', { name: 'Position 6:' }).waitFor();
    const last = recording.size - 1;
    const { cells, candidates } = recording.historyOf(5, last);
    assert.equal(await page.locator('.history li').count(), cells.length);
    assert.ok(candidates.length > 1, 'it was predicted in several steps');
    const likeliest = recording.candidatesAt(5, last);
    assert.equal(likeliest.length, 3);
    const told = await page.locator('.candidates code').allTextContents();
    assert.deepEqual(
      told.slice(0, 3),
      likeliest.map(({ token, text }) => tokenName(token, text)),
    );
    const written = recording.cellAt(5, last);
    assert.deepEqual(await page.locator('.candidates [aria-current] code').allTextContents(), [
      tokenName(written.token, written.text),
    ]);
    // and right below the token, as long as it is pointed at
    assert.deepEqual(
      await page.locator('.glance code').allTextContents(),
      likeliest.map(({ token, text }) => tokenName(token, text)),
    );
    await page.locator(prompt).hover();
    assert.equal(await page.locator('.glance').count(), 0);
    assert.ok((await page.locator('.chart polyline').count()) >= 1);

    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('Shift+ArrowRight');
    await page.getByRole('heading', { name: 'Position 7:' }).waitFor();
    assert.equal(await page.locator('.canvas .token.picked').count(), 1);

    const map = page.locator('.heat canvas');
    const { width, height } = (await map.boundingBox())!;
    await map.click({ position: { x: (2.5 / 8) * width, y: (2.5 / recording.size) * height } });
    await page.getByRole('heading', { name: 'Position 3:' }).waitFor();
    await page.locator('output', { hasText: `2 / ${last}` }).waitFor();
    await page.getByText('As a table').click();
    await page.locator('.heat tbody tr').nth(7).waitFor();
    assert.equal(await page.locator('.heat tbody tr').count(), 8);
    await page.close();
  });

  await t.test('two runs with one seed, and a link that restores them', async () => {
    const page = await studio.open();
    await openWrite(page, {
      prompt: 'The <dog> & "cat"',
      // what is penalised or cut has no exact number, and neither has what was written in blocks, several tokens a step
      runs: [{ options: { length: 12, frequencyPenalty: 0, topP: 1, blockLength: 12 } }],
    });
    // one whose texts are spelled in as many tokens as they were written in
    await page.getByLabel('seed', { exact: true }).fill('6');
    await openGroup(page, 'How sure');
    await page.getByLabel('strategy', { exact: true }).selectOption('margin');
    // what is typed last is not lost, and neither is the click that ends it
    await openGroup(page, 'What');
    await page.getByLabel('length', { exact: true }).fill('14');
    await page.getByRole('button', { name: 'Compare' }).click();
    assert.equal(await page.locator('.lane').count(), 2);
    assert.equal(
      (await page.locator('.comparison .said').allTextContents())[1],
      'frequency penalty 0, top p 1, block length 12, length 14, strategy left-to-right',
    );
    for (const run of ['A', 'B']) {
      await page.getByRole('button', { name: `Run ${run}`, exact: true }).click();
      await page.getByLabel('length', { exact: true }).fill('12');
      await page.getByLabel('length', { exact: true }).blur();
    }
    await page.getByLabel('steps', { exact: true }).fill('6');
    await page.getByLabel('steps', { exact: true }).blur();
    assert.equal(await page.getByLabel('steps', { exact: true }).inputValue(), '6');
    await page.getByRole('button', { name: 'Copy link' }).click();
    const link = await page.getByLabel('This link').inputValue();
    await page.close();

    const other = await studio.open();
    await other.goto(link);
    await other.locator('.lane').nth(1).waitFor();
    assert.equal(await other.locator(prompt).inputValue(), 'The <dog> & "cat"');
    assert.equal(await other.getByLabel('seed', { exact: true }).inputValue(), '6');
    assert.equal(await other.getByLabel('strategy', { exact: true }).inputValue(), 'margin');
    assert.equal(await other.getByLabel('length', { exact: true }).inputValue(), '12');
    await write(other);
    const rows = await other.locator('.comparison tbody tr').allTextContents();
    const forwards = await other.locator('.comparison tbody td:nth-child(7)').allTextContents();
    assert.deepEqual(forwards, ['12', '6'], rows.join('\n'));
    // half the forwards for as many tokens, which nobody has to see
    const isBest = await other.locator('.comparison tbody td:nth-child(8)').allTextContents();
    assert.deepEqual(
      isBest.map((text) => text.includes('best')),
      [false, true],
    );
    // one after the other, since their times are compared
    let times: [began: number, ended: number][] = [];
    await until(async () => {
      times = await other.evaluate(`performance.getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('/v1/completions'))
        .map(({ startTime, responseEnd }) => [startTime, responseEnd])`);
      return times.length === 2;
    }, 'when the server was asked for what');
    assert.ok(times[0][1] <= times[1][0], JSON.stringify(times));
    // one slider moves both
    await other.getByLabel('Share of the way').fill('500');
    for (const [run, frame] of [
      [0, 6],
      [1, 3],
    ])
      await other
        .locator('.lane')
        .nth(run)
        .locator('.moment', { hasText: `step ${frame} of` })
        .waitFor();
    // a third waits until it is said in what it is to differ; it has the same seed, and the texts that are there stay
    const tokens = other.locator('.lane').first().locator('.canvas .token');
    await tokens.first().evaluate((token) => (token.dataset.stays = ''));
    await other.getByRole('button', { name: 'Compare' }).click();
    const waiting = other.locator('.lane').nth(2).locator('.beside');
    const leftToRight = waiting.getByRole('button', { name: 'left to right', exact: true });
    await until(
      () => leftToRight.evaluate((one) => one === document.activeElement),
      'the focus on a difference',
    );
    await waiting
      .getByText('frequency penalty 0, top p 1, block length 12, length 12, strategy left-to-right')
      .waitFor();
    await waiting.getByRole('button', { name: 'careful' }).click();
    // it takes the place of all that ways set, penalty and revision too
    await waiting.getByText(`length 12, temperature ${storiesWay('careful').options.temperature}`).waitFor();
    await waiting.getByLabel('by another model').selectOption('typescript');
    await waiting.getByText(/^Run C: typescript, .*strategy margin/).waitFor();
    await leftToRight.click();
    assert.equal(await waiting.getByLabel('by another model').inputValue(), '');
    assert.deepEqual(await violations(other), []);
    // nobody has asked for a text of it so far
    const asked = await other.evaluate(`performance.getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('/v1/completions')).length`);
    assert.equal(asked, 2);
    assert.deepEqual(await other.locator('button.main').allTextContents(), ['Write beside it']);
    await waiting.getByRole('button', { name: 'Write beside it' }).click();
    const third = other.locator('.comparison tbody tr').nth(2).locator('td');
    await third.nth(5).getByText('12', { exact: true }).waitFor();
    await written(other);
    assert.equal(await tokens.first().getAttribute('data-stays'), '');
    const name = 'Save as a file';
    const { runs } = JSON.parse((await saved(other, name)).toString()) as { runs: readonly RecordingFile[] };
    assert.deepEqual(
      runs.map(({ asked }) => asked.options.seed),
      [6, 6, 6],
    );
    // what is removed can be brought back with its text
    const texts = await other.locator('.lane .canvas').allTextContents();
    const putBack = other.getByRole('button', { name: 'Back to what was here' });
    const remove = async () => {
      await other.getByRole('button', { name: 'Remove run C' }).click();
      await other.getByText('A run was removed.').waitFor();
      assert.equal(await other.locator('.lane').count(), 2);
    };
    await remove();
    await putBack.click();
    await other.locator('.lane').nth(2).waitFor();
    await until(
      async () => (await other.locator('.lane .canvas').allTextContents()).join() === texts.join(),
      'the text that was removed',
    );
    await remove();
    await other.getByRole('button', { name: 'Judge the texts' }).click();
    const judged = other.locator('.comparison tbody tr').first().locator('td');
    await judged
      .nth(7)
      .getByText(/^\d\.\d\d/)
      .waitFor({ timeout: 60_000 });
    // another program says what its own model makes of it
    let exact: string[] = [];
    await until(
      async () => {
        exact = await other.locator('.comparison tbody td:nth-child(11)').allTextContents();
        return exact.every((number) => /^\d+\.\d\d$/.test(number));
      },
      'the exact number of both runs',
      100,
    );
    assert.notEqual(exact[0], exact[1], 'twelve steps and six are two samplers');
    const verdict = await other.locator('.comparison .verdict').textContent();
    assert.match(verdict!, /^For a token B takes 0\.50 times the forwards of A, and to the judge /);
    await other.getByLabel('Name of this comparison').fill('steps');
    const kept = (await saved(other, 'Save as a file')).toString();
    await open(other, 'steps.json', kept);
    await other.locator('.lane').nth(1).waitFor();
    assert.equal((await saved(other, 'Save as a file')).toString(), kept);
    // what the judge said is in the file, too
    assert.equal(await other.locator('.comparison .verdict').textContent(), verdict);
    for (const theme of ['light', 'dark']) {
      await other.getByLabel('Theme').selectOption(theme);
      assert.deepEqual(await violations(other), []);
    }
    await other.setViewportSize({ width: 375, height: 700 });
    assert.equal(await other.evaluate('document.documentElement.scrollWidth'), 375);
    await other.close();
  });

  await t.test('Escape and Stop end the run at the server, and a mistake is told in a sentence', async () => {
    const page = await studio.open();
    const token = new URLSearchParams(new URL(studio.url).hash.slice(1)).get('token');
    const cancelled = async (): Promise<number> => {
      const response = await fetch(new URL('/metrics', studio.url), {
        headers: { Authorization: `Bearer ${token}` },
      });
      return Number(/cancelled_total\{[^}]*\} (\d+)/.exec(await response.text())?.[1] ?? 0);
    };
    // on the whole canvas: in blocks of its own it is done before anybody can stop it
    await openWrite(page, { runs: [{ options: { length: 110, guidance: 1, blockLength: 110 } }] });
    const before = await cancelled();
    await page.focus(prompt);
    await page.keyboard.press('Enter');
    await page.locator('.lane .token:not(.mask)').nth(2).waitFor();
    await page.keyboard.press('Escape');
    await written(page);
    assert.ok((await page.locator('.lane .token.mask').count()) > 0);
    // a click does, too, and begins nothing
    await page.locator(prompt).press('Enter');
    await page.locator('.lane .token:not(.mask)').nth(2).waitFor();
    await page.locator('output', { hasText: '/ about' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await written(page);
    await page.locator('.stopped strong').waitFor();
    assert.ok((await page.locator('.lane .token.mask').count()) > 0);
    for (let tries = 0; (await cancelled()) === before; tries++) {
      assert.ok(tries < 40, 'the server goes on');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // it goes on behind what stands, to the length that was asked for
    const [, done] = /^Stopped after (\d+) of 110 tokens/.exec(
      (await page.locator('.stopped').textContent())!,
    )!;
    const stood = (await shown(page)).split('▒')[0];
    const frames = Number(/^\d+/.exec(await page.locator('.transport output').innerText())![0]);
    // wherever one points meanwhile
    await page.locator('.lane .token').last().hover();
    // where Stop was
    const [stop, goOn] = [
      page.locator('.ask .row button').first(),
      page.getByRole('button', { name: 'Go on' }),
    ];
    assert.equal(await stop.textContent(), 'Go on');
    await goOn.press('Enter');
    await written(page);
    // the prompt stays what it was, and the text is one, with what was recorded of both parts
    assert.equal(await page.locator('.canvas .given').first().textContent(), 'Once upon a time');
    assert.equal(await page.locator('.canvas .token').count(), 110);
    assert.ok((await shown(page)).startsWith(stood));
    assert.match(
      (await page.locator('.moment').textContent())!,
      / · \d+ tokens, (ended by the model|its whole length)$/,
    );
    const file = readRecording((await saved(page, 'JSON')).toString());
    const recording = replayed(file);
    assert.equal(textOf(recording, frames).split('▒')[0], stood);
    assert.ok(recording.isSameTake(0, recording.size - 1) && recording.candidatesAt(0, frames).length > 0);
    assert.equal(file.asked.options.length, 110);
    assert.ok(recording.facts(frames).written === Number(done) && recording.size > frames + 2);
    assert.equal(await page.locator('.stopped').count(), 0);
    await page.getByLabel('steps', { exact: true }).fill('1000');
    await page.locator(prompt).press('Enter');
    await page.getByRole('alert').getByText('steps').waitFor();
    // what never began takes no text away
    await until(async () => (await shown(page)).startsWith(stood), 'the text that stood there');
    // a length that was meant for another model is left to this one
    const leave = page.getByRole('button', { name: 'Leave the length to the model' });
    assert.equal(await leave.count(), 0);
    await page.getByLabel('steps', { exact: true }).fill('');
    await page.getByLabel('length', { exact: true }).fill('1000');
    await page.locator(prompt).press('Enter');
    await page.getByRole('alert').getByText('length: must').waitFor();
    assert.deepEqual(await violations(page), []);
    await leave.click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await written(page);
    assert.equal(await page.getByLabel('length', { exact: true }).inputValue(), '');
    // in the place of a model that is gone there is the first that is here
    await openWrite(page, { runs: [{ model: 'runs/none' }] });
    const said = page.locator('.missing', { hasText: 'runs/none is no longer here' });
    await said.waitFor();
    const instead = await page.locator('.model-picker select').inputValue();
    assert.equal(await said.textContent(), `runs/none is no longer here: ${instead} is chosen instead.`);
    assert.equal(await page.locator('.model-picker option').first().textContent(), instead);
    // which is said of each run that is compared
    await openWrite(page, { runs: [{}, { model: 'runs/none' }, { model: 'runs/other' }] });
    const rows = page.locator('.comparison tbody th');
    await rows.nth(1).getByText('runs/none (this model is not here)').waitFor();
    await rows.nth(2).getByText('runs/other (this model is not here)').waitFor();
    assert.equal(await rows.first().locator('.missing').count(), 0);
    // one key ends what one click begins in any order
    await openWrite(page, { runs: [{ model: 'stories' }] });
    await page.getByRole('button', { name: 'Try any order' }).click();
    await page.locator('.lane .token').first().waitFor();
    await page.keyboard.press('Escape');
    const anyOrder = page.getByRole('button', { name: 'any order', exact: true });
    assert.equal(await anyOrder.getAttribute('aria-pressed'), 'true');
    await page.close();
  });

  await t.test('markup, control characters and long tokens are text', async () => {
    const page = await studio.open();
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const elements = () => page.locator('main .work').locator('img, script, iframe, b, a').count();
    const markup = '<img src=x onerror=alert(1)><script>alert(2)</script><b>';
    await openWrite(page, { prompt: `${markup}\u0007\u202e`, runs: [{ options: { length: 4 } }] });
    await write(page);
    assert.match((await page.locator(canvas).textContent())!, /<img src=x onerror=alert\(1\)>/);
    const texts = [markup, '\u0000\u001b[31m\u202e', 'x'.repeat(10_000), '</span><b>'];
    await open(page, 'hostile.json', madeUp(12, texts, { prompt: markup, model: markup }));
    await page.locator('output', { hasText: '12 / 12' }).waitFor();
    const text = await shown(page);
    assert.ok(text.includes(markup) && text.includes('x'.repeat(10_000)) && text.includes('␀␛[31m<202e>'));
    await page.locator('.canvas .token').nth(5).hover();
    await page.locator('.candidates code').first().waitFor();
    await page.getByText('As a table').click();
    await page.locator('.heat tbody tr').first().waitFor();
    const svg = (await saved(page, 'SVG')).toString();
    assert.ok(!svg.includes('<img') && !svg.includes('\u0000'));
    assert.ok((await saved(page, 'GIF')).length > 100);
    assert.equal(await elements(), 0);
    assert.deepEqual(dialogs, []);
    await page.close();
  });

  await t.test('512 tokens by 512 steps play with time to spare in each frame', async () => {
    const page = await studio.open();
    await openWrite(page);
    await open(page, 'long.json', madeUp(512, [' word', ' and', ' castle', '.']));
    await page.locator('output', { hasText: '512 / 512' }).waitFor();
    await page.getByLabel('Speed').selectOption('4×');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await secondsOf(devtools);
    await page.evaluate(`
      window.frames60 = 0;
      const count = () => { frames60++; counting = requestAnimationFrame(count); };
      let counting = requestAnimationFrame(count)`);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.locator('output', { hasText: '512 / 512' }).waitFor();
    const frames = await page.evaluate<number>('frames60');
    const ms = (1000 * ((await secondsOf(devtools)) - before)) / frames;
    t.diagnostic(`${frames} frames, ${ms.toFixed(2)} ms of script, style and layout each`);
    assert.ok(frames > 10, `${frames} frames`);
    assert.ok(ms < 16, `${ms} ms a frame`);
    await page.close();
  });

  await t.test('memory is flat over many runs', async () => {
    const page = await studio.open();
    await openWrite(page, { runs: [{ options: { length: 8, steps: 2, blockLength: 8 } }] });
    const devtools = await page.context().newCDPSession(page);
    const runs = async (count: number): Promise<number> => {
      for (let run = 0; run < count; run++) {
        await page.focus(prompt);
        await page.keyboard.press('Enter');
        await page.evaluate('new Promise(requestAnimationFrame)');
        await written(page);
      }
      await devtools.send('HeapProfiler.collectGarbage');
      return (await devtools.send('Runtime.getHeapUsage')).usedSize;
    };
    const first = await runs(10);
    const last = await runs(50);
    t.diagnostic(`${((last - first) / 1e6).toFixed(2)} MB more after 50 runs`);
    assert.ok(last - first < 1.5e6, `${first} bytes, then ${last}`);
    await page.close();
  });
});
