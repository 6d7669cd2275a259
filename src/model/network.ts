import type { NdArray } from '../base/array.ts';
import { crossEntropy } from '../graph/composites.ts';
import { cut } from '../graph/cut.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import type { WriteOptions } from '../graph/onnx-writer.ts';
import type { ExternalData, QuantisedData } from '../graph/value-writer.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import type { Dim } from '../graph/tensor-type.ts';
import type { Data, Feeds, Session, WeightSource } from '../runtime/session.ts';
import { openParts } from '../runtime/session-parts.ts';
import type { Device } from '../runtime/device.ts';
import { checkDevice } from '../runtime/device-check.ts';
import type { WeightFiles } from '../runtime/engine.ts';
import { Sessions } from '../runtime/sessions.ts';
import { type Adapter, adapterShapes, withAdapter } from './adapter.ts';
import type { Past } from './attention.ts';
import { headWidthOf, layerConfig, type TensorNames, type TransformerConfig } from './config.ts';
import {
  besideFreeColumn,
  countPositions,
  type KeyValues,
  type KeyValueSize,
  noKeyValues,
} from './key-values.ts';
import { transformer, type TransformerInputs } from './transformer.ts';

/** Weights that lie in files: the session reads them from there, at the bytes where they are. */
export interface StoredWeights {
  readonly folder: string;
  locate(name: string): ExternalData | QuantisedData;
  /** What reads the files, where there is no such folder: in a page. */
  readonly files?: WeightFiles;
  /** Where weights come from that are in no file. */
  readonly source?: WeightSource;
  /** They stay in memory as they are stored, at the cost of a cast in every forward: see `keepStoredTypes` of a session. */
  readonly keepTypes?: boolean;
  /** In how many parts of some layers each the graph is opened, at the same time. Default 1. */
  readonly parts?: number;
}

/** Weights in memory that change between runs: those of a model in training. */
export interface LiveWeights {
  arrays(): ReadonlyMap<string, NdArray>;
}

/** An adapter whose numbers are in memory, and may change between runs. */
export interface LiveAdapter extends LiveWeights {
  readonly adapter: Adapter;
}

/** What a forward may be told beside the tokens. */
export interface ForwardOptions {
  /** 1 where a query (second axis) may look at a key (third); the columns of the past come first   [B, L, C + L] */
  readonly attentionMask?: NdArray<Uint8Array>;
  /** Default 0 … L − 1 in every row   [B, L] */
  readonly positions?: NdArray<Int32Array>;
  /** Of a network with self-conditioning: the logits of its latest prediction. Default: there was none   [B · L, V] */
  readonly previousLogits?: NdArray;
  /** The network is to encode: what `extend` gives is for forwards that don't. Only of one that can. */
  readonly encodes?: boolean;
  /** What is wanted of the logits, in their place. Default: they themselves. */
  readonly reduce?: RowReduction;
  readonly signal?: AbortSignal;
}

/** What the graph makes of each row of logits, so that they needn't leave the device. */
export interface RowReduction {
  /** Reductions of one name have the same graph. */
  readonly name: string;
  readonly apply: (logits: Tensor) => Tensor;
  /** Its inputs beside the logits. */
  readonly feeds: Feeds;
}

/** A network ready to run. Rows are indices into the flattened B · L positions. */
export interface Network {
  readonly config: TransformerConfig;
  /** Logits of x_0 in some rows.   tokens [B, L], rows [R] → [R, V] */
  logits(tokens: NdArray<Int32Array>, rows: Int32Array, options?: ForwardOptions): Promise<NdArray>;
  /**
   * What the network says of L positions where others were computed before: those of `past` are looked at and not
   * computed again. Without `positions`, these go on where the past, of one sequence or without gaps, ends.
   *
   * @param rows  outputs that are wanted, as they are: where logits are shifted, that of i is about position i + 1
   * @returns  the logits, and the keys and values of the L positions
   */
  extend(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    past: KeyValues | undefined,
    options?: ForwardOptions,
  ): Promise<{ readonly logits: NdArray; readonly present: KeyValues }>;
  /** −log p_θ(target) in some rows, in nats.   tokens [B, L], rows [R], targets [R] → [R] */
  score(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    targets: Int32Array,
    options?: ForwardOptions,
  ): Promise<Float32Array>;
  /** The last hidden states in some rows, normalised as the head reads them.   tokens [B, L], rows [R] → [R, D] */
  hidden(tokens: NdArray<Int32Array>, rows: Int32Array, options?: ForwardOptions): Promise<NdArray>;
  close(): Promise<void>;
}

/** Where a network runs, on how many threads, and what changes it while it runs. */
export interface NetworkOptions {
  readonly device?: Device;
  readonly threads?: number;
  readonly adapter?: LiveAdapter;
}

/** Nothing is opened before it is asked for. */
export const openNetwork = (
  config: TransformerConfig,
  names: TensorNames,
  weights: StoredWeights | LiveWeights,
  options: NetworkOptions = {},
): Network => new SessionNetwork(config, names, weights, options);

/** A network whose forwards are sessions: one for each way of asking. */
class SessionNetwork implements Network {
  readonly config: TransformerConfig;
  readonly #names: TensorNames;
  readonly #weights: StoredWeights | LiveWeights;
  readonly #options: NetworkOptions;
  readonly #sessions = new Sessions<string, Session>();

  constructor(
    config: TransformerConfig,
    names: TensorNames,
    weights: StoredWeights | LiveWeights,
    options: NetworkOptions,
  ) {
    this.config = config;
    this.#names = names;
    this.#weights = weights;
    this.#options = options;
  }

  async logits(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    forward: ForwardOptions = {},
  ): Promise<NdArray> {
    const feeds = forwardFeeds(this.config, tokens, rows, forward.positions);
    const { logits } = await this.#run('logits', feeds, forward);
    return logits as NdArray;
  }

  async extend(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    past: KeyValues | undefined,
    forward: ForwardOptions = {},
  ): Promise<{ logits: NdArray; present: KeyValues }> {
    const [B] = tokens.shape;
    const before = past ?? noKeyValues(B, keyValueSizes(this.config));
    const positions = forward.positions ?? defaultPositions(tokens.shape, countPositions(before));
    const feeds: Record<string, NdArray<Data>> = {
      ...outputFeeds(tokens, rows, positions),
      pastPositions: toInt64(before.positions),
    };
    for (const [i, { key, value }] of before.layers.entries())
      [feeds[`past.${i}.key`], feeds[`past.${i}.value`]] = [key, value];
    const attentionMask =
      past || !forward.attentionMask ? forward.attentionMask : besideFreeColumn(forward.attentionMask);
    const { logits, ...rest } = await this.#run('extend', feeds, { ...forward, attentionMask });
    const layers = before.layers.map((_, i) => ({
      key: rest[`present.${i}.key`] as NdArray,
      value: rest[`present.${i}.value`] as NdArray,
    }));
    return { logits: logits as NdArray, present: { positions, layers } };
  }

  async score(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    targets: Int32Array,
    forward: ForwardOptions = {},
  ): Promise<Float32Array> {
    const feeds = forwardFeeds(this.config, tokens, rows, forward.positions);
    const { costs } = await this.#run('score', { ...feeds, targets: vector(targets) }, forward);
    return costs.data as Float32Array;
  }

  async hidden(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    forward: ForwardOptions = {},
  ): Promise<NdArray> {
    // as they are: it is logits that may be shifted
    const feeds = outputFeeds(tokens, rows, forward.positions);
    const { hidden } = await this.#run('hidden', feeds, forward);
    return hidden as NdArray;
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  async #open(ends: Ends): Promise<Session> {
    const { adapter, ...options } = this.#options;
    const stored = 'arrays' in this.#weights ? undefined : this.#weights;
    const { expanded } = await checkDevice(options.device ?? 'cpu');
    const models = forwardModels(
      this.config,
      this.#names,
      { ...ends, adapter: adapter?.adapter, parts: stored?.parts },
      { expanded, weights: stored && ((name) => stored.locate(name)) },
    );
    return openParts(models, {
      ...options,
      folder: stored?.files ? undefined : stored?.folder,
      files: stored?.files,
      source: stored?.source,
      keepStoredTypes: stored?.keepTypes,
      spinMicroseconds: 50,
    });
  }

  async #run(
    kind: Kind,
    given: Feeds,
    { attentionMask, previousLogits, encodes = false, reduce, signal }: ForwardOptions,
  ): Promise<Readonly<Record<string, NdArray<Data>>>> {
    const { config } = this;
    const { adapter } = this.#options;
    const feeds: Feeds = {
      ...given,
      ...queryFeeds(given.tokens.shape, given.rows.data as Int32Array),
      ...(attentionMask && { mask: attentionMask }),
      ...(config.selfConditioning && previousFeeds(given.tokens.shape, previousLogits, config)),
      ...(kind === 'extend' &&
        config.encoderAttention && { encodes: vector(Uint8Array.of(Number(encodes))) }),
      ...reduce?.feeds,
      ...('arrays' in this.#weights && Object.fromEntries(this.#weights.arrays())),
      ...(adapter && Object.fromEntries(adapter.arrays())),
    };
    const ends = { kind, masked: attentionMask !== undefined, reduce };
    const session = await this.#sessions.get(`${kind} ${ends.masked} ${reduce?.name}`, () =>
      this.#open(ends),
    );
    return session.run(feeds, { signal });
  }
}

/** What a graph over the transformer ends in: logits, those with keys and values in and out, −log p of targets, or hidden states. */
type Kind = 'logits' | 'extend' | 'score' | 'hidden';

/** What a graph over the transformer begins and ends in. */
interface Ends {
  readonly kind: Kind;
  readonly masked: boolean;
  readonly reduce?: RowReduction;
}

/** The graphs of the parts of a network, first the one that reads the tokens. */
function forwardModels(
  config: TransformerConfig,
  names: TensorNames,
  {
    kind,
    masked,
    reduce,
    adapter,
    parts = 1,
  }: Ends & { readonly adapter?: Adapter; readonly parts?: number },
  { weights, ...options }: WriteOptions,
): OnnxModel[] {
  const past = kind === 'extend' ? pastInputs(config) : undefined;
  const { mask, ...others } = forwardInputs(past ? 'C+L' : 'L');
  const queries = input('queries', 'int32', ['B', 'Q']);
  const { previousLogits, encodes } = otherInputs(config);
  const roomy = kind === 'score' && masked ? forTwoTexts(config) : config;
  const { logits, hidden, present, residuals } = transformer(roomy, names, {
    ...others,
    queries,
    past,
    ...(masked && { mask }),
    ...(previousLogits && { previousLogits }),
    ...(past && encodes && { encodes }),
  });
  const outputs: Record<string, Tensor> =
    kind === 'score'
      ? { costs: crossEntropy(logits, input('targets', 'int32', ['R'])) }
      : kind === 'hidden'
        ? { hidden }
        : { logits: reduce?.apply(logits) ?? logits };
  if (past)
    for (const [i, { key, value }] of present.entries())
      [outputs[`present.${i}.key`], outputs[`present.${i}.value`]] = [key, value];
  // an adapter's own numbers are inputs
  const own = adapter && adapterShapes(config, names, adapter);
  const located = weights && ((name: string) => (own?.has(name) ? undefined : weights(name)));
  const ends = Array.from({ length: parts - 1 }, (_, i) => Math.round(((i + 1) * config.layers) / parts));
  const places = ends.map((layers) => residuals[layers - 1]);
  return cut(outputs, places).map((part) =>
    writeOnnx(withAdapter(part, adapter), { ...options, weights: located }),
  );
}

/** Block diffusion reads noisy and clean text side by side, and the tables of rotations have a row for each token. */
export const forTwoTexts = (config: TransformerConfig): TransformerConfig => ({
  ...config,
  maxLength: 2 * config.maxLength,
});

/** How the keys and values of each layer lie. */
export const keyValueSizes = (config: TransformerConfig): KeyValueSize[] =>
  Array.from({ length: config.layers }, (_, i) => {
    const own = layerConfig(config, i);
    return { kvHeads: own.kvHeads, headWidth: headWidthOf(own) };
  });

function pastInputs(config: TransformerConfig): Past {
  return {
    positions: input('pastPositions', 'int64', ['B', 'C']),
    layers: keyValueSizes(config).map(({ kvHeads, headWidth }, i) => {
      const shape = ['B', kvHeads, 'C', headWidth];
      return {
        key: input(`past.${i}.key`, 'float32', shape),
        value: input(`past.${i}.value`, 'float32', shape),
      };
    }),
  };
}

/** What some networks are told beside the tokens, by their config. */
export const otherInputs = (
  config: TransformerConfig,
): Pick<TransformerInputs, 'previousLogits' | 'encodes'> => ({
  ...(config.selfConditioning && {
    previousLogits: {
      logits: input('previousLogits', 'float32', ['P', config.vocabularySize]),
      row: input('previousRow', 'int32', ['B', 'L']),
    },
  }),
  ...(config.encoderAttention && { encodes: input('encodes', 'bool', [1]) }),
});

/** A network's latest logits as it is told them; row 0 stands for none, which no position has then. */
function previousFeeds(
  [B, L]: readonly number[],
  previousLogits: NdArray | undefined,
  { vocabularySize: V }: TransformerConfig,
) {
  return {
    previousLogits: previousLogits ?? { shape: [1, V], data: new Float32Array(V) },
    previousRow: {
      shape: [B, L],
      data: Int32Array.from({ length: B * L }, (_, i) => (previousLogits ? i + 1 : 0)),
    },
  };
}

/**
 * The inputs that every graph over the transformer has, by the same names.
 *
 * @param masks  1 where all rows have the same mask
 */
export function forwardInputs(
  keys = 'L',
  masks: Dim = 'B',
): Record<'tokens' | 'positions' | 'mask' | 'rows', Tensor> {
  return {
    tokens: input('tokens', 'int32', ['B', 'L']),
    positions: input('positions', 'int64', ['B', 'L']),
    mask: input('mask', 'bool', [masks, 'L', keys]),
    rows: input('rows', 'int32', ['R']),
  };
}

/** What `forwardInputs` are fed, the mask apart. */
export function forwardFeeds(
  config: TransformerConfig,
  tokens: NdArray<Int32Array>,
  rows: Int32Array,
  positions?: NdArray<Int32Array>,
): Record<'tokens' | 'positions' | 'rows', NdArray<Int32Array | BigInt64Array>> {
  const L = tokens.shape[1];
  return outputFeeds(
    tokens,
    config.shiftedLogits ? rows.map((row) => (row % L === 0 ? row : row - 1)) : rows,
    positions,
  );
}

/** The same for outputs as they are. */
const outputFeeds = (
  tokens: NdArray<Int32Array>,
  outputs: Int32Array,
  positions = defaultPositions(tokens.shape),
) => ({ tokens, positions: toInt64(positions), rows: vector(outputs) });

/**
 * The positions that anything is wanted of, as many of each sequence as of the one with most, and which of these the rows are.
 *
 * @param outputs  of the B · L   [R]
 */
function queryFeeds(
  [B, L]: readonly number[],
  outputs: Int32Array,
): Record<'queries' | 'rows', NdArray<Int32Array>> {
  const counts = new Int32Array(B);
  const places = outputs.map((output) => counts[Math.floor(output / L)]++);
  const Q = Math.max(...counts);
  // where fewer are wanted, the first position of the sequence is computed for nobody
  const queries = Int32Array.from({ length: B * Q }, (_, i) => Math.floor(i / Q) * L);
  const rows = outputs.map((output, r) => Math.floor(output / L) * Q + places[r]);
  for (const [r, row] of rows.entries()) queries[row] = outputs[r];
  return { queries: { shape: [B, Q], data: queries }, rows: vector(rows) };
}

/** From `start` on in every row.   [B, L] */
function defaultPositions([B, L]: readonly number[], start = 0): NdArray<Int32Array> {
  return { shape: [B, L], data: Int32Array.from({ length: B * L }, (_, i) => start + (i % L)) };
}

function toInt64({ shape, data }: NdArray<Int32Array>): NdArray<BigInt64Array> {
  // `BigInt64Array.from` takes twenty times as long, and a past may have many thousands
  const wide = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) wide[i] = BigInt(data[i]);
  return { shape, data: wide };
}

/** Numbers as an array of one axis. */
export const vector = <D extends Data>(data: D): NdArray<D> => ({ shape: [data.length], data });
