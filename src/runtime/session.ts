import type * as Ort from 'onnxruntime-node';
import { type NdArray, sizeOf } from '../base/array.ts';
import { DeviceLostError, InvalidOptionError, invariant, UnsupportedError } from '../base/errors.ts';
import type { OnnxModel } from '../graph/onnx.ts';
import type { DType, NamedType } from '../graph/tensor-type.ts';
import { showShape } from '../graph/shape.ts';
import { openEngine } from '#engine';
import type { Device } from './device.ts';
import { type EngineSession, type GraphEngine, firstLine, type WeightFiles } from './engine.ts';
import { LossWatch } from './loss-watch.ts';
import { Turns } from '../base/turns.ts';

/** Has weights at the locations of a graph while a session opens, where they don't lie in files for good. */
export interface WeightSource {
  /** Runs a function while they are there. */
  provide<Result>(locations: Iterable<string>, use: () => Promise<Result>): Promise<Result>;
}

/** How a graph is made ready to run. */
export interface SessionOptions {
  /** Default 'cpu'. */
  readonly device?: Device;
  /** The folder that the locations of external weights are relative to. */
  readonly folder?: string;
  /** What reads them, where there is no such folder. */
  readonly files?: WeightFiles;
  /** Where weights come from that are not in files. */
  readonly source?: WeightSource;
  /** Threads of the CPU; default: as many as there are cores. */
  readonly threads?: number;
  /**
   * Casts of weights are done in every run instead of once: the weights stay in memory in the type that they are stored in, and
   * the graph is optimised no further than 'basic'. Default false.
   */
  readonly keepStoredTypes?: boolean;
  /** It lives on a thread of its own, where the platform can, beside others that are opened. Default false. */
  readonly onThread?: boolean;
  /**
   * How long a thread of the CPU waits for work before it sleeps. To wake it takes longer than a product of few rows does, of
   * which a forward has many. Default 0.
   */
  readonly spinMicroseconds?: number;
}

/** The elements of a tensor that goes into a session or comes from it. */
export type Data = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
/** The inputs of a run, by name. */
export type Feeds = Readonly<Record<string, NdArray<Data>>>;

/** How a graph is run. */
export interface RunOptions<Output extends string = string> {
  /** Where outputs are to be written, by name. The others get memory of their own. */
  readonly into?: Readonly<Partial<Record<Output, NdArray<Data>>>>;
  /** The run is short: a GPU that takes longer than it may to open a session is taken for lost. Default false. */
  readonly isShort?: boolean;
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
  /** Gives the memory back; it can't run any more. */
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
  const engine = await openEngine(device);
  const { ort } = engine;
  const { watch, onDevice } = watched(engine, device);
  const answered: Answered = (work) => onDevice(work, engine.answerMs);
  const open = () => create(engine, model, { device, answered }, options);
  const turns = takesTurns[device];
  const inTurn = <Result>(work: () => Promise<Result>) => (turns ? turns.take(work) : work());
  const session = await inTurn(() => (source ? source.provide(model.locations, open) : open()));
  if (engine.lost) watch?.follow(engine.lost());

  return {
    device,
    async run(feeds, { into = {}, isShort = false, signal } = {}) {
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
      const run = () => onDevice(() => session.run(tensors, fetches), isShort ? engine.answerMs : undefined);
      // a run that never returns, of a device that is lost, gives its turn to the next
      const results = await inTurn(run).catch((error: unknown) => {
        if (watch?.isLost) throw error;
        throw new UnsupportedError(`${device}: ${firstLine(error)}`, { cause: error });
      });
      signal?.throwIfAborted();
      // not every engine writes outputs where it is told to
      for (const [name, array] of Object.entries<NdArray<Data>>(into as Record<string, NdArray<Data>>))
        if (results[name].data !== array.data) array.data.set(results[name].data as never);
      return Object.fromEntries(
        model.outputs.map(({ name }) => [
          name,
          {
            shape: results[name].dims,
            data: (into as RunOptions['into'])![name]?.data ?? (results[name].data as Data),
          },
        ]),
      ) as Record<Output, NdArray<Data>>;
    },
    // a device that is lost has given all of it back
    close: () => inTurn(async () => (watch?.isLost ? undefined : session.release())),
  };
}

/** What is done on a device, whose engine isn't asked again once it is lost or never answers. */
function watched(engine: GraphEngine, device: Device) {
  const watch = engine.lost && new LossWatch(device);
  const onDevice = async <Result>(work: () => Promise<Result>, answerMs?: number): Promise<Result> => {
    if (!watch) return work();
    try {
      return await watch.during(work, answerMs);
    } finally {
      if (watch.problem) engine.giveUp?.(watch.problem);
    }
  };
  return { watch, onDevice };
}

/** On WebGPU the engine crashes where two sessions run at the same time (onnxruntime #32561). */
const takesTurns: Readonly<Record<Device, Turns | undefined>> = {
  cpu: undefined,
  webgpu: new Turns(),
  cuda: undefined,
};

/** Waits for a device no longer than it may take. */
type Answered = <Result>(work: () => Promise<Result>) => Promise<Result>;

async function create(
  { ort, provider, remedy, onThread }: GraphEngine,
  model: OnnxModel,
  { device, answered }: { device: Device; answered: Answered },
  { folder, files, threads, keepStoredTypes = false, spinMicroseconds = 0, ...where }: SessionOptions,
): Promise<EngineSession> {
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: [provider],
    // warnings tell of nodes left on the CPU and of folding skipped, nothing that a person can act on
    logSeverityLevel: 3,
    // one block planned for all tensors of a run takes 1.7 times the memory of tensors that come and go, and no less time
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
        // threads that turn in a circle until there is work take the time of decoding, of HTTP and of the collector: never
        // between runs
        intra_op: {
          allow_spinning: spinMicroseconds > 0 ? '1' : '0',
          spin_duration_us: `${spinMicroseconds}`,
        },
        force_spinning_stop: '1',
      },
      ...(keepStoredTypes ? { optimization: { constant_folding_max_output_size_in_bytes: '65536' } } : {}),
    },
    // beyond 'basic' casts of constants are folded whatever their size; what it would fuse is written fused already
    ...(keepStoredTypes ? { graphOptimizationLevel: 'basic' as const } : {}),
  };
  const externalData = files && (await dataOf(model, files));
  try {
    if (where.onThread && onThread) return await onThread(model.bytes, options);
    return await answered(() =>
      ort.InferenceSession.create(model.bytes, { ...options, ...(externalData && { externalData }) }),
    );
  } catch (error) {
    if (error instanceof DeviceLostError) throw error;
    throw new UnsupportedError(`${device}: ${remedy}${firstLine(error)}`, { cause: error });
  }
}

/** The files that a graph's weights are in, as the engine takes them where it has no files of its own. */
const dataOf = ({ locations }: OnnxModel, files: WeightFiles) =>
  Promise.all(Array.from(locations, async (path) => ({ path, data: await files.read(path) })));

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

function toOrt(ort: GraphEngine['ort'], { dtype }: NamedType, { data, shape }: NdArray<Data>): Ort.Tensor {
  return new ort.Tensor(dtype as Exclude<DType, 'bfloat16'>, data as Float32Array, shape);
}

function intoOrt(
  ort: GraphEngine['ort'],
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
