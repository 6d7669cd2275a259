import type * as Ort from 'onnxruntime-node';
import { type NdArray, sizeOf } from '../base/array.ts';
import { InvalidOptionError, invariant, UnsupportedError } from '../base/errors.ts';
import type { OnnxModel } from '../graph/onnx.ts';
import type { DType, NamedType } from '../graph/tensor-type.ts';
import { showShape } from '../graph/shape.ts';
import type { Device } from './device.ts';
import { Turns } from './turns.ts';

/** Has weights at the locations of a graph while a session opens, where they don't lie in files for good. */
export interface WeightSource {
  /** Runs a function while they are there. */
  provide<Result>(locations: Iterable<string>, use: () => Promise<Result>): Promise<Result>;
}

export interface SessionOptions {
  /** Default 'cpu'. */
  readonly device?: Device;
  /** The folder that the locations of external weights are relative to. */
  readonly folder?: string;
  /** Where weights come from that are not in files. */
  readonly source?: WeightSource;
  /** Threads of the CPU; default: as many as there are cores. */
  readonly threads?: number;
  /**
   * Casts of weights are done in every run instead of once: the weights stay in memory in the type that they are stored in.
   * Default false.
   */
  readonly keepStoredTypes?: boolean;
}

export type Data = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
export type Feeds = Readonly<Record<string, NdArray<Data>>>;

export interface RunOptions<Output extends string = string> {
  /** Where outputs are to be written, by name. The others get memory of their own. */
  readonly into?: Readonly<Partial<Record<Output, NdArray<Data>>>>;
  readonly signal?: AbortSignal;
}

/** A graph made ready to run on a device. */
export interface Session<Output extends string = string> {
  readonly device: Device;
  /**
   * Runs the graph.
   *
   * @throws InvalidOptionError  when what is fed does not fit the graph's inputs
   * @throws UnsupportedError    when the device fails; the message names the node
   */
  run(feeds: Feeds, options?: RunOptions<Output>): Promise<Readonly<Record<Output, NdArray<Data>>>>;
  close(): Promise<void>;
}

/** @throws UnsupportedError  when the device is not there or cannot run the graph */
export async function openSession<Output extends string = string>(
  model: OnnxModel,
  { device = 'cpu', source, ...options }: SessionOptions = {},
): Promise<Session<Output>> {
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1))
    throw new InvalidOptionError('threads', 'must be a whole number from 1 up', threads);
  const ort = await engine();
  const open = () => create(ort, model, device, options);
  const turns = takesTurns[device];
  const inTurn = <Result>(work: () => Promise<Result>) => (turns ? turns.take(work) : work());
  const session = await inTurn(() => (source ? source.provide(model.locations, open) : open()));
  const release = () => inTurn(() => session.release());

  return {
    device,
    async run(feeds, { into = {}, signal } = {}) {
      signal?.throwIfAborted();
      const sizes = bindDimensions(model.inputs, feeds);
      const tensors = Object.fromEntries(
        model.inputs.map((type) => [type.name, toOrt(ort, type, feeds[type.name])]),
      );
      const fetches = Object.fromEntries(
        model.outputs.map((type) => [
          type.name,
          intoOrt(ort, type, (into as RunOptions['into'])![type.name], sizes),
        ]),
      );
      const results = await inTurn(() => session.run(tensors, fetches)).catch((error: unknown) => {
        throw new UnsupportedError(`${device}: ${firstLine(error)}`, { cause: error });
      });
      signal?.throwIfAborted();
      return Object.fromEntries(
        model.outputs.map(({ name }) => [
          name,
          { shape: results[name].dims, data: results[name].data as Data },
        ]),
      ) as Record<Output, NdArray<Data>>;
    },
    close: release,
  };
}

/** On WebGPU the engine crashes where two sessions run at the same time (onnxruntime #32561). */
const takesTurns: Readonly<Record<Device, Turns | undefined>> = {
  cpu: undefined,
  webgpu: new Turns(),
  cuda: undefined,
};

/** What is missing most often where a device cannot be opened. */
const remedies: Readonly<Record<Device, string>> = {
  cpu: 'the graph cannot be prepared: ',
  webgpu:
    'cannot be opened; it needs a graphics driver (on Linux one for Vulkan, named by VK_DRIVER_FILES): ',
  cuda: 'cannot be opened; it needs an NVIDIA driver, CUDA 12 and onnxruntime-node installed with its CUDA provider: ',
};

type Engine = typeof Ort;

/**
 * The engine. It is an optional dependency, as its install script may fail where the engine itself would not: npm then goes
 * on without it.
 *
 * @throws UnsupportedError  where it isn't there; it says how to get it
 */
async function engine(): Promise<Engine> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    const problem = isMissing
      ? "onnxruntime-node, which runs the networks, isn't installed: npm leaves it out where its install script can't reach the server of CUDA's libraries; to have it without them, type ONNXRUNTIME_NODE_INSTALL=skip npm install (-g unmask, if you installed it so)"
      : `onnxruntime-node, which runs the networks, can't be loaded here: ${firstLine(cause)}`;
    throw new UnsupportedError(problem, { cause });
  }
}

async function create(
  ort: Engine,
  model: OnnxModel,
  device: Device,
  { folder, threads, keepStoredTypes = false }: SessionOptions,
) {
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    // warnings tell of nodes left on the CPU and of folding skipped, nothing that a person can act on
    logSeverityLevel: 3,
    // one block planned for all tensors of a run takes 1.7 times the memory of tensors that come and go, and no less time
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
        // threads that turn in a circle until there is work take the time of decoding, of HTTP and of the collector
        intra_op: { allow_spinning: '0' },
      },
      ...(keepStoredTypes ? { optimization: { constant_folding_max_output_size_in_bytes: '65536' } } : {}),
    },
    // beyond 'basic' casts of constants are folded whatever their size; what it would fuse is written fused already
    ...(keepStoredTypes ? { graphOptimizationLevel: 'basic' as const } : {}),
  };
  try {
    return await ort.InferenceSession.create(model.bytes, options);
  } catch (error) {
    throw new UnsupportedError(`${device}: ${remedies[device]}${firstLine(error)}`, { cause: error });
  }
}

/** The sizes of the named dimensions, read off what is fed. */
function bindDimensions(inputs: readonly NamedType[], feeds: Feeds): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, shape } of inputs) {
    const given = feeds[name]?.shape;
    if (!given)
      throw new InvalidOptionError(
        name,
        `is an input of the graph, of shape ${showShape(shape)}, and has to be given`,
        given,
      );
    const fits =
      given.length === shape.length &&
      shape.every((dim, axis) => {
        const expected = typeof dim === 'number' ? dim : sizes.get(dim);
        if (expected === undefined) sizes.set(dim as string, given[axis]);
        return expected === undefined || expected === given[axis];
      });
    if (!fits) {
      const known = shape.map((dim) =>
        sizes.has(dim as string) ? `${dim} = ${sizes.get(dim as string)}` : dim,
      );
      throw new InvalidOptionError(name, `must have the shape ${showShape(known)}`, given);
    }
    if (sizeOf(given) !== feeds[name].data.length)
      throw new InvalidOptionError(
        name,
        `must have ${sizeOf(given)} elements for its shape ${showShape(given)}`,
        feeds[name].data.length,
      );
  }
  return sizes;
}

function toOrt(ort: Engine, { dtype }: NamedType, { data, shape }: NdArray<Data>): Ort.Tensor {
  return new ort.Tensor(dtype as Exclude<DType, 'bfloat16'>, data as Float32Array, shape);
}

function intoOrt(
  ort: Engine,
  type: NamedType,
  array: NdArray<Data> | undefined,
  sizes: ReadonlyMap<string, number>,
): Ort.Tensor | null {
  if (!array) return null;
  const expected = type.shape.map((dim) => (typeof dim === 'number' ? dim : sizes.get(dim)));
  invariant(
    expected.every((dim, axis) => dim === undefined || dim === array.shape[axis]),
    `output ${type.name} has shape ${showShape(type.shape)}, its buffer ${showShape(array.shape)}`,
  );
  return toOrt(ort, type, array);
}

/** What the engine says, without the place in its sources. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split('\n')[0]
    .replace(/^\/onnxruntime_src\/.* was false\. (?=.)/, '');
