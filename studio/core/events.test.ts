import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf } from './events.ts';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('events come out whole, however the body was cut', async () => {
  const body = ': hello\n\ndata: {"a": 1}\n\ndata:{"b":"ü\\n"}\n\ndata: [DONE]\n\n';
  for (const size of [1, 2, 7, 1000])
    assert.deepEqual(await collect(eventsOf(pieces(body, size))), [{ a: 1 }, { b: 'ü\n' }]);
});

test('a stream that is cut short is told from one that ended', async () => {
  await assert.rejects(collect(eventsOf(pieces('data: {"a": 1}\n\n', 9))), /cut short/);
});
