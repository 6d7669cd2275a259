import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz-server.ts';
import { inputs } from './inputs.ts';

const count = inputs({ all: 500, few: 150 });

test(`${count} requests that nobody sends on purpose: 200, 4xx or 503, and nothing is left running`, async (t) => {
  const statuses = await fuzz(t, count, 7);
  for (const status of [200, 400, 404]) assert.ok((statuses.get(status) ?? 0) > 0, `${status}`);
});
