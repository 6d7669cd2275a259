import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce, inTurns, type Pieces } from './pieces.ts';

function* counting(pieces: number, size: number): Pieces<number> {
  let done = 0;
  for (; done < pieces; done++) yield size;
  return done;
}

test('work in pieces is done at once, or lets others have their turn when much was done', async () => {
  assert.equal(atOnce(counting(5, 1e9)), 5);
  let turns = 0;
  const others = setImmediate(function count() {
    turns += 1;
    if (turns < 100) setImmediate(count);
  });
  assert.equal(await inTurns(counting(10, 1)), 10);
  assert.equal(turns, 0);
  assert.equal(await inTurns(counting(6, 2 ** 20)), 6);
  assert.ok(turns >= 2, `${turns}`);
  clearImmediate(others);
});
