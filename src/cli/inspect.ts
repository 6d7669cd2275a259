import { z } from 'zod';
import { sizeOf } from '../array.ts';
import { causal } from '../model/attention-pattern.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../model/config.ts';
import type { OpenedModel } from '../opened-model.ts';
import type { Command } from './command.ts';
import { visible } from './visible.ts';
import { modelOptions } from './load.ts';

const options = z.strictObject({
  path: modelOptions.model,
  tensors: z.boolean().default(false).describe('lists every tensor'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

/** What a model says of itself. No weight is read for it. */
interface Facts {
  readonly path: string;
  /** Of a GGUF file: what llama.cpp calls it, and what is written beside it the first time it runs. */
  readonly gguf?: {
    readonly version: number;
    readonly architecture: string;
    readonly name?: string;
    readonly directory: string;
    readonly bytesToWrite: number;
  };
  readonly family: string;
  readonly attention: 'causal' | 'bidirectional';
  readonly parameters: number;
  /** Bytes of weights by the type that they are stored in. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly weightBytes: number;
  /** Weights as float32, as the network computes with them. */
  readonly memoryBytes: number;
  readonly maskId: number | undefined;
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
    ['unmask inspect model.gguf', 'a file of llama.cpp, without writing anything'],
  ],
  async run({ path, tensors, json }, io) {
    const { isFile, openModelWithTokenizer, shippedModel } = await import('../opened-model.ts');
    const facts =
      path !== undefined && isFile(path)
        ? await ggufFacts(path, tensors)
        : factsOf(await openModelWithTokenizer(path ?? shippedModel), tensors);
    io.stdout.write(json ? `${JSON.stringify(facts)}\n` : table(facts));
  },
};

export default command;

function factsOf(model: OpenedModel, tensors: boolean): Facts {
  const { directory, family, config, names, weights, tokenizer, maskId, endIds } = model;
  const tokenOf = new Map(Array.from(tokenizer.specialTokens, ([token, id]) => [id, token]));
  return {
    path: directory,
    ...networkFacts(family.architecture, config.transformer, names),
    ...storageFacts([...weights.entries.values()], tensors),
    ...tokenFacts(maskId, endIds, (id) => tokenOf.get(id)),
  };
}

async function ggufFacts(path: string, tensors: boolean): Promise<Facts> {
  const { readGguf } = await import('../gguf.ts');
  const { family, config, file, tokenizer, directory, bytesToWrite } = await readGguf(path);
  const { architecture, name } = Object.fromEntries(
    ['architecture', 'name'].map((key) => [key, file.metadata.get(`general.${key}`)]),
  );
  const tokenOf = new Map(tokenizer.json.added_tokens.map(({ content, id }) => [id, content]));
  const stored = Array.from(file.tensors.values(), (tensor) => ({ ...tensor, dtype: tensor.type.name }));
  return {
    path,
    gguf: {
      version: file.version,
      architecture: String(architecture),
      ...(typeof name === 'string' && { name }),
      directory,
      bytesToWrite,
    },
    ...networkFacts(family.architecture, config.transformer, family.names),
    ...storageFacts(stored, tensors),
    ...tokenFacts(config.maskId, tokenizer.endIds, (id) => tokenOf.get(id)),
  };
}

function networkFacts(
  family: string,
  config: TransformerConfig,
  names: TensorNames,
): Pick<Facts, 'family' | 'attention' | 'parameters' | 'memoryBytes' | 'config'> {
  const { attention, ...numbers } = config;
  const shapes = [...parameterShapes(config, names).values()];
  const parameters = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  return {
    family,
    attention: attention === causal ? 'causal' : 'bidirectional',
    parameters,
    memoryBytes: 4 * parameters,
    config: numbers,
  };
}

interface Stored {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

function storageFacts(
  entries: readonly Stored[],
  tensors: boolean,
): Pick<Facts, 'dtypes' | 'weightBytes' | 'tensors'> {
  const dtypes: Record<string, number> = {};
  for (const { dtype, byteLength } of entries) dtypes[dtype] = (dtypes[dtype] ?? 0) + byteLength;
  return {
    dtypes,
    weightBytes: entries.reduce((sum, { byteLength }) => sum + byteLength, 0),
    ...(tensors && { tensors: entries.map(({ name, dtype, shape }) => ({ name, dtype, shape })) }),
  };
}

const tokenFacts = (
  maskId: number | undefined,
  endIds: readonly number[],
  tokenOf: (id: number) => string | undefined,
): Pick<Facts, 'maskId' | 'maskToken' | 'endIds' | 'endTokens'> => ({
  maskId,
  maskToken: maskId === undefined ? undefined : tokenOf(maskId),
  endIds,
  endTokens: endIds.map(tokenOf),
});

function table(facts: Facts): string {
  const { config } = facts;
  const special = (id: number, token: string | undefined): string => (token ? `${token} (${id})` : `${id}`);
  const { gguf } = facts;
  const file: [string, string][] = gguf
    ? [
        ['file', `GGUF ${gguf.version}, ${gguf.architecture}${gguf.name ? `, ${gguf.name}` : ''}`],
        ['becomes', `${gguf.directory}, with ${mebibytes(gguf.bytesToWrite)} of weights`],
      ]
    : [];
  const { mixture } = config;
  const experts: [string, string][] = mixture
    ? [['experts', `${mixture.experts}, ${mixture.chosen} for each token, SwiGLU ${mixture.hidden}`]]
    : [];
  const rows: [string, string][] = [
    ['path', facts.path],
    ...file,
    ['family', `${facts.family}, ${facts.attention}`],
    ['parameters', grouped(facts.parameters)],
    [
      'network',
      `${config.layers} layers, width ${config.width}, ${config.heads} heads, SwiGLU ${config.hidden}`,
    ],
    ...experts,
    ['vocabulary', grouped(config.vocabularySize)],
    ['longest', `${grouped(config.maxLength)} tokens`],
    ['mask token', facts.maskId === undefined ? 'none' : special(facts.maskId, facts.maskToken)],
    ['end tokens', facts.endIds.map((id, i) => special(id, facts.endTokens[i])).join(', ') || 'none'],
    [
      'stored',
      Object.entries(facts.dtypes)
        .map(([dtype, bytes]) => `${dtype} ${mebibytes(bytes)}`)
        .join(', '),
    ],
    ['in memory', `${mebibytes(facts.memoryBytes)} of weights as float32`],
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
