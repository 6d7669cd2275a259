import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { InvalidOptionError } from './errors.ts';
import { checkOptions } from './options.ts';

test('what a limit is of is said, and a sentence of the schema goes before', () => {
  const schema = z.strictObject({
    names: z.array(z.string()).min(1).max(2).optional(),
    text: z.string().min(2).max(3).optional(),
    tools: z.array(z.unknown()).max(0, 'must be absent: functions are not called').optional(),
    rate: z.number().gt(0).lt(1).optional(),
    count: z.int().min(1).max(9).optional(),
    kept: z.null({ error: 'must be absent: nothing is kept' }).optional(),
    options: z.object({ seed: z.int().min(-1), more: z.object({}).optional() }).optional(),
  });
  const cases: [object, RegExp][] = [
    [{ names: [] }, /^names: must have at least 1 values, got \[\]$/],
    [{ names: ['a', 'b', 'c'] }, /^names: must have at most 2 values/],
    [{ text: 'a' }, /^text: must have at least 2 characters/],
    [{ text: 'abcd' }, /^text: must have at most 3 characters/],
    [{ tools: [1] }, /^tools: must be absent: functions are not called/],
    [{ rate: 0 }, /^rate: must be more than 0/],
    [{ rate: 1 }, /^rate: must be less than 1/],
    [{ count: 0 }, /^count: must be at least 1/],
    [{ count: 10 }, /^count: must be at most 9/],
    [{ kept: 'x' }, /^kept: must be absent: nothing is kept/],
    [{ options: { seed: -2 } }, /^options\.seed: must be at least -1/],
    [{ options: { seed: 'x' } }, /^options\.seed: must be a number/],
    [{ options: { seed: 1, more: 2 } }, /^options\.more: must be an object/],
    [{ names: ['a', 2] }, /^names: must be a string/],
  ];
  for (const [values, message] of cases)
    assert.throws(
      () => checkOptions(schema, values),
      (error: unknown) => error instanceof InvalidOptionError && message.test(error.message),
      JSON.stringify(values),
    );
});
