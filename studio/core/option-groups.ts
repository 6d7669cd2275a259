import type { Field, JsonSchema } from './fields.ts';

/** Options that answer one question. */
export interface OptionGroup {
  readonly title: string;
  /** In this order; a schema may lack some. */
  readonly names: readonly string[];
}

/** The options of writing by the question that they answer. Those of the chosen strategy follow it. */
export const writingGroups: readonly OptionGroup[] = [
  {
    title: 'What',
    names: [
      'length',
      'temperature',
      'seed',
      'guidance',
      'grow',
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
    names: [
      'steps',
      'stepsPerBlock',
      'tokensPerStep',
      'blockLength',
      'blockCausal',
      'cache',
      'cacheRefresh',
      'reportCache',
    ],
  },
  { title: 'How sure', names: ['strategy', 'confidenceOf', 'topK', 'topP', 'minP', 'typicalP'] },
  {
    title: 'Rules',
    names: ['regex', 'jsonSchema', 'banned', 'frequencyPenalty', 'presencePenalty', 'repetitionPenalty'],
  },
];

/** Those of editing: what may change comes first. */
export const editingGroups: readonly OptionGroup[] = [
  { title: 'What may change', names: ['maxChange', 'threshold', 'stretch', 'passes', 'dryRun', 'seed'] },
  ...writingGroups.map(({ title, names }) => ({
    title: title === 'What' ? 'What is written' : title,
    names: names.filter((name) => name !== 'seed'),
  })),
];

/** The options of training. */
export const trainingGroups: readonly OptionGroup[] = [
  {
    title: 'Size and time',
    names: [
      'size',
      'steps',
      'epochs',
      'length',
      'batch',
      'accumulate',
      'learningRate',
      'seed',
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

/** A group with its fields. */
export interface FilledGroup {
  readonly title: string;
  readonly fields: readonly Field[];
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
    .map(({ title, names }, index) => ({
      title,
      fields: [
        ...names.flatMap((name) => {
          const field = fields.find((one) => one.name === name);
          return field ? [field, ...(behind[name] ?? [])] : [];
        }),
        ...(index === groups.length - 1 ? others : []),
      ],
    }))
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
  readonly values: Readonly<Record<string, unknown>>;
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

/**
 * How sure a token has to be that is kept at once, where that was measured to cost nothing, and at which temperature:
 * bench/RESULTS.md.
 */
const measured: Readonly<Record<string, { readonly tau: number; readonly temperature: number }>> = {
  stories: { tau: 0.35, temperature: 0.7 },
};
/** The threshold of Fast-dLLM (arXiv:2505.22618), for models that nobody measured here. */
const usualTau = 0.9;

/**
 * Ways of writing, from a model's own defaults: what it does by itself is the balanced one.
 *
 * @param model  its name: of those that ship it is known how fast they may write at no cost
 */
export function presetsFor(defaults: Readonly<Record<string, unknown>>, model = ''): Preset[] {
  const temperature = numberOr(defaults.temperature, 0);
  const found = measured[model];
  const tau = found?.tau ?? usualTau;
  return [
    {
      name: 'careful',
      says: 'less left to chance, the surest tokens first: plainer words',
      values: { temperature: Math.round(40 * temperature) / 100, strategy: 'low-confidence' },
    },
    { name: 'balanced', says: 'as the model says: nothing is set', values: {} },
    {
      name: 'fast',
      says: `keeps at once all that is at least ${100 * tau} % sure${found?.temperature === temperature ? ': measured to cost nothing' : ''}`,
      values: { strategy: 'threshold', tau },
    },
    {
      name: 'explore',
      says: 'positions in any order, and more left to chance: more surprises, less sense',
      values: { temperature: Math.max(1, Math.round(120 * temperature) / 100), strategy: 'random' },
    },
  ];
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
