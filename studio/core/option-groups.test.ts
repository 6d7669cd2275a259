import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaOf, writingOptions } from '../../src/server/studio/writing-options.ts';
import { trainingSchema } from '../../src/training/options.ts';
import { strategyNames } from '../../src/sampling/strategy-table.ts';
import { fieldsOf, type JsonSchema } from './fields.ts';
import {
  editingGroups,
  forStrategy,
  fieldsInGroups,
  ownNames,
  presetOf,
  presetsFor,
  strategySentences,
  type StrategySchemas,
  trainingGroups,
  withPreset,
  writingGroups,
} from './option-groups.ts';

const told = writingOptions() as Readonly<Record<'sampling' | 'infill' | 'edit', JsonSchema>> & {
  readonly strategies: StrategySchemas;
};

test('every option of writing, editing and training has a group', () => {
  const own = ownNames(told.strategies);
  const training = schemaOf(
    trainingSchema.omit({ data: true, out: true, resume: true, from: true }),
  ) as JsonSchema;
  for (const [schema, groups, elsewhere] of [
    [told.sampling, writingGroups, own],
    [told.infill, writingGroups, own],
    [told.edit, editingGroups, own],
    [training, trainingGroups, new Set(['size', 'learn', 'objective'])],
  ] as const) {
    const named = new Set(groups.flatMap(({ names }) => names));
    const forgotten = Object.keys(schema.properties!).filter(
      (name) => !named.has(name) && !elsewhere.has(name),
    );
    assert.deepEqual(forgotten, []);
  }
});

test('a group has its fields in order, those of the strategy behind it, and what nobody names at the end', () => {
  const fields = fieldsOf({ properties: { c: {}, strategy: {}, a: {}, x: {} } });
  const [first, second] = fieldsInGroups(
    fields,
    [
      { title: 'one', names: ['a', 'strategy', 'none'] },
      { title: 'nothing', names: ['nothing'] },
      { title: 'two', names: ['c'] },
    ],
    { strategy: fieldsOf({ properties: { tau: {} } }) },
  );
  assert.deepEqual(
    first.fields.map(({ name }) => name),
    ['a', 'strategy', 'tau'],
  );
  assert.equal(second.title, 'two');
  assert.deepEqual(
    second.fields.map(({ name }) => name),
    ['c', 'x'],
  );
});

test('ways to write are those that were measured with a model, else the usual ones', () => {
  const namesOf = (presets: ReturnType<typeof presetsFor>) => presets.map(({ name }) => name);
  const usual = presetsFor({ temperature: 0.5 });
  assert.deepEqual(namesOf(usual), ['careful', 'balanced', 'fast', 'explore']);
  assert.deepEqual(usual[0].values, { temperature: 0.3 });
  assert.ok(usual.every(({ says, measured }) => says !== '' && measured === undefined));
  const wide = presetsFor({ temperature: 0.5, blockLength: 4, length: 240 }, [], 20)[2];
  assert.deepEqual([wide.name, wide.values], ['any order', { blockLength: 20 }]);
  // nothing is more careful than the surest token first and nothing left to chance
  assert.deepEqual(namesOf(presetsFor({})), ['balanced', 'fast', 'explore']);
  assert.deepEqual(presetsFor({ strategy: 'editing' })[0].values, { strategy: 'low-confidence' });
  const fast = { name: 'fast', options: { strategy: 'threshold', tau: 0.35 }, measured: 'x' } as const;
  assert.deepEqual(presetsFor({ temperature: 0.5 }, [fast]), [
    {
      name: 'fast',
      says: 'several at once: all that is at least 35 % sure',
      measured: 'x',
      values: fast.options,
    },
  ]);
});

test('a way to write is what is set, beside length and seed; it takes the place of what says how fast and how sure', () => {
  const ways = presetsFor({ temperature: 0.5 });
  const nameOf = (options: object) => presetOf(ways, { ...options })?.name;
  assert.equal(nameOf({ length: 9, seed: 1 }), 'balanced');
  assert.equal(nameOf({ length: 9, temperature: 0.3 }), 'careful');
  assert.equal(nameOf({ temperature: 0.3, steps: 4 }), undefined);
  assert.equal(nameOf({ temperature: 0.4 }), undefined);
  const set = {
    length: 9,
    temperature: 1,
    steps: 4,
    strategy: 'hierarchical',
    tauLow: 0.1,
    blockLength: 8,
    regex: 'a',
  };
  assert.deepEqual(withPreset(ways, ways[0], set, told.strategies), {
    length: 9,
    temperature: 0.3,
    regex: 'a',
  });
});

test('each strategy is told with its options and has a sentence; a preset has none that its strategy hasn’t', () => {
  assert.deepEqual(Object.keys(told.strategies).sort(), [...strategyNames].sort());
  assert.deepEqual(Object.keys(strategySentences).sort(), [...strategyNames].sort());
  assert.equal(told.strategies.threshold.properties!.tau.default, 0.9);
  for (const { values } of [
    ...presetsFor({ temperature: 0.7 }),
    ...presetsFor({}, [{ name: 'fast', options: { strategy: 'threshold', tau: 0.35 }, measured: 'x' }]),
  ])
    assert.deepEqual(
      forStrategy(values, told.strategies, String(values.strategy ?? 'low-confidence')),
      values,
    );
  assert.deepEqual(forStrategy({ tau: 0.5, eta: 1, length: 3 }, told.strategies, 'threshold'), {
    tau: 0.5,
    length: 3,
  });
});
