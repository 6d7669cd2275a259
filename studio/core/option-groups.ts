import type { MeasuredPreset } from '../../src/model-files/presets.ts';
import { usualPresets } from '../../src/base/usual-presets.ts';
import type { Field, JsonSchema } from './fields.ts';

/** Options that answer one question. */
export interface OptionGroup {
  readonly title: string;
  /** In this order; a schema may lack some. */
  readonly names: readonly string[];
  /** So many of the names are always seen, the others once they are asked for. Default: all */
  readonly common?: number;
}

/** The options of writing by the question that they answer. Those of the chosen strategy follow it. */
export const writingGroups: readonly OptionGroup[] = [
  {
    title: 'What',
    common: 4,
    names: [
      'length',
      'steps',
      'temperature',
      'seed',
      'grow',
      'guidance',
      'stopEarly',
      'stopRepeating',
      'endless',
      'endLast',
      'complete',
      'expand',
    ],
  },
  {
    title: 'How fast',
    common: 3,
    names: [
      'tokensPerStep',
      'blockLength',
      'cache',
      'speculate',
      'stepsPerBlock',
      'blockCausal',
      'cacheRefresh',
      'reportCache',
    ],
  },
  {
    title: 'How sure',
    common: 2,
    names: ['strategy', 'revise', 'reviseThreshold', 'confidenceOf', 'topK', 'topP', 'minP', 'typicalP'],
  },
  {
    title: 'Rules',
    common: 3,
    names: ['regex', 'jsonSchema', 'frequencyPenalty', 'banned', 'presencePenalty', 'repetitionPenalty'],
  },
];

/** Those of editing: what may change comes first. */
export const editingGroups: readonly OptionGroup[] = [
  {
    title: 'What may change',
    common: 3,
    names: ['maxChange', 'threshold', 'seed', 'stretch', 'passes', 'dryRun'],
  },
  ...writingGroups.map((group) => ({
    ...group,
    title: group.title === 'What' ? 'What is written' : group.title,
    names: group.names.filter((name) => name !== 'seed'),
  })),
];

/** The options of training. */
export const trainingGroups: readonly OptionGroup[] = [
  {
    title: 'Size and time',
    common: 6,
    names: [
      'size',
      'steps',
      'length',
      'batch',
      'learningRate',
      'seed',
      'epochs',
      'accumulate',
      'threads',
      'device',
    ],
  },
  {
    title: 'Objective',
    names: [
      'noise',
      'eps',
      'times',
      'bellMean',
      'bellWidth',
      'antithetic',
      'complementary',
      'block',
      'blockWarmup',
      'wholeShare',
      'causalWarmup',
      'anneal',
      'shiftedLogits',
      'variableLength',
      'surplus',
      'beta',
      'timesPerAnswer',
      'certainty',
      'certaintyBlock',
      'guardData',
      'guard',
      'promptShare',
    ],
  },
  {
    title: 'Adapter',
    names: ['loraRank', 'loraAlpha', 'loraTargets', 'weights'],
  },
  {
    title: 'Text',
    names: [
      'tokenizer',
      'vocabularySize',
      'field',
      'separator',
      'packing',
      'randomLengthShare',
      'maximumBadShare',
      'validationShare',
    ],
  },
  { title: 'Network', names: ['layers', 'width', 'heads', 'kvHeads', 'hidden', 'tied', 'init', 'dtype'] },
  {
    title: 'Optimiser',
    names: [
      'schedule',
      'warmup',
      'decayShare',
      'minimumRate',
      'optimizer',
      'beta1',
      'beta2',
      'epsilon',
      'weightDecay',
      'clip',
      'ema',
    ],
  },
  {
    title: 'What is kept and measured',
    names: [
      'validationEvery',
      'validationWindows',
      'validationDraws',
      'sampleEvery',
      'checkpointEvery',
      'keep',
    ],
  },
];

/** A group with its fields: those that are always seen, and the others. */
export interface FilledGroup {
  readonly title: string;
  readonly fields: readonly Field[];
  readonly rarer: readonly Field[];
}

/**
 * Fields in groups, those that no group names in the last; empty groups are left out.
 *
 * @param behind  fields that follow one of them, by its name: those of the chosen strategy follow it
 */
export function fieldsInGroups(
  fields: readonly Field[],
  groups: readonly OptionGroup[],
  behind: Readonly<Record<string, readonly Field[]>> = {},
): FilledGroup[] {
  const named = new Set(groups.flatMap(({ names }) => names));
  const others = fields.filter(({ name }) => !named.has(name));
  return groups
    .map(({ title, names, common = names.length }, index) => {
      const filled = (some: readonly string[]): Field[] =>
        some.flatMap((name) => {
          const field = fields.find((one) => one.name === name);
          return field ? [field, ...(behind[name] ?? [])] : [];
        });
      const rest = index === groups.length - 1 ? others : [];
      const [seen, rarer] = [filled(names.slice(0, common)), [...filled(names.slice(common)), ...rest]];
      // a single one is not worth a click
      const isFolded = seen.length > 0 && rarer.length > 1;
      return isFolded ? { title, fields: seen, rarer } : { title, fields: [...seen, ...rarer], rarer: [] };
    })
    .filter((group) => group.fields.length > 0);
}

/** The options of each strategy, as the server tells them. */
export type StrategySchemas = Readonly<Record<string, JsonSchema>>;

/** All names of options that belong to some strategies and not to all. */
export const ownNames = (strategies: StrategySchemas): ReadonlySet<string> =>
  new Set(Object.values(strategies).flatMap(({ properties = {} }) => Object.keys(properties)));

/** Values without the options that a strategy has no use for. */
export function forStrategy(
  values: Readonly<Record<string, unknown>>,
  strategies: StrategySchemas,
  strategy: string,
): Readonly<Record<string, unknown>> {
  const all = ownNames(strategies);
  const own = strategies[strategy]?.properties ?? {};
  return Object.fromEntries(Object.entries(values).filter(([name]) => !all.has(name) || name in own));
}

/** Options that go together, for a purpose. */
export interface Preset {
  readonly name: string;
  readonly says: string;
  /** What was measured of it with this model; nothing where nobody measured it. */
  readonly measured?: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a way to write is for, by its name. */
function purposeOf(name: string, { tau }: Readonly<Record<string, unknown>>): string {
  if (name.startsWith('fast') && typeof tau === 'number')
    return `several at once: all that is at least ${Math.round(100 * tau)} % sure`;
  return purposes[name] ?? '';
}

const purposes: Readonly<Record<string, string>> = {
  careful: 'plainer words, fewer surprises',
  balanced: 'as the model is set by itself',
  'any order': 'the surest words first, two lines at a time',
  explore: 'more surprises, less sense',
};

/** Options that make no way to write: how much, from which seed. */
const besideWays: ReadonlySet<string> = new Set(['length', 'seed']);

/** The names of options that are set beside the length and the seed. */
export const setByHand = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.keys(values).filter((name) => !besideWays.has(name));

/** The way to write that options are: nothing beside it is set, whose effect nobody measured. */
export function presetOf(
  presets: readonly Preset[],
  options: Readonly<Record<string, unknown>>,
): Preset | undefined {
  const set = setByHand(options);
  return presets.find(
    ({ values }) =>
      set.length === Object.keys(values).length && set.every((name) => values[name] === options[name]),
  );
}

/** What is set once a way is chosen: it takes the place of all that presets set, and of what says how fast and how sure. */
export function withPreset(
  presets: readonly Preset[],
  { values }: Preset,
  options: Readonly<Record<string, unknown>>,
  strategies: StrategySchemas,
): Readonly<Record<string, unknown>> {
  const ways = new Set([
    'steps',
    ...presets.flatMap((preset) => Object.keys(preset.values)),
    ...writingGroups.filter(({ title }) => title.startsWith('How ')).flatMap(({ names }) => names),
    ...ownNames(strategies),
  ]);
  return { ...Object.fromEntries(Object.entries(options).filter(([name]) => !ways.has(name))), ...values };
}

/**
 * Ways of writing: those that were measured with a model, which its files tell; else the usual ones, from its defaults.
 *
 * @param length  tokens that are to be written
 */
export function presetsFor(
  defaults: Readonly<Record<string, unknown>>,
  measured: readonly MeasuredPreset[] = [],
  length: unknown = defaults.length,
): Preset[] {
  const ways = measured.length > 0 ? measured : usualPresets(defaults);
  return ways.map((way) => {
    const { blockLength, ...others } = way.options as MeasuredPreset['options'];
    // no block is longer than the text
    const block = typeof length === 'number' ? Math.min(blockLength ?? Infinity, length) : blockLength;
    const values = { ...others, ...(blockLength !== undefined && { blockLength: block }) };
    const says = purposeOf(way.name, values);
    return { name: way.name, says, values, ...('measured' in way && { measured: way.measured }) };
  });
}

/** What a strategy does, in a sentence. */
export const strategySentences: Readonly<Record<string, string>> = {
  'low-confidence': 'keeps the tokens that it is surest of, so many a step',
  margin: 'keeps those whose likeliest token is farthest ahead of the second',
  entropy: 'keeps those with the least entropy',
  'left-to-right': 'keeps the leftmost, as a causal model writes',
  random: 'keeps any, whatever it thinks of them',
  ancestral: 'keeps each by chance, with the probability of the noise schedule',
  'first-hitting': 'keeps one at a time, at the moment that the process would',
  threshold: 'keeps all that are sure enough, at least one: as fast as the text allows',
  factor: 'keeps the more, the surer all of them are',
  'entropy-bound': 'keeps tokens while their entropies add up to little',
  hierarchical: 'keeps the sure ones, and the surest of each run of masks',
  'threshold-or-count': 'keeps all that are sure, and at least as many as the plan says',
  editing: 'reveals what is sure, and changes what stands where another token is surer',
  'remdm-cap': 'masks some again, with a capped probability',
  'remdm-rescale': 'masks some again, with a rescaled probability',
  'remdm-confidence': 'masks again what it was least sure of',
  'remdm-loop': 'stands still at one noise level and masks again, to mend',
  renoising: 'for models of uniform noise: replaces what it is unsure of by other tokens',
};
