import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { load, type Model, quantize, shippedModels } from '../src/index.ts';
import { skip } from '../studio/test/browser.ts';
import { ggufOfReference } from './gguf-of-reference.ts';
import { writeGguf } from './gguf-writer.ts';
import { type PageApi, type Pages, softwareGpu, startPages } from './page.ts';

declare const unmask: PageApi;

let pages: Pages;
const small = mkdtempSync(join(tmpdir(), 'unmask-small-'));
const endings: (() => Promise<void> | void)[] = [() => rmSync(small, { recursive: true, force: true })];
before(async () => {
  if (!skip)
    pages = await startPages({ after: (work) => void endings.push(work) }, { folders: { '/small/': small } });
});
after(async () => {
  for (const end of endings.toReversed()) await end();
});

let withGpu: Promise<Pages> | undefined;
/** Pages of a browser whose GPU is software. */
const gpuPages = (): Promise<Pages> =>
  (withGpu ??= startPages({ after: (work) => void endings.push(work) }, { flags: softwareGpu }));

const prompts = {
  stories: 'Once upon a time',
  talk: 'Tell me a story about a dog.',
  typescript: 'function add(',
};
type Shipped = keyof typeof prompts;
const names = Object.keys(prompts) as Shipped[];

async function withModel<Result>(path: string, use: (model: Model) => Promise<Result>): Promise<Result> {
  const model = await load(path);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  assert.equal(a.length, b.length);
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference = Math.max(difference, Math.abs(a[i] - b[i]));
  return difference;
};

/** Norms of pieces, of which the norm is that of all: so many numbers can't be arguments. */
const blocksOf = (values: ArrayLike<number>): number[] => {
  const all = Float64Array.from(values);
  return Array.from({ length: Math.ceil(all.length / 4096) }, (_, i) =>
    Math.hypot(...all.subarray(4096 * i, 4096 * (i + 1))),
  );
};

/** The likeliest token of each of so many rows. */
function topsOf(logits: ArrayLike<number>, rows: number): number[] {
  const all = Float64Array.from(logits);
  const V = all.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const own = all.subarray(row * V, (row + 1) * V);
    return own.indexOf(own.reduce((most, x) => Math.max(most, x), -Infinity));
  });
}

/** Logits of 48 positions, every third of which is masked. */
async function logitsHere(path: string) {
  return withModel(path, async (model) => {
    const tokens = Array.from({ length: 48 }, (_, i) => (i % 3 ? 20 + 5 * i : model.maskId));
    return { tokens, data: (await model.logits([tokens])).data };
  });
}

const logitsThere = async (
  { open }: Pages,
  place: string,
  tokens: number[],
  device: 'wasm' | 'webgpu' = 'wasm',
) => {
  const page = await open();
  const result = await page.evaluate(
    async ([from, ids, on]) => {
      const model = await unmask.load(from, { device: on });
      const { data } = await model.logits([ids]);
      await model.close();
      return { data: [...data], why: model.device.why };
    },
    [place, tokens, device] as const,
  );
  await page.close();
  return result;
};

for (const name of names)
  test(`the logits of models/${name} in a page are those of Node`, { skip }, async () => {
    const here = await logitsHere(shippedModels[name]);
    const there = await logitsThere(pages, `/models/${name}/`, here.tokens);
    const difference = largest(there.data, here.data);
    assert.ok(difference < 1e-4, `${difference}`);
  });

test(
  'on WebGPU, with what passes the check, they are those of Node, too',
  { skip, timeout: 300_000 },
  async () => {
    const here = await logitsHere(shippedModels.stories);
    const there = await logitsThere(await gpuPages(), '/models/stories/', here.tokens, 'webgpu');
    const difference = largest(there.data, here.data);
    assert.ok(difference < 1e-4, `${difference}`);
    assert.match(there.why, /^the GPU passed the check/);
  },
);

for (const [weights, most] of [
  ['int8', 5],
  ['int4', 3],
] as const)
  test(
    `a model in ${weights} has nearly the logits of Node in a page, which rounds what is multiplied otherwise`,
    { skip },
    async () => {
      await quantize(shippedModels.stories, { weights, out: join(small, weights), compare: false });
      const here = await logitsHere(join(small, weights));
      const there = await logitsThere(pages, `/small/${weights}/`, here.tokens);
      const root = (values: ArrayLike<number>) => Math.hypot(...blocksOf(values));
      const difference = root(Array.from(there.data, (x, i) => x - here.data[i])) / root(here.data);
      assert.ok(difference < 0.02, `${difference}`);
      const others = topsOf(there.data, 48).filter((top, i) => top !== topsOf(here.data, 48)[i]).length;
      assert.ok(others <= most, `${others} of 48 likeliest tokens are others`);
    },
  );

test(
  'at temperature 0 the texts of 20 seeds are those of Node, and what is filled and edited likewise',
  { skip, timeout: 600_000 },
  async () => {
    const writing = {
      prompt: prompts.stories,
      length: 12,
      steps: 6,
      strategy: 'random',
      temperature: 0,
    } as const;
    const filling = {
      parts: ['Tom was sad. ', { length: 6 }, ' Then he was happy.'],
      strategy: 'random',
      temperature: 0,
    } as const;
    const editing = {
      text: 'Lily loved to play elephant her toys.',
      maxChange: 0.3,
      temperature: 0.7,
    } as const;
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const here = await withModel(shippedModels.stories, async (model) => ({
      texts: await inOrder(seeds, async (seed) => [...(await model.generate({ ...writing, seed })).tokens]),
      filled: await inOrder(seeds, async (seed) => (await model.infill({ ...filling, seed })).text),
      edited: await inOrder(seeds, async (seed) => (await model.edit({ ...editing, seed })).text),
      nats: (await model.score({ answer: 'A dog ran.', samples: 4 })).nats,
    }));
    for (const all of [here.texts.map(String), here.filled]) assert.ok(new Set(all).size > 1, all.join('\n'));
    const page = await pages.open();
    const there = await page.evaluate(
      async ([write, fill, edit, count]) => {
        const model = await unmask.load('/models/stories/', { device: 'wasm' });
        const [texts, filled, edited] = [[], [], []] as [number[][], string[], string[]];
        for (let seed = 0; seed < count; seed++) {
          texts.push([...(await model.generate({ ...write, seed })).tokens]);
          filled.push((await model.infill({ ...fill, seed })).text);
          edited.push((await model.edit({ ...edit, seed })).text);
        }
        const { nats } = await model.score({ answer: 'A dog ran.', samples: 4 });
        await model.close();
        return { texts, filled, edited, nats };
      },
      [writing, filling, editing, seeds.length] as const,
    );
    await page.close();
    assert.ok(Math.abs(there.nats - here.nats) < 1e-3);
    assert.deepEqual({ ...there, nats: 0 }, { ...here, nats: 0 });
  },
);

async function inOrder<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

test('a conversation and a constraint are kept as in Node', { skip }, async () => {
  const request = {
    messages: [{ role: 'user', content: prompts.talk }],
    length: 16,
    temperature: 0,
    regex: '[A-Z][a-z ,]+\\.',
  } as const;
  const here = await withModel(shippedModels.talk, async (model) => (await model.generate(request)).text);
  const page = await pages.open();
  const there = await page.evaluate(async (asked) => {
    const model = await unmask.load('/models/talk/', { device: 'wasm' });
    const { text } = await model.generate(asked);
    const ids = await model.encode('Hello');
    const round = await model.decode(ids);
    await model.close();
    return { text, round };
  }, request);
  await page.close();
  assert.deepEqual(there, { text: here, round: 'Hello' });
});

test('frames are shown one by one; a loop that is left, and a signal, end the text', { skip }, async () => {
  const page = await pages.open();
  const seen = await page.evaluate(async () => {
    const model = await unmask.load('/models/stories/', { device: 'wasm' });
    const masks: number[] = [];
    for await (const { tokens } of model.sample({ prompt: 'Tom', length: 8, temperature: 0 })) {
      masks.push([...tokens].filter((id) => id === model.maskId).length);
      if (masks.length === 4) break;
    }
    const aborting = new AbortController();
    let frames = 0;
    const reason = await model
      .generate({
        prompt: 'Tom',
        length: 64,
        signal: aborting.signal,
        onFrame: () => void (++frames === 3 && aborting.abort(new Error('enough'))),
      })
      .catch((error: Error) => error.message);
    const { text } = await model.generate({ prompt: 'Tom', length: 2, temperature: 0 });
    const problem = await model
      .generate({ length: -1 })
      .catch((error: Error) => `${error.name}: ${error.message}`);
    await model.close();
    return { masks, frames, reason, text, problem };
  });
  await page.close();
  assert.deepEqual(seen.masks, [8, 7, 6, 5]);
  assert.equal(seen.reason, 'enough');
  assert.ok(seen.frames < 6);
  assert.match(seen.text, /^Tom/);
  assert.match(seen.problem as string, /^InvalidOptionError: length: /);
});

test('what was downloaded is not asked for again, also without a network', { skip }, async () => {
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  const once = () =>
    page.evaluate(async () => {
      const come = new Map<string, number>();
      const model = await unmask.load('/models/stories/', {
        device: 'wasm',
        onProgress: (name, done, total) => come.set(name, done / total),
      });
      const { text } = await model.generate({ prompt: 'Tom', length: 4, temperature: 0 });
      await model.close();
      return { text, ofWeights: come.get('model.safetensors') };
    });
  const from = pages.server.sent.length;
  const first = await once();
  // the last of it comes when the first text asks for it
  assert.equal(first.ofWeights, 1);
  const order = pages.server.sent.slice(from).map(({ path }) => path);
  const engine = order.findIndex((path) => path.endsWith('.wasm'));
  assert.ok(engine >= 0 && engine < order.lastIndexOf('/models/stories/model.safetensors'), 'both at once');
  await page.reload();
  await page.waitForFunction('globalThis.unmask !== undefined');
  const before = pages.server.sent.length;
  assert.deepEqual(await once(), { text: first.text, ofWeights: undefined });
  const asked = pages.server.sent.slice(before).map(({ path }) => path);
  assert.deepEqual(
    asked.filter((path) => path.startsWith('/models/')),
    [],
  );
  await page.evaluate(() =>
    unmask.forget('/models/stories/', { worker: () => new Worker('worker.js', { type: 'module' }) as never }),
  );
  await once();
  assert.ok(pages.server.sent.slice(before).some(({ path }) => path.endsWith('model.safetensors')));
  await context.close();
});

test('a download that breaks off is told in one sentence, and goes on the next time', { skip }, async () => {
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  const attempt = () =>
    page.evaluate(() =>
      unmask.load('/models/stories/', { device: 'wasm' }).then(
        async (model) => {
          await model.generate({ prompt: 'Tom', length: 1 });
          await model.close();
          return 'loaded';
        },
        (error: Error) => error.message,
      ),
    );
  const weights = () => pages.server.sent.filter(({ path }) => path === '/models/stories/model.safetensors');
  // the second part of three is broken off
  await page.route('**/model.safetensors', (route) =>
    route.request().headers().range === 'bytes=0-4194303' ? route.continue() : route.abort(),
  );
  const problem = await page.evaluate(async () => {
    const model = await unmask.load('/models/stories/', { device: 'wasm' });
    return model.generate({ prompt: 'Tom', length: 1 }).catch((error: Error) => error.message);
  });
  assert.match(problem as string, /model\.safetensors: expected a server that answers, found no answer/);
  await page.unroute('**/model.safetensors');
  const before = weights().length;
  assert.equal(await attempt(), 'loaded');
  const more = weights().slice(before);
  assert.equal(more.length, 2);
  assert.ok(more.reduce((sum, { bytes }) => sum + bytes, 0) < 5_000_000);
  await context.close();
});

test('a tab that is closed in the middle of a download goes on with it in another', { skip }, async () => {
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  // the first part comes, and the second for ever
  const waits = new Promise<void>((resolve) => {
    void page.route('**/model.safetensors', (route) => {
      if (route.request().headers().range === 'bytes=0-4194303') return route.continue();
      resolve();
      return undefined;
    });
  });
  await page.evaluate(() => {
    const loading = unmask.load('/models/stories/', { device: 'wasm' });
    void loading.then((model) => model.generate({ prompt: 'Tom', length: 1 })).catch(() => {});
  });
  await waits;
  await page.close();
  const before = pages.server.sent.length;
  const again = await pages.open(context);
  const text = await again.evaluate(async () => {
    const model = await unmask.load('/models/stories/', { device: 'wasm' });
    const generation = await model.generate({ prompt: 'Tom', length: 2, temperature: 0 });
    await model.close();
    return generation.text;
  });
  assert.match(text, /^Tom/);
  const asked = pages.server.sent.slice(before).filter(({ path }) => path.startsWith('/models/'));
  assert.ok(asked.length >= 2);
  for (const { path, range } of asked) {
    assert.equal(path, '/models/stories/model.safetensors');
    assert.notEqual(range, 'bytes=0-4194303');
  }
  await context.close();
});

test(
  'what only Node opens is refused by name: a GGUF file, an adapter; the way on works',
  { skip },
  async () => {
    await writeGguf(join(small, 'tiny.gguf'), await ggufOfReference('llada'));
    await quantize(join(small, 'tiny.gguf'), {
      weights: 'int8',
      out: join(small, 'of-gguf'),
      compare: false,
    });
    mkdirSync(join(small, 'adapter'));
    writeFileSync(join(small, 'adapter/adapter_config.json'), '{}');
    const here = await withModel(join(small, 'of-gguf'), async (model) => [
      ...(await model.generate({ length: 6, temperature: 0 })).tokens,
    ]);
    const page = await pages.open();
    const seen = await page.evaluate(async () => {
      const told = (promise: Promise<unknown>) =>
        promise.then(
          () => 'nothing',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      const model = await unmask.load('/small/of-gguf/', { device: 'wasm' });
      const { tokens } = await model.generate({ length: 6, temperature: 0 });
      await model.close();
      return {
        address: await told(unmask.load('/small/tiny.gguf')),
        chosen: await told(unmask.load([new File(['GGUF'], 'tiny.gguf')])),
        adapter: await told(unmask.load('/small/adapter/')),
        tokens: [...tokens],
      };
    });
    await page.close();
    const gguf =
      /^FileError: .*: expected a model directory with config\.json, found a GGUF file.*unmask quantize/;
    assert.match(seen.address, gguf);
    assert.match(seen.chosen, gguf);
    assert.match(
      seen.adapter,
      /^FileError: .*found an adapter \(LoRA\).*unmask merge MODEL ADAPTER DIRECTORY/,
    );
    assert.deepEqual(seen.tokens, here);
  },
);

test('a full storage is said, and the model works', { skip }, async () => {
  const context = await pages.browser.newContext();
  const page = await pages.open(context);
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(pages.server.url).origin,
    quotaSize: 2_000_000,
  });
  const { notes, text } = await page.evaluate(async () => {
    const said: string[] = [];
    const model = await unmask.load('/models/stories/', { device: 'wasm', note: (note) => said.push(note) });
    const generation = await model.generate({ prompt: 'Tom', length: 2, temperature: 0 });
    await model.close();
    return { notes: said, text: generation.text };
  });
  assert.match(text, /^Tom/);
  assert.equal(notes.length, 1);
  assert.match(notes[0], /storage is full/);
  await context.close();
});

test('files that are chosen, and a directory of the file system of the page', { skip }, async () => {
  const page = await pages.open();
  const texts = await page.evaluate(async () => {
    const names = [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ];
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle('stories', { create: true });
    const files = await Promise.all(
      names.map(async (name) => new File([await (await fetch(`/models/stories/${name}`)).blob()], name)),
    );
    for (const file of files) {
      const to = await (await directory.getFileHandle(file.name, { create: true })).createWritable();
      await to.write(file);
      await to.close();
    }
    const all: string[] = [];
    for (const place of [files, directory]) {
      const model = await unmask.load(place, { device: 'wasm' });
      all.push((await model.generate({ prompt: 'Tom', length: 4, temperature: 0 })).text);
      await model.close();
    }
    return all;
  });
  await page.close();
  const here = await withModel(shippedModels.stories, async (model) =>
    model.generate({ prompt: 'Tom', length: 4, temperature: 0 }),
  );
  assert.deepEqual(texts, [here.text, here.text]);
});

test('what goes wrong is one sentence: no model, no GPU, a worker that dies', { skip }, async () => {
  const page = await pages.open();
  const problems = await page.evaluate(async () => {
    const told = (promise: Promise<unknown>) =>
      promise.then(
        () => 'nothing',
        (error: Error) => error.message,
      );
    const workers: Worker[] = [];
    const worker = () => {
      workers.push(new Worker('worker.js', { type: 'module' }));
      return workers.at(-1) as never;
    };
    const none = await told(unmask.load('/models/'));
    const gpu = await told(unmask.load('/models/stories/', { device: 'webgpu' }));
    const auto = await unmask.load('/models/stories/', { worker });
    const waiting = told(auto.generate({ prompt: 'Tom', length: 64 }));
    setTimeout(() => workers[0].dispatchEvent(new ErrorEvent('error', { message: 'out of memory' })), 300);
    return { none, gpu, why: auto.device.why, died: await waiting, later: await told(auto.encode('a')) };
  });
  await page.close();
  assert.match(problems.none, /\/models: expected a model directory with config\.json, found no such file/);
  assert.match(problems.gpu, /^webgpu: (?:this browser has no WebGPU|WebGPU has no adapter here)/);
  assert.match(
    problems.why,
    /^(?:this browser has no WebGPU|WebGPU has no adapter here); the CPU has one thread/,
  );
  assert.match(problems.died, /^the worker of the model ended \(out of memory\): load the model again/);
  assert.equal(problems.later, problems.died);
});

test(
  'a GPU that is lost in the middle of a text is one sentence, and the model is loaded again',
  { skip, timeout: 300_000 },
  async () => {
    const page = await (await gpuPages()).open();
    const seen = await page.evaluate(async () => {
      // the device is destroyed on a word of the page
      const script = `import '${location.origin}/page/worker.js';
        const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...given) {
          const device = await request.apply(this, given);
          new BroadcastChannel('lose').addEventListener('message', () => device.destroy());
          return device;
        };`;
      const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
      const worker = () => new Worker(address, { type: 'module' }) as never;
      const told = (promise: Promise<unknown>) =>
        promise.then(
          () => 'nothing',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      const open = (device: 'webgpu' | 'auto') => unmask.load('/models/stories/', { device, worker });
      const model = await open('webgpu');
      let frames = 0;
      const onFrame = () => {
        frames += 1;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
        if (frames === 3) new BroadcastChannel('lose').postMessage('now');
      };
      const lost = await told(model.generate({ prompt: 'Tom', length: 64, onFrame }));
      const later = await told(model.logits([[1, 2, 3]]));
      await model.close();
      const again = await open('auto');
      const { text } = await again.generate({ prompt: 'Tom', length: 4, temperature: 0 });
      await again.close();
      return { lost, later, frames, text };
    });
    await page.close();
    assert.match(
      seen.lost,
      /^UnsupportedError: webgpu: the GPU was lost \(.+\): load the model again, or resume/,
    );
    assert.equal(seen.later, seen.lost);
    assert.ok(seen.frames < 60, `${seen.frames} frames`);
    assert.match(seen.text, /^Tom./);
  },
);

/** What a GPU may leave without an answer when it is opened. */
const hanging = {
  'that is looked for': ['GPU', 'requestAdapter'],
  'whose device is asked for': ['GPUAdapter', 'requestDevice'],
  'whose first numbers are asked for': ['GPUBuffer', 'mapAsync'],
} as const;

for (const [what, [type, call]] of Object.entries(hanging))
  test(
    `a GPU ${what} and that never answers is waited for no longer than is said, and the CPU computes`,
    { skip, timeout: 300_000 },
    async () => {
      const page = await (await gpuPages()).open();
      const seen = await page.evaluate(
        async ([owner, name]) => {
          const script = `import '${location.origin}/page/worker.js';
            const replace = (type, name, how) => Object.defineProperty(type.prototype, name, how);
            replace(${owner}, '${name}', { value: () => new Promise(() => {}) });
            replace(GPUAdapterInfo, 'architecture', { get: () => 'of hardware' });
            replace(GPUAdapterInfo, 'isFallbackAdapter', { get: () => false });`;
          const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
          const open = (device: 'webgpu' | 'auto') =>
            unmask.load('/models/stories/', {
              device,
              worker: () => new Worker(address, { type: 'module' }) as never,
              engine: { folder: '/engine/', answerMs: 4000 },
            });
          const asked = await open('webgpu').then(
            () => 'nothing',
            (error: Error) => `${error.name}: ${error.message}`,
          );
          const model = await open('auto');
          const { text } = await model.generate({ prompt: 'Tom', length: 4, temperature: 0 });
          await model.close();
          return { asked, why: model.device.why, text };
        },
        [type, call] as const,
      );
      await page.close();
      assert.match(
        seen.asked,
        /^UnsupportedError: webgpu: the GPU did not answer in 4 s; the CPU can be had with device: 'wasm'$/,
      );
      assert.match(seen.why, /^the GPU did not answer in 4 s; the CPU has one thread/);
      assert.match(seen.text, /^Tom./);
    },
  );

test('an isolated page has threads, and the same text', { skip }, async (t) => {
  const isolated = await startPages(t, {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cross-Origin-Resource-Policy': 'same-origin',
    },
  });
  const page = await isolated.open();
  const { text, why } = await page.evaluate(async () => {
    const model = await unmask.load('/models/stories/', {
      device: 'wasm',
      engine: { folder: '/engine/', threads: 2 },
    });
    const generation = await model.generate({ prompt: 'Tom', length: 4, temperature: 0 });
    await model.close();
    return { text: generation.text, why: model.device.why };
  });
  const here = await withModel(shippedModels.stories, async (model) =>
    model.generate({ prompt: 'Tom', length: 4, temperature: 0 }),
  );
  assert.equal(text, here.text);
  assert.match(why, /several threads/);
});
