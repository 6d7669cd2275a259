import { z } from 'zod';
import type { Inspection, TrainingFacts } from '../../model-files/inspect-model.ts';
import { kebabCase } from '../../base/options.ts';
import { bytesText } from '../../base/format-bytes.ts';
import { grouped } from '../../base/format-count.ts';
import { colorsFor, type Paint } from '../terminal/colors.ts';
import type { Command, Io, Output } from '../command.ts';
import { modelOptions } from '../load-model.ts';
import { visible } from '../terminal/visible.ts';
import { wrapped } from '../terminal/wrap.ts';

const options = z.strictObject({
  path: modelOptions.model,
  tensors: z.boolean().default(false).describe('lists every tensor'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

const command: Command<typeof options> = {
  summary: 'Shows what a model is, and whether it runs here: family, parameters, tokens, memory',
  options,
  positionals: ['path'],
  examples: [
    ['unmask inspect', 'the model that ships'],
    ['unmask inspect runs/mine --json', 'for another program'],
    ['unmask inspect model.gguf', 'a file of llama.cpp'],
  ],
  async run({ path, tensors, json }, io) {
    const [{ inspectModel }, { shippedModel }] = await Promise.all([
      import('../../model-files/inspect-model.ts'),
      import('../../model-files/locate.ts'),
    ]);
    const inspection = await inspectModel(path ?? shippedModel, { tensors });
    io.stdout.write(json ? `${JSON.stringify(inspection)}\n` : page(inspection, io));
    return inspection.problems.length > 0 ? 2 : 0;
  },
};

export default command;

type Row = readonly [name: string, value: string];

function page(inspection: Inspection, io: Io): string {
  const colors = colorsFor(io.stdout, io.stdout.isTTY ? io.env : {});
  const tensors = (inspection.tensors ?? []).map(({ name, dtype, shape }): Row => [
    `  ${name}`,
    `${dtype} [${shape.join(', ')}]`,
  ]);
  const problems = inspection.problems.map((problem) => `  ${visible(problem)}\n`).join('');
  return [
    aligned(rowsOf(inspection), colors.dim, io.stdout),
    ...(problems ? [`${colors.bold('This model does not run here:')}\n${colors.yellow(problems)}`] : []),
    ...(tensors.length > 0 ? [aligned(tensors, colors.dim, io.stdout)] : []),
  ].join('\n');
}

function rowsOf({ config, gguf, adapter, ...facts }: Inspection): Row[] {
  const special = (id: number, token: string | undefined): string => (token ? `${token} (${id})` : `${id}`);
  const {
    parameters,
    activeParameters,
    dtypes,
    memoryBytes,
    samplingMemory,
    maxLength,
    maskId,
    chosenWeights,
  } = facts;
  const active =
    activeParameters === undefined ? '' : `; ${counted(activeParameters)} of them for each token`;
  const { mixture } = config ?? {};
  const rows: [name: string, value: string | false | undefined][] = [
    ['path', facts.path],
    ['file', gguf && [`GGUF ${gguf.version}`, gguf.architecture, gguf.name].filter(Boolean).join(', ')],
    ['becomes', gguf && `${gguf.directory} when it first runs, without the weights: they stay in the file`],
    [
      'adapter',
      adapter &&
        `${adapter.path}: rank ${adapter.rank}, alpha ${adapter.alpha}${adapter.isRankStabilised ? ' (rank-stabilised)' : ''}, ${counted(adapter.parameters)} numbers beside ${adapter.matrices} matrices`,
    ],
    ['family', [facts.family ?? 'unknown', facts.attention].filter(Boolean).join(', ')],
    ['blocks', facts.blockLength !== undefined && `${facts.blockLength} tokens`],
    ['parameters', parameters !== undefined && `${counted(parameters)}${active}`],
    [
      'network',
      config &&
        `${config.layers} layers, width ${config.width}, ${config.heads} heads, SwiGLU ${config.hidden}`,
    ],
    ['experts', mixture && `${mixture.experts}, ${mixture.chosen} for each token, SwiGLU ${mixture.hidden}`],
    ['vocabulary', config && grouped(config.vocabularySize)],
    ['longest', maxLength !== undefined && `${grouped(maxLength)} tokens`],
    ['mask token', maskId === undefined ? 'none' : special(maskId, facts.maskToken)],
    ['end tokens', facts.endIds.map((id, i) => special(id, facts.endTokens[i])).join(', ') || 'none'],
    ['chat', facts.chatTemplate ? `template in ${facts.chatTemplate}` : 'no template'],
    ['sampling', samplingText(facts.defaults)],
    ['', facts.unsupportedSampling.length > 0 && `unsupported: ${facts.unsupportedSampling.join(', ')}`],
    ['stored', dtypes && listed(dtypes, (dtype, bytes) => `${dtype} ${bytesText(bytes)}`)],
    ['in memory', memoryBytes && listed(memoryBytes, (format, bytes) => `${format} ${bytesText(bytes)}`)],
    [
      '',
      samplingMemory &&
        `and about ${bytesText(samplingMemory.bytes)} for a text of ${samplingMemory.length} tokens`,
    ],
    ['runs as', chosenWeights && choiceText(chosenWeights)],
    ['trained', facts.training && trainingText(facts.training)],
    ['held out', facts.training?.validation && boundText(facts.training)],
    ['licence', facts.licence],
  ];
  return rows.filter((row): row is [string, string] => typeof row[1] === 'string');
}

function aligned(rows: readonly Row[], paint: Paint, { isTTY, columns = 80 }: Output): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  // a terminal would break lines within words
  const room = isTTY ? Math.max(20, columns - width) : Infinity;
  return rows
    .flatMap(([name, value]) =>
      wrapped(visible(value), room).map(
        (line, i) => `${paint((i === 0 ? visible(name) : '').padEnd(width))}${line}\n`,
      ),
    )
    .join('');
}

/** masked-diffusion on text, 6,000 updates, 12,288,000 tokens */
function trainingText({ objective, learn, step, tokens, final }: TrainingFacts): string {
  const what = [objective, learn && `on ${learn}`].filter(Boolean).join(' ');
  const sizes = `${counted(step)} update${step === 1 ? '' : 's'}${final ? '' : ', not done'}, ${counted(tokens)} tokens`;
  return what === '' ? sizes : `${what}, ${sizes}`;
}

/** -log p ≤ 4.72 ± 0.05 nats a token, 1.76 bits a byte */
function boundText({ objective, validation }: TrainingFacts): string {
  const { natsPerToken = NaN, standardError, bitsPerByte } = validation ?? {};
  const isExact = objective === 'autoregressive';
  const error = standardError === undefined || isExact ? '' : ` ± ${standardError.toFixed(3)}`;
  const bits = bitsPerByte === undefined ? '' : `, ${bitsPerByte.toFixed(3)} bits a byte`;
  return `-log p ${isExact ? '=' : '≤'} ${natsPerToken.toFixed(3)}${error} nats a token${bits}`;
}

/** f32, in 31.2 MB; opens in about 1 s */
function choiceText({
  format,
  bytes,
  openSeconds,
  reason,
}: NonNullable<Inspection['chosenWeights']>): string {
  const seconds = `opens in about ${Math.ceil(openSeconds)} s`;
  return `${format}, in ${bytesText(bytes)}; ${seconds}${reason === undefined ? '' : `; ${reason}`}`;
}

/** The model's own defaults as the flags that they stand for. */
function samplingText(defaults: Inspection['defaults']): string {
  const flags = Object.entries(defaults).map(([key, value]) => `--${kebabCase(key)} ${String(value)}`);
  return flags.length > 0 ? `${flags.join(' ')}, unless told otherwise` : 'as unmask generate --help says';
}

const listed = (
  values: Readonly<Record<string, number>>,
  say: (key: string, value: number) => string,
): string =>
  Object.entries(values)
    .map(([key, value]) => say(key, value))
    .join(', ');

/** 8,015,581,184 (8.0 billion) */
function counted(value: number): string {
  if (value < 1e6) return grouped(value);
  const short = value < 1e9 ? `${(value / 1e6).toFixed(1)} million` : `${(value / 1e9).toFixed(1)} billion`;
  return `${grouped(value)} (${short})`;
}
