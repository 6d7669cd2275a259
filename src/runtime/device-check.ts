import { sizeOf } from '../base/array.ts';
import { DeviceLostError, UnsupportedError } from '../base/errors.ts';
import { attention, geluTanh, rmsNorm, rope, silu } from '../graph/composites.ts';
import { writeOnnx } from '../graph/onnx.ts';
import type { WriteOptions } from '../graph/onnx-writer.ts';
import { cast, gather, matmul } from '../graph/primitives.ts';
import { constant, input, type Tensor } from '../graph/tensor.ts';
import { openEngine } from '#engine';
import type { Device } from './device.ts';
import { type Feeds, openSession, type SessionOptions } from './session.ts';

/** What a device was found to compute of an operation that ONNX Runtime has a fused operator for, or may compute otherwise. */
export interface OperationCheck {
  /** Its name, as `expanded` of `writeOnnx` has it. */
  readonly operation: string;
  readonly case: string;
  /** The largest difference from the numbers of the CPU, which computes it written out, relative to the largest of them. */
  readonly error: number;
  /** The same where it is written out; undefined where the fused operator is right, and nothing was written out. */
  readonly expandedError?: number;
}

/** What each operation gives on a device, compared with the CPU. */
export interface DeviceCheck {
  readonly device: Device;
  readonly operations: readonly OperationCheck[];
  /** The operations that are wrong there with the fused operator, and right without. */
  readonly expanded: ReadonlySet<string>;
}

/** Some way in which the network uses an operation. */
interface Case {
  readonly operation: string;
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: Tensor[]) => Tensor;
}

/** GPUs round otherwise than CPUs, by parts in a million; what is wrong is wrong by parts in a hundred. */
const tolerance = 1e-3;

const attentionCase = (
  queries: number,
  keys: number,
  { heads, kvHeads, width }: { heads: number; kvHeads: number; width: number },
  biased: boolean,
): Case => ({
  operation: 'attention',
  name: `${queries} × ${keys} positions, ${kvHeads} of ${heads} heads${biased ? ', bias' : ''}`,
  shapes: [
    [1, queries, heads * width],
    [1, keys, kvHeads * width],
    [1, keys, kvHeads * width],
    ...(biased ? [[1, 1, queries, keys]] : []),
  ],
  build: (q, k, v, bias) => attention(q, k, v, { heads, kvHeads, bias }),
});

const positions = constant(
  Array.from({ length: 64 }, (_, i) => i),
  [1, 64],
  'int64',
);
const table = (f: (x: number) => number): Tensor =>
  constant(
    Array.from({ length: 64 * 16 }, (_, i) => f(Math.floor(i / 16) / 10 ** (i % 16))),
    [64, 16],
  );

const cases: readonly Case[] = [
  // kernels of GPUs change with the number of positions: prompts, long prompts, one token behind a cache
  attentionCase(64, 64, { heads: 4, kvHeads: 4, width: 32 }, false),
  attentionCase(64, 64, { heads: 4, kvHeads: 2, width: 32 }, true),
  attentionCase(512, 512, { heads: 2, kvHeads: 2, width: 64 }, true),
  attentionCase(1, 96, { heads: 4, kvHeads: 2, width: 64 }, false),
  {
    operation: 'rope',
    name: '64 positions',
    shapes: [[1, 64, 64]],
    build: (x) => rope(x, positions, table(Math.cos), table(Math.sin), 2),
  },
  {
    operation: 'rmsNorm',
    name: '64 rows of 96',
    shapes: [[1, 64, 96], [96]],
    build: (x, weight) => rmsNorm(x, weight, 1e-5),
  },
  { operation: 'silu', name: '64 rows of 96', shapes: [[1, 64, 96]], build: silu },
  { operation: 'geluTanh', name: '64 rows of 96', shapes: [[1, 64, 96]], build: geluTanh },
  {
    operation: 'matmul',
    name: 'x Wᵀ, 64 × 96 × 80',
    shapes: [
      [1, 64, 96],
      [80, 96],
    ],
    build: (x, weight) => matmul(x, weight, { transB: true }),
  },
  {
    operation: 'matmul',
    name: 'xᵀ y, 64 × 96 × 80',
    shapes: [
      [64, 96],
      [64, 80],
    ],
    build: (x, y) => matmul(x, y, { transA: true, alpha: 0.5 }),
  },
];

/** Rows of a table in 16 bits, which not every GPU can read: the table is then cast before. */
const halfRows: Case = {
  operation: 'castRows',
  name: '3 rows of 96 in 16 bits',
  shapes: [[8, 96]],
  build: (x) => cast(gather(cast(x, 'float16'), constant([1, 7, 1], [3], 'int32')), 'float32'),
};

/** The checks that were made: what a device computes doesn't change while the process lives. */
const made = new Map<Device, Promise<DeviceCheck>>();

/**
 * Compares what a device computes with the CPU, once. The kernels of GPUs are sometimes wrong for some sizes without a word
 * (onnxruntime #26715, #28520): a network is then written without those.
 *
 * @throws UnsupportedError  when the device isn't there, or is wrong even where an operation is written out
 */
export function checkDevice(device: Device): Promise<DeviceCheck> {
  const known = made.get(device);
  if (known) return known;
  const check = device === 'cpu' ? Promise.resolve(trusted) : compareWithCpu(device);
  made.set(device, check);
  check.catch(() => made.delete(device));
  return check;
}

/** The tests of this project hold the CPU's fused operators against their expansions. */
const trusted: DeviceCheck = { device: 'cpu', operations: [], expanded: new Set() };

/** As `checkDevice`, anew, and the CPU's own fused operators, too. */
export async function compareWithCpu(device: Device): Promise<DeviceCheck> {
  // in a page the engine of a GPU has the CPU, too, and is there, however long it took to come, before the GPU is waited for
  await openEngine(device);
  const right = await outputsOf(cases, { device: 'cpu' }, 'all');
  const fused = await outputsOf(cases, { device });
  const errors = fused.map((values, i) => relativeError(values, right[i]));
  const expanded = new Set(
    cases.filter((_, i) => !(errors[i] < tolerance)).map(({ operation }) => operation),
  );
  const half = await checkHalves(device);
  const again = cases.flatMap(({ operation }, i) => (expanded.has(operation) ? [i] : []));
  const written =
    again.length > 0
      ? await outputsOf(
          again.map((i) => cases[i]),
          { device },
          expanded,
        )
      : [];
  const operations = cases.map(({ operation, name }, i): OperationCheck => {
    const values = again.includes(i) ? written[again.indexOf(i)] : undefined;
    const check = { operation, case: name, error: errors[i] };
    return values ? { ...check, expandedError: relativeError(values, right[i]) } : check;
  });
  const wrong = operations.find(({ expandedError = 0 }) => !(expandedError < tolerance));
  if (wrong)
    throw new UnsupportedError(
      `${device}: computes ${wrong.operation} of ${wrong.case} wrongly, by ${wrong.expandedError!.toPrecision(2)} of the largest number; another driver may be right, and the CPU is`,
    );
  if (!(half.error < tolerance)) expanded.add(half.operation);
  return { device, operations: [...operations, half], expanded };
}

/** A GPU without halves fails at them, where others are wrong. */
async function checkHalves(device: Device): Promise<OperationCheck> {
  const { operation, name } = halfRows;
  const [right] = await outputsOf([halfRows], { device: 'cpu' });
  const [values] = await outputsOf([halfRows], { device }).catch((error: unknown) => {
    if (error instanceof UnsupportedError && !(error instanceof DeviceLostError))
      return [new Float32Array(right.length).fill(Number.NaN)];
    throw error;
  });
  return { operation, case: name, error: relativeError(values, right) };
}

/** The numbers that each case gives on a device. What is fed is no constant: the engine would compute with those itself. */
async function outputsOf(
  which: readonly Case[],
  where: SessionOptions,
  expanded?: WriteOptions['expanded'],
): Promise<Float32Array[]> {
  const feeds: Record<string, Feeds[string]> = {};
  const outputs = which.map(({ shapes, build }, i): [string, Tensor] => {
    const inputs = shapes.map((shape, j) => {
      feeds[`x${i}.${j}`] = { shape, data: wave(sizeOf(shape), j) };
      return input(`x${i}.${j}`, 'float32', shape);
    });
    return [`y${i}`, build(...inputs)];
  });
  const session = await openSession(writeOnnx(Object.fromEntries(outputs), { expanded }), where);
  try {
    const results = await session.run(feeds, { isShort: true });
    return outputs.map(([name]) => results[name].data as Float32Array);
  } finally {
    await session.close();
  }
}

/** Numbers from −2 to 2 that don't repeat. */
const wave = (length: number, phase: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 2 * Math.sin(i * 12.9898 + (i % 17) + 7 * phase));

function relativeError(values: Float32Array, right: Float32Array): number {
  let [largest, difference] = [0, 0];
  for (const [i, value] of right.entries()) {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(values[i] - value)); // NaN stays NaN
  }
  return difference / largest;
}
