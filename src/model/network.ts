import type { NdArray } from '../array.ts';
import { crossEntropy } from '../graph/composites.ts';
import { type ExternalData, type OnnxModel, type QuantisedData, writeOnnx } from '../graph/onnx.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import { type Data, type Device, type Feeds, openSession, type Session } from '../runtime/session.ts';
import type { TensorNames, TransformerConfig } from './config.ts';
import { transformer } from './transformer.ts';

/** Weights that lie in files: the session reads them from there, at the bytes where they are. */
export interface StoredWeights {
  readonly folder: string;
  locate(name: string): ExternalData | QuantisedData;
  /** They stay in memory as they are stored, at the cost of a cast in every forward. */
  readonly keepTypes?: boolean;
}

/** Weights in memory that change between runs: those of a model in training. */
export interface LiveWeights {
  arrays(): ReadonlyMap<string, NdArray>;
}

/** What a forward may be told beside the tokens. */
export interface ForwardOptions {
  /** 1 where a query (second axis) may look at a key (third)   [B, L, L] */
  readonly attentionMask?: NdArray<Uint8Array>;
  /** Default 0 … L − 1 in every row   [B, L] */
  readonly positions?: NdArray<Int32Array>;
  readonly signal?: AbortSignal;
}

/** A network ready to run. Rows are indices into the flattened B · L positions. */
export interface Network {
  readonly config: TransformerConfig;
  /** Logits of x_0 in some rows.   tokens [B, L], rows [R] → [R, V] */
  logits(tokens: NdArray<Int32Array>, rows: Int32Array, options?: ForwardOptions): Promise<NdArray>;
  /** −log p_θ(target) in some rows, in nats.   tokens [B, L], rows [R], targets [R] → [R] */
  score(
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    targets: Int32Array,
    options?: ForwardOptions,
  ): Promise<Float32Array>;
  close(): Promise<void>;
}

export function openNetwork(
  config: TransformerConfig,
  names: TensorNames,
  weights: StoredWeights | LiveWeights,
  options: { readonly device?: Device; readonly threads?: number } = {},
): Network {
  const live = 'arrays' in weights ? weights : undefined;
  const stored = 'arrays' in weights ? undefined : weights;
  const sessions = new Map<string, Promise<Session<'result'>>>();

  /** One session for each way of asking; each is made when it's first asked for. */
  function session(kind: 'logits' | 'score', masked: boolean): Promise<Session<'result'>> {
    const key = `${kind} ${masked}`;
    let opened = sessions.get(key);
    if (!opened) {
      opened = openSession(forwardModel(config, names, kind, masked, stored?.locate), {
        ...options,
        folder: stored?.folder,
        keepStoredTypes: stored?.keepTypes,
      });
      sessions.set(key, opened);
    }
    return opened;
  }

  async function run(
    kind: 'logits' | 'score',
    tokens: NdArray<Int32Array>,
    rows: Int32Array,
    extra: Feeds,
    { attentionMask, positions, signal }: ForwardOptions = {},
  ): Promise<NdArray> {
    const feeds: Feeds = {
      ...forwardFeeds(config, tokens, rows, positions),
      ...(attentionMask && { mask: attentionMask }),
      ...extra,
      ...(live && Object.fromEntries(live.arrays())),
    };
    const { result } = await (await session(kind, attentionMask !== undefined)).run(feeds, { signal });
    return result as NdArray;
  }

  return {
    config,
    logits: (tokens, rows, forward) => run('logits', tokens, rows, {}, forward),
    async score(tokens, rows, targets, forward) {
      const { data } = await run('score', tokens, rows, { targets: vector(targets) }, forward);
      return data;
    },
    async close() {
      for (const opened of sessions.values()) await (await opened).close();
      sessions.clear();
    },
  };
}

function forwardModel(
  config: TransformerConfig,
  names: TensorNames,
  kind: 'logits' | 'score',
  masked: boolean,
  weights?: StoredWeights['locate'],
): OnnxModel {
  const { mask, ...others } = forwardInputs();
  const logits = transformer(config, names, masked ? { ...others, mask } : others);
  const result = kind === 'logits' ? logits : crossEntropy(logits, input('targets', 'int32', ['R']));
  return writeOnnx({ result }, { weights });
}

/** The inputs that every graph over the transformer has, by the same names. */
export function forwardInputs(): Record<'tokens' | 'positions' | 'mask' | 'rows', Tensor> {
  return {
    tokens: input('tokens', 'int32', ['B', 'L']),
    positions: input('positions', 'int64', ['B', 'L']),
    mask: input('mask', 'bool', ['B', 'L', 'L']),
    rows: input('rows', 'int32', ['R']),
  };
}

/** What `forwardInputs` are fed, the mask apart. */
export function forwardFeeds(
  config: TransformerConfig,
  tokens: NdArray<Int32Array>,
  rows: Int32Array,
  positions = defaultPositions(tokens.shape),
): Record<'tokens' | 'positions' | 'rows', NdArray<Int32Array | BigInt64Array>> {
  const L = tokens.shape[1];
  const outputs = config.shiftedLogits ? rows.map((row) => (row % L === 0 ? row : row - 1)) : rows;
  return { tokens, positions: toInt64(positions), rows: vector(outputs) };
}

/** 0 … L − 1 in every row.   [B, L] */
function defaultPositions([B, L]: readonly number[]): NdArray<Int32Array> {
  return { shape: [B, L], data: Int32Array.from({ length: B * L }, (_, i) => i % L) };
}

const toInt64 = ({ shape, data }: NdArray<Int32Array>): NdArray<BigInt64Array> => ({
  shape,
  data: BigInt64Array.from(data, BigInt),
});

export const vector = <D extends Data>(data: D): NdArray<D> => ({ shape: [data.length], data });
