import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { flagsOf, parseOptions } from './flags.ts';

const schema = z.strictObject({
  length: z.int().min(1).default(16).describe('tokens to write'),
  blockLength: z.int().min(1).optional(),
  temperature: z.number().min(0).max(2).default(0),
  strategy: z.enum(['low-confidence', 'random']).default('low-confidence'),
  json: z.boolean().default(false),
  color: z.boolean().default(true),
  data: z.array(z.string()).default([]),
  seed: z.union([z.int(), z.literal('random')]).optional(),
});
const parse = (...args: string[]) => parseOptions(schema, args).options;
const refused = (args: string[], message: RegExp) => assert.throws(() => parse(...args), { message });

test('a schema becomes flags in kebab-case with kind, choices and default', () => {
  const flags = Object.fromEntries(flagsOf(schema).map((flag) => [flag.name, flag]));
  assert.deepEqual(Object.keys(flags), [
    'length',
    'block-length',
    'temperature',
    'strategy',
    'json',
    'color',
    'data',
    'seed',
  ]);
  assert.deepEqual(flags.strategy.choices, ['low-confidence', 'random']);
  assert.equal(flags.length.defaultValue, 16);
  assert.equal(flags.json.kind, 'boolean');
  assert.equal(flags.seed.kind, 'number or string');
  assert.ok(flags.data.repeatable && !flags.length.repeatable);
});

test('nothing on the command line gives the defaults of the schema', () => {
  assert.deepEqual(parse(), {
    length: 16,
    temperature: 0,
    strategy: 'low-confidence',
    json: false,
    color: true,
    data: [],
  });
});

test('numbers, switches, lists and choices are read from their flags', () => {
  const options = parse(
    '--length=8',
    '--block-length',
    '4',
    '--temperature',
    '1e-1',
    '--json',
    '--no-color',
    '--data',
    'a',
    '--data',
    'b',
  );
  assert.equal(options.length, 8);
  assert.equal(options.blockLength, 4);
  assert.equal(options.temperature, 0.1);
  assert.equal(options.json, true);
  assert.equal(options.color, false);
  assert.deepEqual(options.data, ['a', 'b']);
  assert.equal(parse('--json=false').json, false);
  assert.equal(parse('--seed', '7').seed, 7);
  assert.equal(parse('--seed', 'random').seed, 'random');
});

test('numbers are decimal numbers and nothing else', () => {
  for (const text of ['', ' ', '0x10', '1_000', '12abc', 'NaN', 'Infinity', '1,5', '--', '٣']) {
    assert.throws(() => parse(`--length=${text}`), {
      name: 'InvalidOptionError',
      message: /^length: must be a number, got /,
    });
  }
});

test('a value that the schema refuses is a sentence about the flag', () => {
  refused(['--length', '0'], /^length: must be at least 1, got 0$/);
  refused(['--length', '1.5'], /^length: must be a whole number, got 1\.5$/);
  refused(['--temperature', '-1'], /^temperature: must be at least 0, got -1$/);
  refused(['--temperature', '3'], /^temperature: must be at most 2, got 3$/);
  refused(
    ['--strategy', 'randm'],
    /^strategy: must be one of low-confidence, random \(did you mean random\?\), got "randm"$/,
  );
});

test('an unknown flag suggests the nearest name', () => {
  refused(['--blok-length', '4'], /^unknown option --blok-length; did you mean --block-length\?$/);
  refused(['--temp', '4'], /^unknown option --temp; did you mean --temperature\?$/);
  refused(['--no-jsn'], /^unknown option --no-jsn; see --help$/);
  refused(['--xyzzy'], /^unknown option --xyzzy; see --help$/);
  refused(['--no-length'], /^unknown option --no-length/);
  refused(['-q'], /^unknown option -q/);
});

test('a flag without its value is an error, and another flag is no value', () => {
  refused(['--length'], /^--length needs a value$/);
  refused(
    ['--strategy', '--json'],
    /^--strategy needs a value \(for a value that begins with a dash: --strategy=--json\)$/,
  );
  refused(['--json=yes'], /^json: is a switch and takes no value, got "yes"$/);
});

test('words without a flag go to the positional options, the rest to a list', () => {
  const withPath = z.strictObject({
    path: z.string().describe('a model'),
    data: z.array(z.string()).default([]),
  });
  assert.deepEqual(parseOptions(withPath, ['m', 'a', 'b'], ['path', 'data']).options, {
    path: 'm',
    data: ['a', 'b'],
  });
  assert.deepEqual(parseOptions(withPath, ['--', '--m'], ['path', 'data']).options, {
    path: '--m',
    data: [],
  });
  assert.throws(() => parseOptions(withPath, [], ['path', 'data']), {
    name: 'UsageError',
    message: '--path is needed: a model',
  });
  // a word is never given up for a flag, nor a flag for a word
  assert.deepEqual(parseOptions(withPath, ['--path=m', 'a', '--data=b'], ['path', 'data']).options, {
    path: 'm',
    data: ['b', 'a'],
  });
  assert.throws(() => parseOptions(withPath, ['a', '--path=m'], ['path']), {
    name: 'UsageError',
    message: 'unexpected "a"; --path is given already',
  });
  assert.throws(() => parse('word'), { name: 'UsageError', message: /^unexpected "word"/ });
});

test('an option that depends on another is checked by the schema itself', () => {
  const checked = z
    .strictObject({ length: z.int(), blockLength: z.int() })
    .refine(({ length, blockLength }) => length % blockLength === 0, {
      path: ['blockLength'],
      error: 'must divide length',
    });
  assert.throws(() => parseOptions(checked, ['--length', '8', '--block-length', '3']), {
    message: 'blockLength: must divide length, got 3',
  });
});

test('what the command line names is told apart from what has its default', () => {
  assert.deepEqual([...parseOptions(schema, ['--length', '16', '--no-json']).given], ['length', 'json']);
  assert.equal(parseOptions(schema, []).given.size, 0);
});
