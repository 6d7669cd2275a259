import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReference, referencePath } from '../../test/reference.ts';
import type { NdArray } from '../base/array.ts';
import { openSafetensors, readFloats, readRaw } from '../checkpoint/safetensors.ts';
import { countPositions, joinKeyValues, keepPositions, type KeyValues } from './key-values.ts';
import type { Network } from './network.ts';
import { openModel } from './open.ts';

// Forwards that look at positions of an earlier forward, against what the models' own code recorded of its caches.

const row = (ids: readonly number[]): NdArray<Int32Array> => ({
  shape: [1, ids.length],
  data: Int32Array.from(ids),
});
const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);

function near(actual: NdArray, expected: ArrayLike<number>, title: string): void {
  assert.equal(actual.data.length, expected.length, title);
  for (const [index, value] of actual.data.entries())
    assert.ok(Math.abs(value - expected[index]) <= 2e-4, `${title}: ${value}, not ${expected[index]}`);
}

/** A forward over some positions of a sequence, with a mask over those of the past and then its own. */
function at(
  network: Network,
  ids: readonly number[],
  positions: readonly number[],
  past?: KeyValues,
  sees?: (query: number, key: number) => boolean,
) {
  const keys = [...(past?.positions.data ?? []), ...positions];
  const data = Uint8Array.from(
    positions.flatMap((query) => keys.map((key) => Number(sees?.(query, key) ?? true))),
  );
  return network.extend(row(positions.map((i) => ids[i])), rowsOf(positions.length), past, {
    positions: row(positions),
    attentionMask: sees && { shape: [1, positions.length, keys.length], data },
  });
}

for (const family of ['llada', 'dream']) {
  test(`${family}: logits beside a frozen prefix, and beside a frozen everything else, are the recorded ones`, async () => {
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const {
      cache: { x, x2, block_start, block_end },
    } = readReference<{
      cache: { x: number[][]; x2: number[][]; block_start: number; block_end: number };
    }>(family);
    const expect = async (given: NdArray, name: string) =>
      near(given, (await readFloats(recorded, `cache.${name}`)).data, name);
    const all = range(0, x[0].length);
    const full = await at(network, x[0], all);
    await expect(full.logits, 'full_logits');

    const prefix = keepPositions(full.present, (i) => i < block_start);
    const suffix = range(block_start, x[0].length);
    await expect((await at(network, x2[0], suffix, prefix)).logits, 'prefix_suffix_logits');

    const others = keepPositions(full.present, (i) => i < block_start || i >= block_end);
    const block = range(block_start, block_end);
    await expect((await at(network, x2[0], block, others)).logits, 'dual_block_logits');
    await network.close();
  });
}

for (const family of ['llada2', 'llada21']) {
  test(`${family}: the last block beside the blocks before it is as recorded`, async () => {
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const { cache, forward } = readReference<{
      cache: { prefill_len: number; block_length: number };
      forward: Record<string, { input_ids: number[][] }>;
    }>(family);
    const [ids] = forward.block_causal_b1.input_ids;
    const N = cache.block_length;
    const sees = (query: number, key: number) => Math.floor(key / N) <= Math.floor(query / N);
    const before = await at(network, ids, range(0, cache.prefill_len), undefined, sees);
    near(before.logits, (await readFloats(recorded, 'cache.prefill_logits')).data, 'prefill');
    const last = await at(network, ids, range(cache.prefill_len, ids.length), before.present, sees);
    near(last.logits, (await readFloats(recorded, 'cache.block_logits')).data, 'block');
    await network.close();
  });
}

for (const family of ['llama', 'qwen2']) {
  test(`${family}: one token after another beside all before them is as recorded`, async () => {
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const { cache, forward } = readReference<{
      cache: { prefill: number };
      forward: Record<string, { input_ids: number[][] }>;
    }>(family);
    const { data: expected } = await readFloats(recorded, 'cache.incremental_logits');
    const { input_ids } = forward.plain_b2;
    const perRow = expected.length / input_ids.length;
    for (const [b, ids] of input_ids.entries()) {
      let { logits, present } = await at(network, ids, range(0, cache.prefill));
      const seen = [...logits.data];
      for (let i = cache.prefill; i < ids.length; i++) {
        const next = await at(network, ids, [i], present);
        seen.push(...next.logits.data);
        present = joinKeyValues(present, next.present);
      }
      const title = `row ${b}`;
      near(
        { shape: [perRow], data: Float32Array.from(seen) },
        expected.subarray(b * perRow, (b + 1) * perRow),
        title,
      );
    }
    await network.close();
  });
}

for (const family of ['a2d_llama', 'a2d_qwen2', 'a2d_qwen3']) {
  test(`${family}: blocks beside cached ones, in a batch with padding, are as recorded`, async () => {
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const { cache, forward, special_ids } = readReference<{
      cache: { prefix_len: number; block_size: number };
      forward: Record<string, { input_ids: number[][]; position_ids: number[][]; attention_mask: string }>;
      special_ids: { pad: number };
    }>(family);
    const { input_ids, position_ids, attention_mask } = forward.bd3lm_block4_b2;
    const mask = await readRaw(recorded, attention_mask);
    const [B, L] = [input_ids.length, input_ids[0].length];
    const P = cache.prefix_len;
    const part = (start: number, end: number, past?: KeyValues) => {
      const l = end - start;
      const cut = (rows: number[][]): NdArray<Int32Array> => ({
        shape: [B, l],
        data: Int32Array.from(rows.flatMap((ids) => ids.slice(start, end))),
      });
      // the recorded mask is [B, 1, L, L]
      const data = Uint8Array.from(
        range(0, B).flatMap((b) =>
          range(start, end).flatMap((q) => [...mask.subarray((b * L + q) * L, (b * L + q) * L + end)]),
        ),
      );
      return network.extend(cut(input_ids), rowsOf(B * l), past, {
        positions: cut(position_ids),
        attentionMask: { shape: [B, l, end], data },
      });
    };
    const compare = async (given: NdArray, name: string, start: number, end: number) => {
      const { data: expected } = await readFloats(recorded, `cache.${name}`);
      const V = network.config.vocabularySize;
      for (let b = 0; b < B; b++) {
        for (let i = start; i < end; i++) {
          if (input_ids[b][i] === special_ids.pad) continue;
          const from = (b * (end - start) + i - start) * V;
          const logits = { shape: [V], data: given.data.subarray(from, from + V) };
          near(logits, expected.subarray(from, from + V), `${name}, row ${b}, position ${i}`);
        }
      }
    };
    const before = await part(0, P);
    await compare(before.logits, 'prefix_logits', 0, P);
    const { shape } = await readFloats(recorded, 'cache.block_logits');
    const end = P + shape[1];
    await compare((await part(P, end, before.present)).logits, 'block_logits', P, end);
    await network.close();
  });
}

/** Keys and values of one layer with two heads, in which each number tells its position and its head. */
function telling(positions: readonly number[], factor = 1): KeyValues {
  const data = (sign: number) =>
    Float32Array.from([1, 10].flatMap((head) => positions.map((i) => sign * head * factor * i)));
  const shape = [1, 2, positions.length, 1];
  return {
    positions: row(positions),
    layers: [{ key: { shape, data: data(1) }, value: { shape, data: data(-1) } }],
  };
}

/** What a network would see: each position with its keys and values. */
function seen({ positions, layers: [{ key, value }] }: KeyValues) {
  const [columns] = positions.shape.slice(1);
  for (const { shape } of [key, value]) assert.deepEqual(shape, [1, 2, columns, 1]);
  const ofHeads = ({ data }: NdArray, c: number) => [data[c], data[columns + c]];
  const found = [...positions.data.entries()].filter(([, i]) => i >= 0);
  return new Map(
    found.map(([c, i]) => [i, [ofHeads(key, c), ofHeads(value, c)]] as const).sort(([i], [j]) => i - j),
  );
}

test('what is computed anew takes the place of what was forgotten, and nothing else moves', () => {
  const all = telling([0, 1, 2, 3, 4, 5]);
  const { buffer } = all.layers[0].key.data;
  const kept = keepPositions(all, (i) => i < 2 || i >= 4);
  assert.deepEqual(seen(kept), seen(telling([0, 1, 4, 5])));
  assert.equal(countPositions(kept), 4);
  const joined = joinKeyValues(kept, telling([2, 3], 10));
  assert.equal(joined.layers[0].key.data.buffer, buffer);
  assert.deepEqual([...joined.positions.data], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    seen(joined),
    new Map([...seen(telling([0, 1])), ...seen(telling([2, 3], 10)), ...seen(telling([4, 5]))]),
  );
});

test('where there is no room for more, there is some to spare afterwards', () => {
  let memory = telling([0, 1]);
  const rooms = new Set<number>();
  for (let i = 2; i < 1000; i++) {
    memory = joinKeyValues(memory, telling([i]));
    rooms.add(memory.positions.shape[1]);
  }
  const all = Array.from({ length: 1000 }, (_, i) => i);
  assert.deepEqual(seen(memory), seen(telling(all)));
  assert.ok(rooms.size < 16 && Math.max(...rooms) < 1.2 * 1000, [...rooms].join());
  const few = keepPositions(memory, (i) => i % 3 === 0);
  const others = telling(all.filter((i) => i % 3 !== 0));
  assert.deepEqual(seen(joinKeyValues(few, others)), seen(telling(all)));
});
