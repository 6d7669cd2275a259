/**
 * `npm run bench:page`: models in a page of Chromium against Node, in turns: seconds to the first text, tokens a second with one
 * thread each and with several, memory over many texts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Model, shippedModels } from '../src/index.ts';
import { createModel } from '../src/language-model/create-model.ts';
import { openModel } from '../src/model/open.ts';
import { openModelWithTokenizer } from '../src/model-files/open-model.ts';
import { executable } from '../studio/test/browser.ts';
import { type PageApi, type Pages, startPages } from '../test/page.ts';
import { chromium, type Page } from 'playwright-core';
import { median } from './measure.ts';

declare const unmask: PageApi;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    texts: { type: 'string', default: '100' },
    model: { type: 'string', default: 'stories' },
  },
});
if (executable === undefined)
  throw new Error('no Chromium here: install Debian’s package chromium, or set CHROMIUM=PATH');
const rounds = Number(values.rounds);
const place = `/models/${values.model}/`;
const request = {
  prompt: 'Once upon a time',
  length: 64,
  steps: 32,
  temperature: 0.7,
  stopEarly: false,
  revise: 0,
} as const;
/** The page of docs/browser.md, which tells when its text is whole: in seconds since the way to it began. */
const story = `import { load } from './dist/src/entries/browser.js';
  const model = await load('${place}', {
    device: 'wasm',
    engine: { folder: '/engine/', threads: 1 },
    worker: () => new Worker('worker.js', { type: 'module' }),
  });
  const { text } = await model.generate(${JSON.stringify(request)});
  document.querySelector('#text').textContent = text;
  globalThis.seconds = performance.now() / 1000;`;
/** A browser that was just started has windows of its own to draw. */
const settlingMs = 2500;
/** What a reader stays at least: the browser keeps what it compiled of the engine two seconds after the last of it. */
const readingMs = 4000;
const headers = {
  // as hosts of files whose names have a version have it: the browser keeps the engine, and what it compiled of it
  'Cache-Control': 'max-age=86400',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const endings: (() => Promise<void> | void)[] = [];
const ending = { after: (work: () => Promise<void> | void) => void endings.push(work) };
try {
  const pages = await startPages(ending, {
    headers,
    minify: true,
    scripts: { story },
    flags: ['--enable-blink-features=ForceEagerMeasureMemory'],
  });
  console.log(
    `${values.model}, Chromium ${pages.browser.version()}, ${request.length} tokens in ${request.steps} steps\n`,
  );
  await tellFirstTexts(pages);
  await tellSpeeds(pages);
  await tellMemory(pages);
} finally {
  for (const end of endings.toReversed()) await end();
}

/** From the way to a page to a whole text in it: at the first visit of a browser, and at the second, which is after it was closed. */
async function tellFirstTexts({ server }: Pages): Promise<void> {
  const seconds = { cold: [] as number[], warm: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const profile = mkdtempSync(join(tmpdir(), 'unmask-profile-'));
    for (const all of Object.values(seconds))
      all.push(await firstText(`${server.url}page/story.html`, profile));
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  }
  for (const [kind, all] of Object.entries(seconds))
    console.log(
      `first text, ${kind}: ${median(all).toFixed(2)} s (${all.map((s) => s.toFixed(2)).join(' ')})`,
    );
}

/** Seconds from the start of the way to a page until its text is there, in a browser that has what it kept in a folder. */
async function firstText(url: string, profile: string): Promise<number> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    args: ['--no-sandbox'],
  });
  const page = await context.newPage();
  await wait(settlingMs);
  await page.goto(url);
  await page.waitForFunction('globalThis.seconds !== undefined');
  const seconds = await page.evaluate<number>('globalThis.seconds');
  await wait(readingMs);
  await context.close();
  return seconds;
}

/** Has a page with a model that stays. */
async function pageWith(pages: Pages, threads: number): Promise<Page> {
  const page = await pages.open();
  await page.evaluate(
    async ([from, count]) => {
      const model = await unmask.load(from, {
        device: 'wasm',
        engine: { folder: '/engine/', threads: count },
      });
      Object.assign(globalThis, { model });
    },
    [place, threads] as const,
  );
  return page;
}

/** Seconds of a text in a page. */
function textIn(page: Page, seed: number): Promise<number> {
  return page.evaluate(
    async ([asked, s]) => {
      const began = performance.now();
      await (globalThis as unknown as { model: Model }).model.generate({ ...asked, seed: s });
      return (performance.now() - began) / 1000;
    },
    [request, seed] as const,
  );
}

/** The model in Node. */
async function modelHere(threads: number): Promise<Model> {
  const directory = shippedModels[values.model as keyof typeof shippedModels];
  const parts = await openModelWithTokenizer(directory);
  const { network } = await openModel(directory, { threads });
  return createModel({ ...parts, network });
}

/** Milliseconds of a forward of as many positions as a text has, beside which a step has only the drawing of tokens. */
async function tellForwards(model: Model, page: Page): Promise<void> {
  const tokens = Array.from({ length: request.length }, (_, i) => 20 + i);
  const here: number[] = [];
  const there: number[] = [];
  for (let round = 0; round < 8 * rounds; round++) {
    const began = performance.now();
    await model.logits([tokens]);
    here.push(performance.now() - began);
    there.push(
      await page.evaluate(async (ids) => {
        const start = performance.now();
        await (globalThis as unknown as { model: Model }).model.logits([ids]);
        return performance.now() - start;
      }, tokens),
    );
  }
  const [inNode, inPage] = [median(here), median(there)];
  console.log(
    `a forward with one thread: Node ${inNode.toFixed(1)} ms, page ${inPage.toFixed(1)} ms, ${(inNode / inPage).toFixed(2)} of Node's speed`,
  );
}

async function tellSpeeds(pages: Pages): Promise<void> {
  const models = {
    'Node, 1 thread': await modelHere(1),
    'Node, 2 threads': await modelHere(2),
  };
  const opened = { 'page, 1 thread': await pageWith(pages, 1), 'page, 2 threads': await pageWith(pages, 2) };
  const runs: [string, (seed: number) => Promise<number>][] = [
    ...Object.entries(models).map(([name, model]): [string, (seed: number) => Promise<number>] => [
      name,
      async (seed) => {
        const began = performance.now();
        await model.generate({ ...request, seed });
        return (performance.now() - began) / 1000;
      },
    ]),
    ...Object.entries(opened).map(([name, page]): [string, (seed: number) => Promise<number>] => [
      name,
      (seed) => textIn(page, seed),
    ]),
  ];
  const speeds = new Map(runs.map(([name]) => [name, [] as number[]]));
  for (const [, run] of runs) await run(0); // the first opens the session
  for (let round = 1; round <= rounds; round++)
    for (const [name, run] of runs) speeds.get(name)!.push(request.length / (await run(round)));
  const [first] = [...speeds.values()];
  for (const [name, all] of speeds) {
    const ratios = all.map((speed, i) => speed / first[i]);
    console.log(
      `${name}: ${median(all).toFixed(1)} tokens/s, ${median(ratios).toFixed(2)} of Node's with one thread`,
    );
  }
  await tellForwards(models['Node, 1 thread'], opened['page, 1 thread']);
  for (const model of Object.values(models)) await model.close();
  for (const page of Object.values(opened)) await page.close();
}

/** What a page and its worker have in memory after some texts. */
async function tellMemory(pages: Pages): Promise<void> {
  const page = await pageWith(pages, 1);
  const count = Number(values.texts);
  const marks = new Set([10, Math.round(count / 2), count]);
  const found: string[] = [];
  for (let text = 1; text <= count; text++) {
    await textIn(page, text);
    if (!marks.has(text)) continue;
    const bytes = await page.evaluate(async () => {
      const { measureUserAgentSpecificMemory: measure } = performance as unknown as {
        measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
      };
      return (await measure.call(performance)).bytes;
    });
    found.push(`${text}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  }
  await page.close();
  console.log(`memory after texts: ${found.join(', ')}`);
}
