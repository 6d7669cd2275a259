import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { samplingSchema } from '../../src/sampling/options.ts';
import { bySize, fieldsOf, type JsonSchema, valueOf } from './fields.ts';

const schema = z.toJSONSchema(samplingSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
const fields = fieldsOf(schema);
const field = (name: string) => fields.find((candidate) => candidate.name === name)!;

test('every option of sampling has a field with its help and a control', () => {
  assert.deepEqual(
    fields.map(({ name }) => name),
    Object.keys(samplingSchema.shape),
  );
  for (const { help, name } of fields) assert.ok(help.length > 5, name);
  assert.equal(field('strategy').control, 'choice');
  assert.ok(field('strategy').choices.includes('threshold'));
  assert.equal(field('endless').control, 'switch');
  assert.equal(field('jsonSchema').control, 'json');
  assert.equal(field('blockLength').label, 'block length');
});

test('defaults are said, whether the schema or the description has them', () => {
  assert.equal(field('temperature').byDefault, '0');
  assert.equal(field('blockLength').byDefault, 'one block');
  assert.ok(!field('blockLength').help.includes('['));
});

test('what is typed is a value, nothing, or a mistake that is said', () => {
  assert.equal(valueOf(field('steps'), '12'), 12);
  assert.equal(valueOf(field('steps'), ' '), undefined);
  assert.equal((valueOf(field('steps'), '1.5') as Error).message, 'steps must be a whole number');
  assert.equal((valueOf(field('steps'), '0') as Error).message, 'steps must be at least 1');
  assert.equal((valueOf(field('topP'), '0') as Error).message, 'top p must be more than 0');
  assert.ok(valueOf(field('jsonSchema'), '{') instanceof Error);
});

test('what a size sets is said as what it is', () => {
  const schema = {
    properties: { width: { description: 'width [set by size]' }, seed: { description: 'seed [0]' } },
  };
  const [width, seed] = fieldsOf(bySize(schema, { width: 128, seed: 3 }));
  assert.deepEqual([width.help, width.byDefault, seed.byDefault], ['width', '128', '0']);
  const [unknown] = fieldsOf(bySize(schema));
  assert.deepEqual([unknown.help, unknown.byDefault], ['width', '']);
});
