import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { adapterStart } from './adapter-training.ts';
import { type NdArray, sizeOf } from './array.ts';
import { assemble } from './assemble.ts';
import { type FileContent, nodeFs, replaceFile } from './checkpoint/durable-fs.ts';
import { writeModelDirectory } from './checkpoint/directory.ts';
import { openAnswers } from './data/answers.ts';
import { type Batch, type Dataset, openDataset } from './data/dataset.ts';
import { makeTokenizer } from './data/make-tokenizer.ts';
import { growingBlock } from './diffusion/blocks.ts';
import { schedules } from './diffusion/schedule.ts';
import { antithetic, timeSamplers } from './diffusion/times.ts';
import type { CleanWindows } from './diffusion/windows.ts';
import { FileError, InvalidOptionError, invariant } from './errors.ts';
import type { Model } from './language-model.ts';
import {
  blockScoring,
  causalScoring,
  diffusionScoring,
  type Scoring,
  validate,
} from './evaluation/validation.ts';
import { writeAdapter } from './model/adapter-files.ts';
import { bidirectional, causal } from './model/attention-pattern.ts';
import { parameterShapes, type TransformerConfig } from './model/config.ts';
import type { ModelConfig } from './model/families/family.ts';
import { llada } from './model/families/llada.ts';
import { initialisations, initialParameters } from './model/initialise.ts';
import { openNetwork } from './model/network.ts';
import { doubledScorerOf, scorerOf } from './scorers.ts';
import { type Start, startFrom } from './start.ts';
import { type ChatTemplate, chatTemplateOf } from './tokenizer/chat-template.ts';
import { readTokenizerFiles, type TokenizerFiles } from './tokenizer/files.ts';
import { plainTemplate } from './tokenizer/plain-template.ts';
import { type LoadedTokenizer, loadTokenizer, requireMaskId } from './tokenizer/load.ts';
import { DEFAULT_SPECIAL_TOKENS, expandToken, withSpecialTokens } from './tokenizer/tokenizer-json.ts';
import { saveTokenizer, templateFilesIn, tokenizerFiles } from './tokenizer/save.ts';
import { openLearner } from './training/backpropagation.ts';
import {
  autoregressive,
  blockDiffusion,
  maskedDiffusion,
  type Objective,
  withPrompts,
} from './training/objective.ts';
import { modelDirectory } from './opened-model.ts';
import type { TrainingOptions } from './training/options.ts';
import { annealed } from './training/annealing.ts';
import { complementaryDiffusion } from './training/complementary.ts';
import { grouped } from './training/progress.ts';
import { type MakeTrainee, recordName } from './training/trainee.ts';
import { withHoles } from './training/variable-length.ts';

/** Tokens of a sample on the way: a longer one would cost more than it shows. */
const longestSample = 128;

/** Makes what `unmask train` trains: a network of LLaDA's architecture on the text that the options name. */
export const makeTrainee: MakeTrainee = async (options, directory, note, signal) => {
  const tokenizer = await tokenizerOf(options, join(directory, 'tokenizer'), { note, signal });
  const ids = specialIds(tokenizer);
  const files = await readTokenizerFiles(join(directory, 'tokenizer'));
  const template = options.learn === 'answers' ? requireTemplate(files, tokenizer) : undefined;
  const dataset = template
    ? await openAnswers(options, tokenizer, template, directory, note, signal)
    : await openDataset(options, tokenizer, directory, note, signal);
  const lora = options.loraRank === undefined ? undefined : await adapterStart(options, options.from!);
  const start = lora ? undefined : await startFrom(options, tokenizer.vocabularySize);
  const config =
    lora?.config ?? configOf(options, { vocabularySize: tokenizer.vocabularySize, ...ids }, start);
  const { transformer } = config;
  const { names } = lora ?? llada;
  const { seed, batch, accumulate } = options;
  const parameterCount = [...parameterShapes(transformer, names).values()].reduce(
    (sum, shape) => sum + sizeOf(shape),
    0,
  );

  const initial =
    lora?.initial ??
    start?.parameters ??
    initialParameters(transformer, names, seed, initialisations[options.init]);
  const learner = await openLearner(transformer, names, initial, {
    ...options,
    emaDecay: options.ema,
    adapter: lora,
  });
  // validation, samples and the exported model all look at the weights as they are, or at their average
  const live = { arrays: learner.averages };
  const changes = lora && { ...live, adapter: lora.adapter };
  const own = lora ? { arrays: () => lora.base } : live;
  const network = openNetwork(transformer, names, own, { ...options, adapter: changes });
  const { blockLength } = config;
  const expandId = options.variableLength ? tokenizer.specialTokens.get(expandToken) : undefined;
  const { shiftedLogits } = transformer;
  const score = blockLength === undefined ? scorerOf(network) : doubledScorerOf(network, blockLength);
  const model = assemble({
    network,
    tokenizer,
    ...ids,
    endIds: [ids.endId, template?.turnEndId ?? []].flat(),
    startId: network.config.attention === causal ? ids.endId : undefined,
    blockLength,
  });
  const objective = objectiveOf(options, { ...ids, expandId, shiftedLogits });
  const scoring = scoringOf(options, { ...ids, blockLength, shiftedLogits });
  const { validation } = dataset;

  return {
    learner,
    data: dataset.manifest,
    windows: dataset.windows,
    summary: [
      ...dataset.summary,
      `${grouped(parameterCount)} parameters: ${transformer.layers} layers, width ${transformer.width}, ${transformer.heads} heads, SwiGLU ${transformer.hidden}, vocabulary ${grouped(transformer.vocabularySize)}`,
      ...(lora
        ? [
            `of them ${lora.adapter.targets.length} matrices are changed with rank ${lora.adapter.rank}, by ${grouped(sumOf(lora.initial))} numbers`,
          ]
        : []),
      describe(options),
    ],

    *batches(step) {
      const batchRows = accumulate * batch;
      const windows = dataset.batch(step, batchRows);
      for (let firstRow = 0; firstRow < batchRows; firstRow += batch) {
        yield objective(rowsFrom(windows, firstRow, batch), { step, firstRow, batchRows });
      }
    },

    ...(validation.count > 0 && {
      validate: (_step: number, most: number | undefined, signal: AbortSignal) =>
        validate(score, textOf(validation.batch(0, Math.min(validation.count, most ?? Infinity))), {
          scoring,
          bytesPerToken: validation.bytesPerToken,
          batch,
          signal,
        }),
    }),

    async sample(step, signal) {
      if (template) return writtenAnswer(model, dataset, step, signal);
      const length = Math.min(longestSample, options.length);
      return (await model.generate({ length, temperature: 1, seed: step, signal })).text;
    },

    async exportTo(target, record) {
      const { dtype } = options;
      const recorded = Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`);
      if (lora && changes) {
        await writeAdapter(target, changes, { base: lora.place, dtype });
        return replaceFile(nodeFs, join(target, recordName), recorded);
      }
      const weights = [...learner.averages()].map(([name, { shape, data }]) => ({
        name,
        shape,
        data,
        dtype,
      }));
      const texts = new Map<string, FileContent>(
        Object.entries({
          ...tokenizerFiles(tokenizer.json, namesOf(tokenizer), templateFilesIn(files)),
        }).map(([name, text]) => [name, Buffer.from(text)]),
      ).set(recordName, recorded);
      const generationConfig = {
        eos_token_id: ids.endId,
        pad_token_id: ids.endId,
        // it goes on writing as the model that it was made from
        ...(template && { unmask_sampling: start?.sampling }),
      };
      const model = { config: llada.write(config), weights, generationConfig, tokenizerFiles: texts };
      await writeModelDirectory(target, model, { replace: true });
    },

    async close() {
      await network.close();
      await learner.close();
    },
  };
};

/** The run's tokenizer: a copy of the one that is named, or one made from the text when the run began. */
async function tokenizerOf(
  options: TrainingOptions,
  directory: string,
  { note, signal }: { note: (line: string) => void; signal: AbortSignal },
): Promise<LoadedTokenizer> {
  if (!existsSync(join(directory, 'tokenizer_config.json'))) {
    const { tokenizer: kind, from, learn, variableLength } = options;
    if (from !== undefined && kind !== from)
      throw new InvalidOptionError('tokenizer', `must be left out, or be that of --from ${from}`, kind);
    const added = variableLength ? [expandToken] : [];
    if (kind === 'bpe' || kind === 'characters') {
      note('making the tokenizer …');
      const made = await makeTokenizer(options.data, { ...options, kind, signal });
      saveTokenizer(directory, withSpecialTokens(made, added));
    } else {
      const place = kind === from ? await modelDirectory(kind) : kind;
      const given = await loadTokenizer(place);
      const names = namesOf(given);
      const files = await readTokenizerFiles(place);
      const known = chatTemplateOf(files, given, () => new Date());
      const isPlain = learn === 'answers' && !known;
      if (isPlain) added.push(...plainTemplate.tokens);
      // only the network of --from is given rows for tokens that it lacks; elsewhere a mask is asked for
      const [mask] = DEFAULT_SPECIAL_TOKENS;
      const all = from !== undefined && names.mask === undefined ? [mask, ...added] : added;
      if (options.loraRank !== undefined && all.length > 0)
        throw new InvalidOptionError(
          'loraRank',
          `needs a model with ${isPlain ? 'a chat template' : 'a mask token'}, as an adapter adds no tokens; fine-tune all of ${place} first`,
          options.loraRank,
        );
      const template = isPlain ? { jinja: plainTemplate.source } : templateFilesIn(files);
      saveTokenizer(directory, withSpecialTokens(given.json, all), names, template);
    }
  }
  return loadTokenizer(directory);
}

/** How the run's conversations are written. */
function requireTemplate(files: TokenizerFiles, tokenizer: LoadedTokenizer): ChatTemplate {
  const template = chatTemplateOf(files, tokenizer, () => new Date());
  if (template) return template;
  throw new FileError(files.directory, 'a chat_template.jinja', 'none', 'start the run again');
}

/** What the model answers to one of the held-out conversations, or of the others where none is held out. */
async function writtenAnswer(
  model: Model,
  { validation, batch }: Dataset,
  step: number,
  signal: AbortSignal,
): Promise<string> {
  const index = validation.count > 0 ? step % validation.count : 0;
  const { data, maskable } = validation.count > 0 ? validation.batch(index, index + 1) : batch(step, 1);
  const from = maskable?.indexOf(1) ?? 0;
  const room = Math.min(longestSample, data.length - from);
  const tokens = data.slice(0, from + room).fill(model.maskId, from);
  const { tokens: written } = await model.generate({ tokens, temperature: 0, seed: step, signal });
  const question = model.tokenizer.decode(data.subarray(0, from), { special: true });
  return `${question}\n→ ${model.tokenizer.decode(written.subarray(from)).trim()}`;
}

/** The ids of the mask and the end of a text. @throws FileError  for a tokenizer without them */
function specialIds(tokenizer: LoadedTokenizer): { maskId: number; endId: number } {
  const { endId, path } = tokenizer;
  if (endId === undefined) {
    const remedy = 'set eos_token in tokenizer_config.json';
    throw new FileError(path, 'a tokenizer with a token for the end of a text', 'none', remedy);
  }
  return { maskId: requireMaskId(tokenizer, path), endId };
}

/** The mask and the end of a text as the tokenizer spells them. */
function namesOf({ specialTokens, maskId, endId }: LoadedTokenizer): { mask?: string; end?: string } {
  const nameOf = (id: number | undefined) => [...specialTokens].find(([, other]) => other === id)?.[0];
  return { mask: nameOf(maskId), end: nameOf(endId) };
}

function configOf(
  options: TrainingOptions,
  { vocabularySize, maskId, endId }: { vocabularySize: number; maskId: number; endId: number },
  start?: Start,
): ModelConfig {
  const { length, learn, objective, block, anneal, shiftedLogits, from } = options;
  const isCausal = objective === 'autoregressive';
  if (anneal !== undefined && !start?.isCausal)
    throw new InvalidOptionError('from', 'must be a causal model, to be opened by --anneal', from);
  return {
    transformer: {
      ...(start?.transformer ?? freshNetwork(options, vocabularySize)),
      // whoever learns to answer need not forget how long a text may be
      maxLength: learn === 'answers' ? Math.max(length, start?.transformer.maxLength ?? 0) : length,
      // a mask predictor made from a causal model goes on to predict each token at the position before
      shiftedLogits: !isCausal && (shiftedLogits ?? start?.predictsNext ?? false),
      attention: isCausal ? causal : bidirectional,
    },
    maskId,
    endId,
    padId: endId,
    // a block as long as any window is all there is
    blockLength: block !== undefined && block < length ? block : undefined,
  };
}

function freshNetwork(
  { layers, width, heads, kvHeads = heads, hidden, tied }: TrainingOptions,
  vocabularySize: number,
): Omit<TransformerConfig, 'maxLength' | 'shiftedLogits' | 'attention'> {
  invariant(
    layers !== undefined && width !== undefined && heads !== undefined && hidden !== undefined,
    'a network that begins from nothing has its sizes from its options',
  );
  return {
    layers,
    width,
    heads,
    kvHeads: kvHeads ?? heads,
    hidden,
    tiedHead: tied ?? false,
    vocabularySize,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    qkvBias: false,
  };
}

function objectiveOf(
  options: TrainingOptions,
  {
    maskId,
    endId,
    expandId,
    shiftedLogits,
  }: { maskId: number; endId: number; expandId?: number; shiftedLogits: boolean },
): Objective {
  if (options.objective === 'autoregressive') return autoregressive({ startId: endId });
  const { seed, eps, noise, promptShare, block, blockWarmup, anneal, variableLength, surplus } = options;
  const times = timeSamplers[options.times];
  const noising = {
    seed,
    eps,
    schedule: schedules[noise],
    maskId,
    times: options.antithetic ? antithetic(times) : times,
  };
  const diffusion = options.complementary ? complementaryDiffusion : maskedDiffusion;
  let objective =
    block === undefined
      ? diffusion(noising)
      : blockDiffusion({
          ...noising,
          blockLength: growingBlock(block, { updates: blockWarmup }),
          shiftedLogits,
        });
  if (promptShare > 0) objective = withPrompts(objective, { seed, share: promptShare });
  if (expandId !== undefined)
    objective = withHoles(objective, {
      ...noising,
      share: variableLength!,
      surplus: surplus!,
      expandId,
      deleteId: endId,
    });
  return anneal === undefined ? objective : annealed(objective, { seed, updates: anneal });
}

function scoringOf(
  { objective, validationDraws: draws, seed }: TrainingOptions,
  {
    maskId,
    endId,
    blockLength,
    shiftedLogits,
  }: { maskId: number; endId: number; blockLength?: number; shiftedLogits: boolean },
): Scoring {
  if (objective === 'autoregressive') return causalScoring({ startId: endId });
  return whole(
    blockLength === undefined
      ? diffusionScoring({ maskId, draws, seed })
      : blockScoring({ maskId, blockLength, shiftedLogits, draws, seed }),
  );
}

/** Some rows of windows. */
function rowsFrom(
  { shape: [, L], data, maskable }: CleanWindows,
  first: number,
  count: number,
): CleanWindows {
  const [begin, end] = [first * L, (first + count) * L];
  const part = maskable?.subarray(begin, end);
  return { shape: [count, L], data: data.subarray(begin, end), ...(part && { maskable: part }) };
}

/** Numbers in arrays. */
const sumOf = (arrays: ReadonlyMap<string, NdArray>): number =>
  [...arrays.values()].reduce((sum, { data }) => sum + data.length, 0);

/** Windows of which the text is scored: what is given and what fills them up is not. */
function textOf({ shape, data, lengths, maskable }: Batch): CleanWindows {
  const [, L] = shape;
  const isText = (i: number) => i % L < lengths[Math.floor(i / L)] && maskable?.[i] !== 0;
  return { shape, data, maskable: Uint8Array.from(data, (_, i) => (isText(i) ? 1 : 0)) };
}

/**
 * Masks and scores what fills a window up together with its text, for the nats of the text: if the filling stood there,
 * the model would be told where the text ends, which a causal model isn't.
 */
function whole({ exact, canvases }: Scoring): Scoring {
  return {
    exact,
    canvases: ({ x0, positions: [first] }, index) =>
      canvases({ x0, positions: Int32Array.from(x0.keys()).subarray(first) }, index),
  };
}

/** The options that the size sets, in a line. */
function describe({
  epochs,
  batch,
  accumulate,
  length,
  learningRate,
  schedule,
  ...options
}: TrainingOptions): string {
  const windows = accumulate === 1 ? `${batch}` : `${accumulate} × ${batch}`;
  const steps = options.steps === undefined ? `${epochs} epochs` : `${grouped(options.steps)} steps`;
  return `${steps} of ${windows} windows of ${length} tokens, rate ${learningRate} (${schedule})`;
}
