import { InvalidOptionError } from '../../base/errors.ts';
import { withoutAbsent } from '../../base/options.ts';
import {
  adapterDefaults,
  adapterPreferenceRate,
  answerDefaults,
  certaintyTimes,
  defaults,
  preferenceDefaults,
} from '../defaults.ts';
import {
  type FromNetwork,
  type RunSteps,
  type TrainingOptions,
  type TrainingRequest,
  trainingSchema,
} from '../options.ts';
import { sizes } from '../sizes.ts';

/**
 * The options of a new run: what was asked for, over what the size sets, over the defaults.
 *
 * @throws InvalidOptionError  where options contradict each other
 */
export function resolveOptions({ out: _out, resume: _resume, ...request }: TrainingRequest): TrainingOptions {
  if (!request.data)
    throw new InvalidOptionError('data', 'a new run needs text: name a file or a directory', undefined);
  const given = withoutAbsent(request);
  const tokenizer = request.from ?? defaults.tokenizer;
  const bySize = sizes[request.size ?? defaults.size];
  const byTask = request.certainty === undefined ? tasks[request.learn ?? defaults.learn] : certaintyTimes;
  const byWay = request.loraRank === undefined ? {} : adapterDefaultsFor(request);
  const merged = { ...defaults, ...bySize, ...byTask, ...byWay, tokenizer, ...given } as TrainingOptions;
  // the likelihood of a causal model is exact, at no time
  if (merged.objective === 'autoregressive' && request.timesPerAnswer === undefined)
    delete merged.timesPerAnswer;
  if (request.epochs === undefined && request.steps !== undefined) delete merged.epochs;
  else if (merged.epochs !== undefined && request.steps === undefined) delete merged.steps;
  if (request.from !== undefined)
    for (const key of ofNetwork) if (request[key] === undefined) delete merged[key];
  if (merged.objective === 'block-diffusion') merged.block ??= 16;
  if (merged.variableLength) merged.surplus ??= 8;
  merged.minimumRate ??= merged.learningRate / 10;
  if (merged.steps !== undefined) merged.warmup ??= usualWarmup(merged.steps);
  check(merged);
  // in the schema's order, however they were asked for, so that the record of a run is the same to the byte
  const keys = Object.keys(trainingSchema.shape).filter((key) => key in merged) as (keyof TrainingOptions)[];
  return Object.fromEntries(keys.map((key) => [key, merged[key]])) as TrainingOptions;
}

/** What is otherwise for what is learned. */
const tasks = { text: {}, answers: answerDefaults, preferences: preferenceDefaults };

const adapterDefaultsFor = ({ learn, loraRank = 1 }: TrainingRequest) => ({
  ...adapterDefaults,
  ...(learn === 'preferences' && { learningRate: adapterPreferenceRate }),
  loraAlpha: 2 * loraRank,
});

const ofNetwork: readonly FromNetwork[] = ['layers', 'width', 'heads', 'hidden', 'tied'];

const usualWarmup = (steps: number): number => Math.min(1000, Math.floor(steps / 20));

/**
 * The updates of a run, and of its warm-up.
 *
 * @param windows  of an epoch
 * @throws InvalidOptionError  where the warm-up is longer than the run
 */
export function stepsOfRun(
  { epochs = 1, batch, accumulate, ...options }: TrainingOptions,
  windows: number,
): RunSteps {
  const steps = options.steps ?? Math.max(1, Math.ceil((epochs * windows) / (batch * accumulate)));
  const warmup = options.warmup ?? usualWarmup(steps);
  if (warmup > steps)
    throw new InvalidOptionError('warmup', `must not be more than steps (${steps})`, warmup);
  return { steps, warmup };
}

function check(options: TrainingOptions): void {
  const { steps, epochs, warmup, learningRate, minimumRate } = options;
  checkHeads(options);
  checkObjective(options);
  if (options.learn !== 'text') checkAnswers(options);
  checkCertainty(options);
  checkPreferences(options);
  checkAdapter(options);
  if (steps !== undefined && epochs !== undefined)
    throw new InvalidOptionError('epochs', 'is given instead of steps, not beside them', epochs);
  if (steps !== undefined && warmup !== undefined && warmup > steps)
    throw new InvalidOptionError('warmup', `must not be more than steps (${steps})`, warmup);
  if (minimumRate > learningRate) {
    throw new InvalidOptionError(
      'minimumRate',
      `must not be more than the learning rate (${learningRate})`,
      minimumRate,
    );
  }
}

/** @throws InvalidOptionError  for what is for certainty alone, and for what is not for it */
function checkCertainty({ certainty, from, ...options }: TrainingOptions): void {
  if (certainty === undefined) {
    for (const key of ['certaintyBlock', 'guardData', 'guard'] as const)
      if (options[key] !== undefined) throw new InvalidOptionError(key, 'is for --certainty', options[key]);
    return;
  }
  if (from === undefined)
    throw new InvalidOptionError(
      'certainty',
      'needs the model whose texts they are: name it by --from',
      certainty,
    );
  if (options.learn !== 'text')
    throw new InvalidOptionError('learn', 'must be text beside --certainty', options.learn);
  for (const key of ['variableLength', 'complementary', 'anneal', 'loraRank'] as const)
    if (options[key]) throw new InvalidOptionError(key, 'is not for --certainty', options[key]);
  if (options.promptShare > 0)
    throw new InvalidOptionError('promptShare', 'is not for --certainty', options.promptShare);
  if (options.guard !== undefined && options.guardData === undefined)
    throw new InvalidOptionError('guard', 'is for --guard-data', options.guard);
}

function checkHeads({ width, heads, kvHeads = heads }: TrainingOptions): void {
  if (width === undefined || heads === undefined || kvHeads === undefined) return;
  if (width % heads !== 0) throw new InvalidOptionError('heads', `must divide width (${width})`, heads);
  if ((width / heads) % 2 !== 0)
    throw new InvalidOptionError(
      'heads',
      `must leave an even width for each head (width is ${width})`,
      heads,
    );
  if (heads % kvHeads !== 0) throw new InvalidOptionError('kvHeads', `must divide heads (${heads})`, kvHeads);
}

function checkAdapter({ loraRank, from, ...options }: TrainingOptions): void {
  if (loraRank === undefined) {
    for (const key of ['loraAlpha', 'loraTargets', 'weights'] as const)
      if (options[key] !== undefined) throw new InvalidOptionError(key, 'is for --lora-rank', options[key]);
    return;
  }
  if (options.optimizer === 'muon')
    throw new InvalidOptionError('optimizer', 'must be adamw for --lora-rank', options.optimizer);
  if (from === undefined)
    throw new InvalidOptionError('loraRank', 'needs a model to change: name it by --from', loraRank);
  for (const key of ['block', 'anneal', 'shiftedLogits', 'variableLength'] as const)
    if (options[key] !== undefined)
      throw new InvalidOptionError(
        key,
        'changes the model itself, and --lora-rank leaves it as it is',
        options[key],
      );
}

/** @throws InvalidOptionError  for what is for text alone */
function checkAnswers({ from, learn, ...options }: TrainingOptions): void {
  const text = { ...defaults, ...answerDefaults, separator: undefined, variableLength: undefined };
  if (from === undefined && learn === 'preferences')
    throw new InvalidOptionError(
      'learn',
      'needs a model, with whose likelihoods answers are compared: name it by --from',
      learn,
    );
  for (const key of [
    'packing',
    'field',
    'separator',
    'randomLengthShare',
    'promptShare',
    'variableLength',
  ] as const)
    if (options[key] !== text[key])
      throw new InvalidOptionError(key, 'is for text, not for the answers of conversations', options[key]);
}

/** @throws InvalidOptionError  for what decides how noise is drawn, and for what makes another model of that of --from */
function checkPreferences(options: TrainingOptions): void {
  const { learn, objective } = options;
  if (learn !== 'preferences') {
    for (const key of ['beta', 'timesPerAnswer'] as const)
      if (options[key] !== undefined)
        throw new InvalidOptionError(key, 'is for --learn preferences', options[key]);
    return;
  }
  if (objective === 'autoregressive' && options.timesPerAnswer !== undefined)
    throw new InvalidOptionError(
      'timesPerAnswer',
      'is for models that diffuse; the likelihood of a causal one is exact',
      options.timesPerAnswer,
    );
  const usual = { ...defaults, ...preferenceDefaults };
  for (const key of ['noise', 'eps', 'times', 'antithetic', 'complementary'] as const)
    if (options[key] !== usual[key])
      throw new InvalidOptionError(
        key,
        'is not for preferences: how many tokens of an answer are masked is spread evenly',
        options[key],
      );
  for (const key of ['anneal', 'shiftedLogits', 'blockWarmup', 'wholeShare'] as const)
    if (options[key] !== undefined)
      throw new InvalidOptionError(
        key,
        'makes another model of that of --from, with which preferences are compared',
        options[key],
      );
}

/** What only some objectives have a use for. */
export const objectivesUsing = {
  block: ['block-diffusion'],
  blockWarmup: ['block-diffusion'],
  wholeShare: ['block-diffusion'],
  causalWarmup: ['masked-diffusion', 'block-diffusion'],
  anneal: ['masked-diffusion'],
  shiftedLogits: ['masked-diffusion', 'block-diffusion'],
  variableLength: ['masked-diffusion'],
  certainty: ['masked-diffusion'],
  complementary: ['masked-diffusion'],
} as const;

function checkObjective(options: TrainingOptions): void {
  const { objective, from, anneal, causalWarmup, variableLength, surplus, length } = options;
  for (const key of Object.keys(objectivesUsing) as (keyof typeof objectivesUsing)[]) {
    const objectives: readonly string[] = objectivesUsing[key];
    if (options[key] !== undefined && options[key] !== false && !objectives.includes(objective))
      throw new InvalidOptionError(
        key,
        `is for ${objectives.join(' and ')}, not for ${objective}`,
        options[key],
      );
  }
  if (anneal !== undefined && from === undefined)
    throw new InvalidOptionError('anneal', 'needs a causal model to begin with: name it by --from', anneal);
  if (causalWarmup !== undefined && from !== undefined)
    throw new InvalidOptionError('causalWarmup', 'is for a model from nothing, not for --from', causalWarmup);
  if (causalWarmup !== undefined && options.shiftedLogits === false)
    throw new InvalidOptionError(
      'causalWarmup',
      'predicts each token at the position before it: leave out --no-shifted-logits',
      causalWarmup,
    );
  if (surplus === undefined) return;
  if (!variableLength) throw new InvalidOptionError('surplus', 'is for --variable-length', surplus);
  if (3 * surplus > length)
    throw new InvalidOptionError('surplus', `must be at most a third of the length (${length})`, surplus);
}
