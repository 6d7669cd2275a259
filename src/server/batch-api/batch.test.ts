import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { startFakeServer } from '../../../test/fake-server.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { type BatchOptions, type BatchOutcome, runBatch } from './batch.ts';
import type { BatchResult } from './results.ts';

const request = (custom_id: string, body: object, url = '/v1/completions') =>
  JSON.stringify({ custom_id, method: 'POST', url, body });

const requests = [
  request('a', { prompt: 'Once', length: 8, temperature: 1 }),
  '{"custom_id": "b", "method": "GET", "url": "/v1/models", "body": {}}',
  request('c', { prompt: 'Once', length: 0 }),
  '',
  request('d', { messages: [{ role: 'user', content: 'Once' }], length: 8 }, '/v1/chat/completions'),
  'no JSON',
  request('e', { text: 'Once upon a lime' }, '/unmask/doubts'),
  request('f', { parts: ['Once', { length: 2 }], seed: 4 }, '/unmask/infill'),
  request('g', { model: 'other', prompt: 'Once' }),
  request('h', { prompt: 'Once', stream: true }),
  request('i', {}, '/api/generate'),
  request('j', { input: 'Once', max_output_tokens: 8 }, '/v1/responses'),
];

async function prepare(t: TestContext, lines: readonly string[] = requests) {
  const folder = await temporaryFolder(t);
  const input = join(folder, 'in.jsonl');
  await writeFile(input, lines.join('\n'));
  const { service } = await startFakeServer(t, {
    story: () => modelThatKnows('Once upon a time there was a dog.'),
  });
  const run = (out: string, more: Partial<BatchOptions> = {}): Promise<BatchOutcome> =>
    runBatch(service, {
      input,
      out: join(folder, out),
      share: { index: 0, count: 1 },
      concurrency: 4,
      seed: 0,
      retryFailed: false,
      signal: new AbortController().signal,
      tell: () => {},
      ...more,
    });
  const results = (path: string): Promise<string> => readFile(path, 'utf8');
  return { folder, run, results };
}

const parsed = (text: string): BatchResult[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('each request has its result, in order, as OpenAI writes it; mistakes are those of their line', async (t) => {
  const { run, results } = await prepare(t);
  const { results: path, requests: count, done, failed, tokens } = await run('out');
  assert.deepEqual([count, done, failed], [11, 11, 6]);
  assert.ok(tokens > 10);
  const found = parsed(await results(path));
  assert.deepEqual(
    found.map(({ custom_id, response, error }) => [custom_id, response?.status_code ?? error?.message]),
    [
      ['a', 200],
      ['b', 'method: Invalid input: expected "POST"'],
      ['c', 400],
      ['d', 200],
      ['request 5', 'must be a JSON object'],
      ['e', 200],
      ['f', 200],
      ['g', 404],
      ['h', 'stream: must be absent or false in a batch'],
      ['i', 'url: must be a route below /v1 or /unmask that writes, not /api/generate'],
      ['j', 200],
    ],
  );
  assert.match(JSON.stringify(found[0]), /"object":"text_completion".*"usage"/);
});

test('shares one behind the other, other machines and what was cut short have the bytes of one run', async (t) => {
  const { run, results } = await prepare(t);
  const whole = await results((await run('whole')).results);
  const shares = [];
  for (const index of [0, 1, 2])
    shares.push(await results((await run('shares', { share: { index, count: 3 } })).results));
  assert.equal(shares.join(''), whole);
  const { results: path } = await run('cut', { concurrency: 1 });
  assert.equal(await results(path), whole);
  for (const bytes of [0, 10, 500, whole.length - 1]) {
    await writeFile(path, whole.slice(0, bytes));
    assert.equal((await run('cut')).done, 11);
    assert.equal(await results(path), whole, `${bytes}`);
  }
  await appendFile(path, '\0\0\0');
  await run('cut');
  assert.equal(await results(path), whole);
});

test('what has failed is asked for again, and nothing else', async (t) => {
  const { folder, run, results } = await prepare(t);
  const { results: path } = await run('out');
  const whole = await results(path);
  const lines = whole.split('\n');
  // as if the first had failed for want of a model, and the fourth were the work of another hand
  const first = JSON.parse(lines[0]);
  lines[0] = JSON.stringify({ ...first, response: { ...first.response, status_code: 503, body: {} } });
  lines[3] = lines[3].replace('"usage"', '"mine":true,"usage"');
  await writeFile(path, lines.join('\n'));
  await writeFile(join(folder, 'out', 'retry.jsonl'), '{"custom_id":"a",');
  const { failed } = await run('out', { retryFailed: true });
  assert.equal(failed, 6);
  lines[0] = whole.split('\n')[0];
  assert.equal(await results(path), lines.join('\n'));
});

test('another batch, or two lines of one name, are told in one sentence', async (t) => {
  const { run } = await prepare(t);
  await run('out');
  await assert.rejects(
    run('out', { seed: 1 }),
    /expected the batch that was begun here.*found "seed": 0; give another --out/,
  );
  const twice = await prepare(t, [requests[0], requests[0]]);
  await assert.rejects(
    twice.run('out'),
    /expected lines with a custom_id each, found "a" twice, again at request 2/,
  );
  await assert.rejects(twice.run('out', { input: 'nowhere' }), /nowhere: .* found nothing there/);
});

test('a batch that is called off keeps what it has', async (t) => {
  const { run, results } = await prepare(t);
  const stop = new AbortController();
  const tell = ({ done }: { done: number }): void =>
    done === 3 ? stop.abort(new Error('enough')) : undefined;
  await assert.rejects(run('out', { signal: stop.signal, tell, concurrency: 1 }), /enough/);
  const { results: path } = await run('out');
  assert.equal(await results(path), await results((await run('whole')).results));
});
