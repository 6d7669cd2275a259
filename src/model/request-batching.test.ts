import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import type { NdArray } from '../base/array.ts';
import { batched } from './request-batching.ts';
import { llada } from './families/llada.ts';
import { initialParameters } from './initialise.ts';
import { joinKeyValues, keepPositions } from './key-values.ts';
import { type Network, openNetwork, type RowReduction } from './network.ts';

const config = {
  ...smallNetwork,
  layers: 2,
  width: 32,
  heads: 4,
  hidden: 48,
  vocabularySize: 20,
  maxLength: 16,
  qkvBias: false,
};

/** A network that tells how many sequences each of its forwards had. */
function counted(): { network: Network; sizes: number[] } {
  const parameters = initialParameters(config, llada.names, 3);
  const network = openNetwork(config, llada.names, { arrays: () => parameters });
  const sizes: number[] = [];
  return {
    sizes,
    network: {
      config,
      score: (...asked) => network.score(...asked),
      hidden: (...asked) => network.hidden(...asked),
      close: () => network.close(),
      logits(tokens, rows, options) {
        sizes.push(tokens.shape[0]);
        return network.logits(tokens, rows, options);
      },
      extend(tokens, rows, past, options) {
        sizes.push(tokens.shape[0]);
        return network.extend(tokens, rows, past, options);
      },
    },
  };
}

const one = (...ids: number[]): NdArray<Int32Array> => ({
  shape: [1, ids.length],
  data: Int32Array.from(ids),
});
const texts = [one(1, 2, 3, 4, 5), one(7, 8), one(9, 10, 11, 12, 13, 14, 15), one(3, 3, 3, 3, 3)];
const lastRows = (tokens: NdArray<Int32Array>): Int32Array => Int32Array.from([0, tokens.shape[1] - 1]);

function near(a: NdArray, b: NdArray): void {
  assert.deepEqual(a.shape, b.shape);
  for (const [index, value] of a.data.entries())
    assert.ok(Math.abs(value - b.data[index]) < 1e-5, `${value}, not ${b.data[index]}`);
}

test('forwards asked for at once are one forward, and each gets what it would get alone', async () => {
  const { network, sizes } = counted();
  const alone: NdArray[] = [];
  for (const tokens of texts) alone.push(await network.logits(tokens, lastRows(tokens)));
  sizes.length = 0;
  const together = batched(network);
  const results = await Promise.all(texts.map((tokens) => together.logits(tokens, lastRows(tokens))));
  assert.deepEqual(sizes, [4]);
  for (const [b, result] of results.entries()) near(result, alone[b]);
  await network.close();
});

test('so are those beside a past, whatever its length, and keys and values come back to their own', async () => {
  const { network, sizes } = counted();
  const rows = Int32Array.of(0);
  const pasts = [texts[0], undefined, texts[2]];
  const run = async (through: Network) => {
    const first = await Promise.all(pasts.map((past) => past && through.extend(past, rows, undefined)));
    const second = await Promise.all(
      first.map((past, b) => through.extend(texts[b + 1], rows, past?.present)),
    );
    return second;
  };
  const alone: Awaited<ReturnType<typeof run>> = [];
  for (const [b, past] of pasts.entries()) {
    const before = past && (await network.extend(past, rows, undefined));
    alone.push(await network.extend(texts[b + 1], rows, before?.present));
  }
  sizes.length = 0;
  for (const [b, { logits, present }] of (await run(batched(network))).entries()) {
    near(logits, alone[b].logits);
    assert.deepEqual(present.positions, alone[b].present.positions);
    for (const [i, { key, value }] of present.layers.entries()) {
      near(key, alone[b].present.layers[i].key);
      near(value, alone[b].present.layers[i].value);
    }
  }
  assert.deepEqual(sizes, [2, 3]);
  await network.close();
});

test('what is kept from one forward to the next reaches no other sequence', async () => {
  const { network } = counted();
  const together = batched(network);
  const rows = Int32Array.of(0);
  // each canvas computes its middle again, beside the rest, which isn't a beginning
  const run = async (through: Network, tokens: NdArray<Int32Array>) => {
    const [, L] = tokens.shape;
    const { present } = await through.extend(tokens, rows, undefined);
    const kept = keepPositions(present, (i) => i !== 1);
    const positions = { shape: [1, 1], data: Int32Array.of(1) };
    const again = await through.extend(one(tokens.data[1] + 1), rows, kept, { positions });
    const joined = joinKeyValues(kept, again.present);
    const next = { positions: { shape: [1, 1], data: Int32Array.of(L) } };
    return (await through.extend(one(6), rows, joined, next)).logits;
  };
  const alone: NdArray[] = [];
  for (const tokens of texts) alone.push(await run(network, tokens));
  // the longest first: what it leaves behind lies in the padding of the others
  near(await run(together, texts[2]), alone[2]);
  const results = await Promise.all(texts.map((tokens) => run(together, tokens)));
  for (const [b, result] of results.entries()) near(result, alone[b]);
  await network.close();
});

test('numbers that are none stay with the sequence that has them', async () => {
  const { network } = counted();
  const together = batched(network);
  const rows = Int32Array.of(0);
  // a kept end, so that keys and values are copied to where they are kept from one forward to the next
  const memoryOf = async (tokens: NdArray<Int32Array>) =>
    keepPositions((await network.extend(tokens, rows, undefined)).present, (i) => i > 0);
  const spoilt = await memoryOf(texts[2]);
  for (const { key, value } of spoilt.layers) for (const { data } of [key, value]) data.fill(NaN);
  await Promise.all([together.extend(texts[0], rows, spoilt), together.extend(texts[0], rows, spoilt)]);
  const others = [await memoryOf(texts[0]), await memoryOf(texts[2])];
  const results = await Promise.all(others.map((past) => together.extend(texts[3], rows, past)));
  for (const [b, { logits }] of results.entries())
    near(logits, (await network.extend(texts[3], rows, others[b])).logits);
  await network.close();
});

test('a mask of one does not reach the others', async () => {
  const { network } = counted();
  const sees = Uint8Array.from({ length: 25 }, (_, index) => Number(index % 5 <= Math.floor(index / 5)));
  const attentionMask = { shape: [1, 5, 5], data: sees };
  const rows = Int32Array.of(0, 1);
  const alone = [
    await network.logits(texts[0], rows, { attentionMask }),
    await network.logits(texts[3], rows),
  ];
  const together = batched(network);
  near(
    (
      await Promise.all([together.logits(texts[0], rows, { attentionMask }), together.logits(texts[3], rows)])
    )[0],
    alone[0],
  );
  near(
    (
      await Promise.all([together.logits(texts[0], rows, { attentionMask }), together.logits(texts[3], rows)])
    )[1],
    alone[1],
  );
  await network.close();
});

test('no more share a forward than the limit, and other reductions run apart', async () => {
  const { network, sizes } = counted();
  const asked = (through: Network, reduce?: RowReduction) =>
    texts.map((tokens) => through.logits(tokens, lastRows(tokens), { reduce }));
  await Promise.all(asked(batched(network, 3)));
  assert.deepEqual(sizes.splice(0), [3, 1]);
  const first: RowReduction = { name: 'same', feeds: {}, apply: (logits) => logits };
  const through = batched(network);
  await Promise.all([...asked(through), ...asked(through, first), ...asked(through, { ...first })]);
  assert.deepEqual(sizes, [4, 4, 4]);
  await network.close();
});

test('a whole canvas and a block of one do not share a forward', async () => {
  const { network, sizes } = counted();
  const together = batched(network);
  const [whole, block] = [16, 3].map((length) => ({
    shape: [1, length],
    data: Int32Array.from({ length }, (_, i) => i % 8),
  }));
  const asked = [whole, block, block, whole].map((tokens) => together.logits(tokens, lastRows(tokens)));
  for (const [i, result] of (await Promise.all(asked)).entries()) {
    const tokens = [whole, block, block, whole][i];
    near(result, await network.logits(tokens, lastRows(tokens)));
  }
  assert.deepEqual(sizes.slice(0, 2), [2, 2]);
  await network.close();
});

test('who gives up is told so, and the others get their answer', async () => {
  const { network } = counted();
  const together = batched(network);
  const controller = new AbortController();
  const given = together.logits(texts[0], lastRows(texts[0]), { signal: controller.signal });
  const others = together.logits(texts[1], lastRows(texts[1]));
  controller.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  near(await others, await network.logits(texts[1], lastRows(texts[1])));
  await network.close();
});

test('a forward that fails fails for all in it, and the next works', async () => {
  const { network } = counted();
  let failing = true;
  const flaky: Network = {
    ...network,
    logits: (tokens, rows, options) =>
      failing ? Promise.reject(new Error('device lost')) : network.logits(tokens, rows, options),
  };
  const together = batched(flaky);
  const ask = () => texts.map((tokens) => together.logits(tokens, lastRows(tokens)));
  for (const result of await Promise.allSettled(ask())) assert.equal(result.status, 'rejected');
  failing = false;
  for (const result of await Promise.allSettled(ask())) assert.equal(result.status, 'fulfilled');
  await network.close();
});
