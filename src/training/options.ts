// by this form bundlers that split code leave out of zod what isn't used
import * as z from 'zod';
import { keysOf } from '../base/options.ts';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { bellDefaults, timeSamplers } from '../diffusion/times.ts';
import { adapterTargets } from '../model/adapter.ts';
import { initialisations } from '../model/initialise.ts';
import { devices } from '../runtime/device.ts';
import { certaintyDefaults, defaults, preferenceDefaults } from './defaults.ts';
import { rates } from './learning-rate.ts';
import { sizes } from './sizes.ts';

const count = z.number().int().min(1);
/** What is counted up to a number that no run on one machine has a use for; memory is looked at for itself. */
const atMost = (most: number) => count.max(most);
const share = z.number().min(0).max(1);

const bySize = (text: string) => `${text} [set by size]`;
const or = (key: keyof typeof defaults, text: string) => `${text} [${String(defaults[key])}]`;

/**
 * What a person may ask of a training run: the flags of `unmask train`, its help and the studio's form are made from it.
 * Nothing has a default here, because absent means "as the size or the resumed run says"; `resolveOptions` fills the gaps.
 */
export const trainingSchema = z.strictObject({
  data: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('text to learn: .txt, .jsonl, either as .gz, or directories of them'),
  out: z
    .string()
    .min(1)
    .optional()
    .describe('run directory; continues the run that is there [runs/SIZE-SEED]'),
  resume: z
    .string()
    .min(1)
    .optional()
    .describe('run directory to continue with the options it was started with'),

  from: z
    .string()
    .min(1)
    .optional()
    .describe(
      'model whose network, weights and tokenizer the run begins with; a causal one becomes a mask predictor [random weights]',
    ),

  anneal: count
    .optional()
    .describe(
      'for --from a causal model: updates over which its attention mask is annealed to full attention [at once]',
    ),
  shiftedLogits: z
    .boolean()
    .optional()
    .describe('predict each token at the position before it [as the model of --from does; else not]'),

  size: z
    .enum(keysOf(sizes))
    .optional()
    .describe(or('size', 'the dial that sets the network, the batch, the steps and the rate')),
  layers: atMost(512).optional().describe(bySize('transformer layers')),
  width: atMost(2 ** 16)
    .optional()
    .describe(bySize('width of the residual stream')),
  heads: atMost(1024).optional().describe(bySize('attention heads; divides width')),
  kvHeads: atMost(1024).optional().describe('heads of keys and values; divides heads [as many as heads]'),
  hidden: atMost(2 ** 20)
    .optional()
    .describe(bySize('inner width of SwiGLU')),
  tied: z.boolean().optional().describe(or('tied', 'one matrix for the embedding and the output')),
  init: z.enum(keysOf(initialisations)).optional().describe(or('init', 'initialisation of the weights')),
  length: atMost(2 ** 20)
    .optional()
    .describe(bySize('tokens of a window')),

  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe(or('tokenizer', "'bpe' or 'characters', made from the data, or a directory that has one")),
  vocabularySize: z
    .number()
    .int()
    .min(258)
    .max(2 ** 20)
    .optional()
    .describe(bySize('tokens of the byte-level BPE, special ones included')),
  field: z.string().min(1).optional().describe(or('field', 'the field of a .jsonl row that holds the text')),
  separator: z
    .string()
    .min(1)
    .optional()
    .describe('what stands between the documents of a .txt file [a file is one document]'),
  packing: z
    .enum(['document', 'stream'])
    .optional()
    .describe(or('packing', 'document: no window crosses into another text; stream: cut one long text')),
  randomLengthShare: share
    .optional()
    .describe(or('randomLengthShare', 'share of batches with a random length')),
  promptShare: share
    .optional()
    .describe(
      or(
        'promptShare',
        'share of windows that begin with a clean prompt of a random length, as an answer does',
      ),
    ),
  maximumBadShare: share
    .optional()
    .describe(or('maximumBadShare', 'share of rows that may be unreadable before the run refuses')),

  variableLength: share
    .optional()
    .describe(
      'share of windows with a hole in which masks stand for two tokens or for none, so that infilling finds lengths [0]',
    ),
  surplus: count
    .optional()
    .describe('for --variable-length: masks that a hole has too many, or too few, at most [8]'),

  learn: z
    .enum(['text', 'answers', 'preferences'])
    .optional()
    .describe(
      or(
        'learn',
        'all of a text; the answers of conversations, or which of two is preferred, as unmask finetune does',
      ),
    ),
  beta: z
    .number()
    .gt(0)
    .optional()
    .describe(
      `for --learn preferences: how much a likelihood counts, the less the farther the model may go [${preferenceDefaults.beta}]`,
    ),
  timesPerAnswer: atMost(4096)
    .optional()
    .describe(
      `for --learn preferences: times at which an answer is scored, each with a mask [${preferenceDefaults.timesPerAnswer}]`,
    ),
  certainty: z
    .number()
    .gt(0)
    .optional()
    .describe(
      "for --from: data are the model's own texts, and it is trained to be confident of them; how much that counts beside the cross-entropy (unmask distill) [none]",
    ),
  certaintyBlock: count
    .optional()
    .describe(`for --certainty: tokens of the block that is masked [${certaintyDefaults.certaintyBlock}]`),
  guardData: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('for --certainty: real text, on which the model is to say what it said before [none]'),
  guard: z
    .number()
    .gt(0)
    .optional()
    .describe(`for --guard-data: how much that counts [${certaintyDefaults.guard}]`),
  objective: z
    .enum(['masked-diffusion', 'block-diffusion', 'autoregressive'])
    .optional()
    .describe(
      or(
        'objective',
        'what is learned; where minutes are counted and not updates, by itself block-diffusion with a block of 4 and a whole share of 0.4',
      ),
    ),
  block: count.optional().describe('for block-diffusion: tokens of a block [16]'),
  blockWarmup: count
    .optional()
    .describe('for block-diffusion: updates in which the block grows from 1 token in powers of two [none]'),
  wholeShare: share
    .optional()
    .describe(
      'for block-diffusion: share of updates whose windows are one block, so that the model also reads what stands behind a mask, and can revise, fill and edit [none]',
    ),
  causalWarmup: count
    .optional()
    .describe(
      'updates of the beginning in which each token is learned from those before it, with no masks: a sooner start for a model from nothing [none]',
    ),
  noise: z.enum(keysOf(noiseSchedules)).optional().describe(or('noise', 'noise schedule')),
  eps: z.number().gt(0).lt(1).optional().describe(or('eps', 'least probability of a mask')),
  times: z
    .enum(keysOf(timeSamplers))
    .optional()
    .describe(
      or('times', 'how the times of a batch are drawn; bell: mostly at middling noise, to learn faster'),
    ),
  bellMean: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(`for --times bell: the commonest time [${bellDefaults.mean}]`),
  bellWidth: z
    .number()
    .min(0.01)
    .optional()
    .describe(`for --times bell: standard deviation [${bellDefaults.width}]`),
  antithetic: z.boolean().optional().describe(or('antithetic', 'times in pairs t and 1 - t')),
  complementary: z
    .boolean()
    .optional()
    .describe(or('complementary', 'every window twice, each of its tokens masked in one of the two')),

  loraRank: atMost(2 ** 14)
    .optional()
    .describe(
      'train only low-rank changes of matrices, r of LoRA; the model of --from stays as it is [none]',
    ),
  loraAlpha: z
    .number()
    .gt(0)
    .optional()
    .describe('how much such a change counts: alpha of LoRA [twice the rank]'),
  loraTargets: z
    .array(z.enum(adapterTargets))
    .min(1)
    .optional()
    .describe('for --lora-rank: matrices that are changed [all]'),
  weights: z
    .enum(['int8', 'int4'])
    .optional()
    .describe('for --lora-rank: how the weights of the model are kept in memory [as they are stored]'),

  batch: atMost(2 ** 20)
    .optional()
    .describe(bySize('windows of a micro-batch')),
  accumulate: atMost(2 ** 20)
    .optional()
    .describe(or('accumulate', 'micro-batches of an update')),
  steps: count.optional().describe(bySize('updates')),
  epochs: z.number().gt(0).optional().describe('instead of steps: how often every window is seen [none]'),
  learningRate: z.number().gt(0).optional().describe(bySize('highest learning rate')),
  minimumRate: z
    .number()
    .min(0)
    .optional()
    .describe('learning rate of the last update [a tenth of the highest]'),
  warmup: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe('updates of the linear rise [a twentieth of the steps, at most 1000]'),
  schedule: z.enum(keysOf(rates)).optional().describe(or('schedule', 'learning-rate schedule')),
  decayShare: share.optional().describe(or('decayShare', 'share of the steps in which wsd decays')),
  optimizer: z
    .enum(['adamw', 'muon'])
    .optional()
    .describe(
      'what changes the weights; muon: the matrices of all layers by steps in which all directions are as long, to learn more of each update [adamw]',
    ),
  beta1: z.number().min(0).lt(1).optional().describe(or('beta1', 'AdamW β1, decay of the first moment')),
  beta2: z.number().min(0).lt(1).optional().describe(or('beta2', 'AdamW β2, decay of the second moment')),
  epsilon: z.number().gt(0).optional().describe(or('epsilon', 'AdamW ε')),
  weightDecay: z.number().min(0).optional().describe(or('weightDecay', 'AdamW weight decay, none on norms')),
  clip: z.number().gt(0).optional().describe(or('clip', 'gradients are clipped to this global norm')),
  ema: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('decay of an average of the weights, which is then what is exported [none]'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(or('seed', 'same seed, same run')),

  validationShare: share
    .optional()
    .describe(or('validationShare', 'share of the text that is kept for validation')),
  validationDraws: atMost(2 ** 16)
    .optional()
    .describe(or('validationDraws', 'masks drawn for each validation window')),
  validationWindows: count
    .optional()
    .describe(or('validationWindows', 'validation windows that are scored at an interval; all at the end')),
  validationEvery: count.optional().describe(or('validationEvery', 'steps from one validation to the next')),
  sampleEvery: count.optional().describe(or('sampleEvery', 'steps from one sample text to the next')),
  checkpointEvery: count.optional().describe(or('checkpointEvery', 'steps from one checkpoint to the next')),
  keep: z.number().int().min(2).optional().describe(or('keep', 'checkpoints that are kept')),
  device: z.enum(devices).optional().describe(or('device', 'where the network runs')),
  threads: atMost(1024).optional().describe('threads of the CPU [all cores]'),
  dtype: z.enum(['F32', 'F16', 'BF16']).optional().describe(or('dtype', 'weights of the exported model')),
});

/** What a person asked for. */
export type TrainingRequest = z.infer<typeof trainingSchema>;

type Optional =
  | 'from'
  | 'steps'
  | 'epochs'
  | 'warmup'
  | 'beta'
  | 'timesPerAnswer'
  | 'loraRank'
  | 'loraAlpha'
  | 'loraTargets'
  | 'weights'
  | 'anneal'
  | 'shiftedLogits'
  | FromNetwork
  | 'certainty'
  | 'certaintyBlock'
  | 'guardData'
  | 'guard'
  | 'bellMean'
  | 'bellWidth'
  | 'variableLength'
  | 'surplus'
  | 'block'
  | 'blockWarmup'
  | 'wholeShare'
  | 'causalWarmup'
  | 'kvHeads'
  | 'separator'
  | 'ema'
  | 'threads';
/** What the model of `from` says, where there is one. */
export type FromNetwork = 'layers' | 'width' | 'heads' | 'hidden' | 'tied';
type Settled = Omit<TrainingRequest, 'out' | 'resume'>;

/** Every option of a run, as `options.json` records it. */
export type TrainingOptions = Required<Omit<Settled, Optional>> & Pick<Settled, Optional>;

/** When a run's updates end, and its warm-up. */
export type RunSteps = Required<Pick<Settled, 'steps' | 'warmup'>>;
