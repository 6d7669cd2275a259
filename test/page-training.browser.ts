import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { train } from '../src/index.ts';
import { skip } from '../studio/test/browser.ts';
import { runToEnd } from './npm-registry.ts';
import { type PageApi, type Pages, startPages } from './page.ts';

declare const unmask: PageApi;

let pages: Pages;
const scratch = mkdtempSync(join(tmpdir(), 'unmask-page-training-'));
const endings: (() => Promise<void> | void)[] = [() => rmSync(scratch, { recursive: true, force: true })];
before(async () => {
  if (!skip) pages = await startPages({ after: (work) => void endings.push(work) });
});
after(async () => {
  for (const end of endings.toReversed()) await end();
});

const root = fileURLToPath(new URL('../../', import.meta.url));
/** As it is pasted: 100 kB of stories. */
const text = gunzipSync(readFileSync(join(root, 'models/stories/stories.jsonl.gz')))
  .toString()
  .split('\n', 300)
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { text: string }).text)
  .join('\n\n')
  .slice(0, 100_000);
const small = {
  layers: 2,
  width: 32,
  heads: 2,
  hidden: 64,
  batch: 4,
  length: 32,
  vocabularySize: 300,
} as const;

for (const objective of ['masked-diffusion', 'autoregressive'] as const)
  test(`the first 20 losses of ${objective} on 100 kB of text are those of Node`, { skip }, async () => {
    assert.equal(text.length, 100_000);
    const asked = { objective, size: 'nano', batch: 8, steps: 20, seed: 3 } as const;
    const here: number[] = [];
    for await (const event of train({ ...asked, texts: [text], out: join(scratch, objective) }))
      if (event.kind === 'step') here.push(event.loss);
    const page = await pages.open();
    const there = await page.evaluate(
      async ([request, pasted]) => {
        const losses: number[] = [];
        const run = unmask.train({ ...request, texts: [pasted], out: request.objective });
        for await (const event of run) if (event.kind === 'step') losses.push(event.loss);
        return losses;
      },
      [asked, text] as const,
    );
    await page.context().close();
    assert.equal(here.length, 20);
    const differences = there.map((loss, i) => Math.abs(loss - here[i]));
    assert.equal(differences.length, 20);
    assert.ok(Math.max(...differences) < 1e-4, String(differences));
    assert.ok(here[19] < here[0]);
  });

/** The bytes of a run's model as one number, and what else its page knows of it. */
const outcomeOf = (page: Page, name: string) =>
  page.evaluate(async (wanted) => {
    const { files, step, finished, losses } = await unmask.openRun(wanted);
    const weights = files.find((file) => file.name === 'model.safetensors');
    const digest =
      weights && new Uint8Array(await crypto.subtle.digest('SHA-256', await weights.arrayBuffer()));
    return { step, finished, losses, weights: digest?.join(' ') };
  }, name);

test(
  'a run that is stopped, or whose page is closed, goes on after a reload, to the same bits',
  { skip },
  async () => {
    const context = await pages.browser.newContext();
    const page = await pages.open(context);
    const asked = { ...small, steps: 16, checkpointEvery: 5, sampleEvery: 8, validationEvery: 8 };
    await page.evaluate(
      async ([request, pasted]) => void (await unmask.train({ ...request, texts: [pasted], out: 'whole' })),
      [asked, text] as const,
    );
    const stopped = await page.evaluate(
      async ([request, pasted]) => {
        const stop = new AbortController();
        const run = await unmask.train(
          { ...request, texts: [pasted], out: 'parts' },
          {
            signal: stop.signal,
            onProgress: (event) => void (event.kind === 'step' && event.step === 3 && stop.abort()),
          },
        );
        return { step: run.step, finished: run.finished, files: run.files.length };
      },
      [asked, text] as const,
    );
    assert.deepEqual({ ...stopped, files: stopped.files > 3 }, { step: 3, finished: false, files: true });

    // closed in the middle of it: what came after the last checkpoint is done again
    await page.reload();
    await page.waitForFunction('globalThis.unmask !== undefined');
    await page.evaluate(
      () =>
        new Promise<void>((seen) => {
          void unmask.train(
            { resume: 'parts' },
            { onProgress: (event) => void (event.kind === 'step' && event.step === 12 && seen()) },
          );
        }),
    );
    await page.close();
    const again = await pages.open(context);
    const began = await again.evaluate(async () => {
      const steps: number[] = [];
      await unmask.train(
        { resume: 'parts' },
        { onProgress: (event) => void (event.kind === 'began' && steps.push(event.step)) },
      );
      return steps[0];
    });
    assert.ok(began >= 10 && began < 16, String(began));
    const [whole, parts] = [await outcomeOf(again, 'whole'), await outcomeOf(again, 'parts')];
    assert.equal(whole.step, 16);
    assert.equal(whole.finished, true);
    assert.deepEqual(parts, whole);
    await context.close();
  },
);

test('its model writes in the page, and `unmask generate` opens what is downloaded', { skip }, async (t) => {
  const page = await pages.open();
  const { zip, written } = await page.evaluate(
    async ([request, pasted]) => {
      const run = await unmask.train({ ...request, texts: [pasted], steps: 4, out: 'mine' });
      const model = await unmask.load(run.files, { device: 'wasm' });
      const { text: written } = await model.generate({ prompt: 'The dog', length: 8, temperature: 0 });
      await model.close();
      const bytes = new Uint8Array(await (await unmask.zipped(run.files, run.name)).arrayBuffer());
      let binary = '';
      for (const byte of bytes) binary += String.fromCharCode(byte);
      return { zip: btoa(binary), written };
    },
    [small, text] as const,
  );
  await page.context().close();
  writeFileSync(join(scratch, 'mine.zip'), Buffer.from(zip, 'base64'));
  const unzipped = await runToEnd('unzip', ['-q', 'mine.zip'], { cwd: scratch });
  if (/ENOENT/.test(unzipped.out) || !existsSync('/usr/bin/unzip'))
    return t.skip('no unzip here: apt-get install unzip');
  assert.equal(unzipped.code, 0, unzipped.out);
  const asked = ['generate', 'The dog', '--model', 'mine', '--length', '8', '--temperature', '0'];
  const { code, out } = await runToEnd(process.execPath, [join(root, 'dist/src/cli/main.js'), ...asked], {
    cwd: scratch,
  });
  assert.equal(code, 0, out);
  assert.ok(out.includes(written), `${out} has no ${written}`);
});

test('what a page can’t do is refused by name, and another page keeps its run', { skip }, async () => {
  const page = await pages.open();
  const problems = await page.evaluate(
    async ([request, pasted]) => {
      const told = (work: Promise<unknown>) =>
        work.then(
          () => 'nothing',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      const texts = [pasted];
      const busy = new AbortController();
      let reach = () => {};
      const atWork = new Promise<void>((resolve) => (reach = resolve));
      const first = unmask.train(
        { ...request, texts, out: 'one', steps: 1000 },
        { signal: busy.signal, onProgress: (event) => void (event.kind === 'step' && reach()) },
      );
      await atWork;
      const taken = await told(unmask.train({ ...request, texts, out: 'one', steps: 1000 }));
      busy.abort();
      await first;
      return {
        taken,
        lora: await told(unmask.train({ texts, loraRank: 4 } as never)),
        none: await told(unmask.train({ resume: 'nobody' })),
        blank: await told(unmask.train({ ...request, texts: ['  '], steps: 1 })),
        others: await told(unmask.train({ ...request, texts: ['Other text.'], out: 'one' })),
        large: await told(unmask.train({ texts, size: 'large', steps: 1 })),
        kept: (await unmask.keptRuns()).map(({ name, finished }) => ({ name, finished })),
      };
    },
    [small, text] as const,
  );
  await page.context().close();
  assert.match(
    problems.taken,
    /^FileError: one: expected a run that nobody trains, found another page at work/,
  );
  assert.match(problems.lora, /^InvalidOptionError: loraRank: is not for training in a page/);
  assert.match(problems.none, /^FileError: nobody: expected a run that is kept here, found none/);
  assert.match(problems.blank, /^InvalidOptionError: texts: must have text to learn from/);
  assert.match(problems.others, /^InvalidOptionError: texts: must be those of the run one/);
  assert.match(problems.large, /^InvalidOptionError: layers: must be smaller: .* memory/);
  assert.deepEqual(problems.kept, [{ name: 'one', finished: false }]);
});

test('a worker that dies is one sentence, and the run goes on from what was saved', { skip }, async () => {
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  const died = await page.evaluate(
    async ([request, pasted]) => {
      const workers: Worker[] = [];
      const worker = () => {
        workers.push(new Worker('worker.js', { type: 'module' }));
        return workers.at(-1) as never;
      };
      const onProgress = (event: { kind: string; step?: number }) => {
        if (event.kind === 'step' && event.step === 8)
          workers[0].dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
      };
      const asked = { ...request, texts: [pasted], steps: 12, checkpointEvery: 4, out: 'dies' };
      const message = await unmask.train(asked, { worker, onProgress }).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
      const { step, finished } = await unmask.train({ resume: 'dies' });
      return { message, step, finished };
    },
    [small, text] as const,
  );
  assert.match(died.message, /^the worker that trains ended \(out of memory\): resume the run/);
  assert.deepEqual({ step: died.step, finished: died.finished }, { step: 12, finished: true });
  await context.close();
});

test('a full storage is one sentence, and the model is there all the same', { skip }, async () => {
  // Chromium remembers for a while how much room there was: the storage is full before anything is put there
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  const session = await context.newCDPSession(page);
  const origin = new URL(pages.server.url).origin;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 50_000 });
  const full = await page.evaluate(
    async ([request, pasted]) => {
      const notes: string[] = [];
      const run = await unmask.train(
        { ...request, texts: [pasted], steps: 4, out: 'full' },
        { onProgress: (event) => void (event.kind === 'note' && notes.push(event.text)) },
      );
      const model = await unmask.load(run.files, { device: 'wasm' });
      const { text: written } = await model.generate({ prompt: 'The', length: 2 });
      await model.close();
      return { notes, step: run.step, written };
    },
    [small, text] as const,
  );
  assert.equal(full.step, 4);
  assert.match(full.written, /^The/);
  assert.ok(
    full.notes.some((note) => /expected room in the browser's storage, found a full storage/.test(note)),
    full.notes.join('\n'),
  );
  await context.close();
});
