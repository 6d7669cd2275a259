import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sizes } from '../sizes.ts';
import { freshParameters } from '../fresh-network.ts';
import { secondsAnUpdate } from '../speed-test.ts';
import { plannedFor } from './plan.ts';
import { resolveOptions } from './resolve-options.ts';
import { openRunDirectory, runDirectoryPlace } from './run-directory.ts';

const scratch = mkdtempSync(join(tmpdir(), 'unmask-plan-'));
after(() => rmSync(scratch, { recursive: true }));
const [short, long] = ['short.txt', 'long.txt'].map((name) => join(scratch, name));
writeFileSync(short, 'a cat sat. '.repeat(1000));
writeFileSync(long, 'a cat sat. '.repeat(100_000));

const plan = async (minutes: number, secondsOfNano: number, request = {}) => {
  const lines: string[] = [];
  const shapes: number[] = [];
  const planned = await plannedFor(
    minutes,
    { data: [long], out: join(scratch, 'new'), ...request },
    {
      note: (line) => void lines.push(line),
      signal: new AbortController().signal,
      clock: () => performance.now(),
      measure: async ({ width }) => {
        shapes.push(width);
        return secondsOfNano;
      },
    },
  );
  return { planned, lines, shapes };
};

test('the updates are as many as the time allows, with time for what comes between them', async () => {
  const { planned, lines } = await plan(5, 0.1);
  // 2,550 of masked diffusion: 716 as a causal model, which read the text four times, and blocks in the rest of the time
  assert.deepEqual([planned.size, planned.steps], ['nano', 716 + 1310]);
  assert.match(
    lines[1],
    /^about 5 min: 2,026 updates of 2,048 tokens, the first 716 autoregressive, which read 11 times the text/,
  );
  assert.ok(planned.sampleEvery! <= 430 && planned.validationEvery === 676);
  const options = resolveOptions(planned);
  assert.deepEqual([options.times, options.causalWarmup, options.steps], ['bell', 716, 2026]);
  assert.deepEqual([options.objective, options.block, options.wholeShare], ['block-diffusion', 4, 0.4]);
  const whole = (await plan(5, 0.1, { objective: 'masked-diffusion' })).planned;
  assert.deepEqual([whole.block, whole.causalWarmup, whole.steps], [undefined, 537, 2550]);
});

test('a faster machine or more time has a larger network, once that can read enough', async () => {
  const chosen = async (minutes: number, seconds: number) => (await plan(minutes, seconds)).planned.size;
  assert.equal(await chosen(5, 0.1), 'nano');
  assert.equal(await chosen(5, 1e-3), 'tiny');
  assert.equal(await chosen(600, 1e-3), 'base');
  // the rule, by hand: six tokens a parameter in 85 % of the time, whose price is that of nano by parameters
  const [nano, tiny] = [sizes.nano, sizes.tiny].map((size) => freshParameters(size));
  const price = (0.85 * 60) / ((6 * tiny * tiny * 0.1) / (2048 * nano));
  const minutes = 1 / price;
  assert.equal(await chosen(1.01 * minutes, 0.1), 'tiny');
  assert.equal(await chosen(0.99 * minutes, 0.1), 'nano');
});

test('what is asked for stays; a short text has few words; other objectives have their own recipe', async () => {
  const { planned, shapes } = await plan(5, 0.1, { size: 'tiny', batch: 8, data: [short], times: 'iid' });
  assert.deepEqual(shapes, [256]);
  assert.deepEqual([planned.size, planned.batch, planned.times], ['tiny', 8, 'iid']);
  assert.deepEqual([planned.vocabularySize, planned.steps], [512, 1825]);
  const causal = (await plan(5, 0.1, { objective: 'autoregressive' })).planned;
  assert.deepEqual([causal.times, causal.causalWarmup], [undefined, undefined]);
  assert.equal(
    (await plan(5, 0.1, { tokenizer: 'characters', data: [short] })).planned.vocabularySize,
    undefined,
  );
});

test('minutes beside a number of updates are refused, and a run that is there goes on as it was planned', async () => {
  await assert.rejects(plan(5, 0.1, { steps: 10 }), /minutes: .*cannot be beside --steps/);
  const out = join(scratch, 'begun');
  const { planned } = await plan(5, 0.1, { out });
  const { options } = await openRunDirectory(await runDirectoryPlace(planned), planned);
  assert.equal(planned.out, out);
  const again = (await plan(60, 0.1, { out, threads: 1 })).planned;
  assert.deepEqual(again, { resume: out, threads: 1 });
  assert.deepEqual((await openRunDirectory(out, again)).options, { ...options, threads: 1 });
  // whatever was asked for may be asked for again
  for (const [name, request] of Object.entries({
    causal: { objective: 'autoregressive' },
    letters: { tokenizer: 'characters' },
    constant: { schedule: 'constant' },
    blocks: { block: 8, wholeShare: 0.2 },
  } as const)) {
    const place = join(scratch, name);
    for (let time = 0; time < 2; time++) {
      const begun = (await plan(5, 0.1, { ...request, out: place })).planned;
      await openRunDirectory(await runDirectoryPlace(begun), begun);
    }
  }
  // another text, or another network, is another run
  for (const other of [{ data: [short] }, { objective: 'masked-diffusion' }] as const)
    await assert.rejects(
      plan(5, 0.1, { out, ...other }),
      /the run in .*begun has .*; give another --out, or --resume/,
    );
  mkdirSync(join(out, 'model'));
  const record = (step: number) =>
    writeFileSync(join(out, 'model', 'training.json'), JSON.stringify({ final: true, step }));
  record(10); // of a run that got more steps since
  assert.equal((await plan(60, 0.1, { out })).planned.resume, out);
  record(options.steps!);
  await assert.rejects(plan(60, 0.1, { out }), /out: .*begun has a run that is done; name another place/);
});

test('an update is timed on this machine', async () => {
  const shape = { layers: 1, width: 16, heads: 2, hidden: 24, vocabularySize: 32, length: 8, batch: 2 };
  const seconds = await secondsAnUpdate({ ...shape, threads: 1 }, { clock: () => performance.now() });
  assert.ok(seconds > 0 && seconds < 1);
});
