import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz-server.ts';

test('500 requests that nobody sends on purpose: 200, 4xx or 503, and nothing is left running', async (t) => {
  const statuses = await fuzz(t, 500, 7);
  for (const status of [200, 400, 404]) assert.ok((statuses.get(status) ?? 0) > 0, `${status}`);
});
