import { z } from 'zod';
import { sizeOf } from '../array.ts';
import { causal } from '../model/attention-pattern.ts';
import { parameterShapes, type TransformerConfig } from '../model/config.ts';
import { isBlockFormat, type WeightFormat, weightFormats } from '../model/weight-format.ts';
import type { OpenedModel } from '../opened-model.ts';
import type { Command } from './command.ts';
import { visible } from './visible.ts';
import { modelOptions } from './load.ts';

const options = z.strictObject({
  path: modelOptions.model,
  tensors: z.boolean().default(false).describe('lists every tensor'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

/** What a model directory says of itself. No weight is read for it. */
interface Facts {
  readonly path: string;
  readonly family: string;
  readonly attention: 'causal' | 'bidirectional';
  readonly parameters: number;
  /** Bytes of weights by the type that they are stored in. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly weightBytes: number;
  /** Bytes of weights in memory for each value that --weights may have. */
  readonly memoryBytes: Readonly<Partial<Record<WeightFormat, number>>>;
  readonly maskId: number;
  readonly maskToken: string | undefined;
  readonly endIds: readonly number[];
  readonly endTokens: readonly (string | undefined)[];
  readonly config: Omit<TransformerConfig, 'attention'>;
  readonly tensors?: readonly { name: string; dtype: string; shape: readonly number[] }[];
}

const command: Command<typeof options> = {
  summary: 'Shows what a model is: family, parameters, types, special tokens, memory',
  options,
  positionals: ['path'],
  examples: [
    ['unmask inspect', 'the model that ships'],
    ['unmask inspect runs/mine --json', 'for another program'],
  ],
  async run({ path, tensors, json }, io) {
    const { openModelWithTokenizer, shippedModel } = await import('../opened-model.ts');
    const { bytesIn } = await import('../model/storage.ts');
    const model = await openModelWithTokenizer(path ?? shippedModel);
    const { config, names, format } = model;
    const formats = isBlockFormat(format) ? [format] : weightFormats;
    const memory = formats.map((each) => [each, bytesIn(config.transformer, names, each)] as const);
    const facts = factsOf(model, Object.fromEntries(memory), tensors);
    io.stdout.write(json ? `${JSON.stringify(facts)}\n` : table(facts));
  },
};

export default command;

function factsOf(model: OpenedModel, memoryBytes: Facts['memoryBytes'], tensors: boolean): Facts {
  const { directory, family, config, names, weights, tokenizer, maskId, endIds } = model;
  const tokenOf = new Map(Array.from(tokenizer.specialTokens, ([token, id]) => [id, token]));
  const { attention, ...numbers } = config.transformer;
  const entries = [...weights.entries];
  const dtypes: Record<string, number> = {};
  for (const [, { dtype, byteLength }] of entries) dtypes[dtype] = (dtypes[dtype] ?? 0) + byteLength;
  const shapes = [...parameterShapes(config.transformer, names).values()];
  const parameters = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  return {
    path: directory,
    family: family.architecture,
    attention: attention === causal ? 'causal' : 'bidirectional',
    parameters,
    dtypes,
    weightBytes: weights.totalBytes,
    memoryBytes,
    maskId,
    maskToken: tokenOf.get(maskId),
    endIds,
    endTokens: endIds.map((id) => tokenOf.get(id)),
    config: numbers,
    ...(tensors && { tensors: entries.map(([name, { dtype, shape }]) => ({ name, dtype, shape })) }),
  };
}

function table(facts: Facts): string {
  const { config } = facts;
  const special = (id: number, token: string | undefined): string => (token ? `${token} (${id})` : `${id}`);
  const { mixture } = config;
  const experts: [string, string][] = mixture
    ? [['experts', `${mixture.experts}, ${mixture.chosen} for each token, SwiGLU ${mixture.hidden}`]]
    : [];
  const rows: [string, string][] = [
    ['path', facts.path],
    ['family', `${facts.family}, ${facts.attention}`],
    ['parameters', grouped(facts.parameters)],
    [
      'network',
      `${config.layers} layers, width ${config.width}, ${config.heads} heads, SwiGLU ${config.hidden}`,
    ],
    ...experts,
    ['vocabulary', grouped(config.vocabularySize)],
    ['longest', `${grouped(config.maxLength)} tokens`],
    ['mask token', special(facts.maskId, facts.maskToken)],
    ['end tokens', facts.endIds.map((id, i) => special(id, facts.endTokens[i])).join(', ') || 'none'],
    [
      'stored',
      Object.entries(facts.dtypes)
        .map(([dtype, bytes]) => `${dtype} ${mebibytes(bytes)}`)
        .join(', '),
    ],
    [
      'in memory',
      Object.entries(facts.memoryBytes)
        .map(([format, bytes]) => `${format} ${mebibytes(bytes)}`)
        .join(', '),
    ],
  ];
  const tensors = (facts.tensors ?? []).map(({ name, dtype, shape }): [string, string] => [
    `  ${name}`,
    `${dtype} [${shape.join(', ')}]`,
  ]);
  return aligned(rows) + (tensors.length > 0 ? `\n${aligned(tensors)}` : '');
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${visible(name).padEnd(width)}${visible(value)}\n`).join('');
}

const grouped = (value: number): string => value.toLocaleString('en-US');

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
