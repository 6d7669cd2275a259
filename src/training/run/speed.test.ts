import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Speed } from './speed.ts';

test('speed and time left are those of the latest fifty updates, by the seconds that updates took', () => {
  const speed = new Speed();
  speed.add({ step: 0, tokens: 0, seconds: 0 });
  assert.equal(speed.tokensPerSecond, undefined);
  speed.add({ step: 1, tokens: 100, seconds: 2 });
  assert.equal(speed.tokensPerSecond, 50);
  assert.equal(speed.secondsUntil(11), 20);
  for (let n = 1; n <= 60; n++) speed.add({ step: 1 + n, tokens: 100 + 100 * n, seconds: 2 + n });
  assert.equal(speed.tokensPerSecond, 100);
  assert.equal(speed.secondsUntil(61), 0);
});
