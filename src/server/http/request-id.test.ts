import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceOf } from './request-id.ts';

test('a request has the name that it came with, or a new one; what could spoil a log is no name', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const named = (headers: Record<string, string>) =>
    traceOf(
      (name) => headers[name],
      () => 'new',
    );
  assert.deepEqual(named({}), { request: 'new' });
  assert.deepEqual(named({ 'x-request-id': '7F00-1:a.b_c' }), { request: '7F00-1:a.b_c' });
  for (const bad of ['', 'a b', 'a\nb', '"', 'x'.repeat(129)])
    assert.deepEqual(named({ 'x-request-id': bad }), { request: 'new' });
  assert.deepEqual(named({ traceparent: `00-${trace}-b7ad6b7169203331-01` }), { request: 'new', trace });
  for (const bad of [`00-${trace}-b7ad6b7169203331`, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'x'])
    assert.deepEqual(named({ traceparent: bad }), { request: 'new' });
});
