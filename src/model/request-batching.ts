import { nextTurn } from '../base/next-turn.ts';
import type { NdArray } from '../base/array.ts';
import { countPositions, type KeyValues } from './key-values.ts';
import type { ForwardOptions, Network } from './network.ts';

/**
 * Positions that padding may add to a sequence: so many, or that share of its own. A forward over eight takes about 0.7 of
 * the time of eight forwards, so that more padding would cost what is saved.
 */
const maxPadding = { positions: 5, share: 0.3 };

/** Numbers for which memory is kept from one forward to the next, in one array: fresh memory costs more than what is copied there. */
const maxKept = 2 ** 20;

/** A forward over one sequence that waits for its turn. */
interface Waiting {
  /** What may share a forward with it has the same. */
  readonly kind: 'logits' | 'extend';
  readonly tokens: NdArray<Int32Array>;
  readonly rows: Int32Array;
  readonly past?: KeyValues;
  readonly options: ForwardOptions;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

interface Result {
  readonly logits: NdArray;
  readonly present?: KeyValues;
}

/**
 * A network whose concurrent callers share forwards: what is asked for while one runs waits, and runs together after it.
 * Sequences of different lengths are padded, and the padding isn't seen. Requests for whole batches go through as they are,
 * and those of a network that is told its previous logits.
 *
 * @param limit  sequences in one forward, at most
 */
export function batched(network: Network, limit = 16): Network {
  const queue: Waiting[] = [];
  const memoryOf = memoryKept();
  let isRunning = false;

  async function work(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    while (queue.length > 0) {
      // whoever was just answered gets the time to ask again
      await nextTurn();
      const batch = takeBatch(queue, limit);
      try {
        const results = batch.length > 0 ? await runTogether(network, batch, memoryOf) : [];
        for (const [b, { resolve, reject, options }] of batch.entries())
          if (options.signal?.aborted) reject(options.signal.reason);
          else resolve(results[b]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isRunning = false;
  }

  const enqueue = (request: Omit<Waiting, 'resolve' | 'reject'>): Promise<Result> =>
    new Promise((resolve, reject) => {
      queue.push({ ...request, resolve, reject });
      void work();
    });

  return {
    config: network.config,
    async logits(tokens, rows, options = {}) {
      if (tokens.shape[0] !== 1 || options.previousLogits) return network.logits(tokens, rows, options);
      return (await enqueue({ kind: 'logits', tokens, rows, options })).logits;
    },
    async extend(tokens, rows, past, options = {}) {
      if (tokens.shape[0] !== 1 || options.previousLogits) return network.extend(tokens, rows, past, options);
      const { logits, present } = await enqueue({ kind: 'extend', tokens, rows, past, options });
      return { logits, present: present! };
    },
    score: (...asked) => network.score(...asked),
    hidden: (...asked) => network.hidden(...asked),
    close: () => network.close(),
  };
}

/** The oldest request that still is wanted, and those that can share its forward; they leave the queue. */
function takeBatch(queue: Waiting[], limit: number): Waiting[] {
  const batch: Waiting[] = [];
  for (let i = 0; i < queue.length && batch.length < limit;) {
    const request = queue[i];
    const { signal } = request.options;
    const fits = batch.length === 0 || canShare(request, batch[0]);
    if (signal?.aborted) request.reject(signal.reason);
    else if (fits) batch.push(request);
    else {
      i++;
      continue;
    }
    queue.splice(i, 1);
  }
  return batch;
}

/**
 * Whether two requests are better off in one forward. A sequence is padded to the longest, so one that computes a whole canvas
 * would make those that compute a block of theirs, beside a past, as dear as itself.
 */
function canShare(a: Waiting, b: Waiting): boolean {
  const [shorter, longer] = [a.tokens.shape[1], b.tokens.shape[1]].toSorted((x, y) => x - y);
  const { reduce, encodes } = b.options;
  const isAlike = a.kind === b.kind && a.options.reduce === reduce && a.options.encodes === encodes;
  return isAlike && longer - shorter <= Math.max(maxPadding.positions, maxPadding.share * shorter);
}

/** Memory for so many numbers, under an index of its own; it is given out anew when that is asked for again. */
type MemoryOf = (index: number, length: number) => Float32Array;

function memoryKept(): MemoryOf {
  const kept: Float32Array[] = [];
  return (index, length) => {
    if (length > maxKept) return new Float32Array(length);
    if (!kept[index] || kept[index].length < length) kept[index] = new Float32Array(length);
    return kept[index].subarray(0, length);
  };
}

async function runTogether(
  network: Network,
  batch: readonly Waiting[],
  memoryOf: MemoryOf,
): Promise<Result[]> {
  if (batch.length === 1) {
    const [{ kind, tokens, rows, past, options }] = batch;
    const alone = { ...options, signal: undefined };
    if (kind === 'extend') return [await network.extend(tokens, rows, past, alone)];
    return [{ logits: await network.logits(tokens, rows, alone) }];
  }
  const L = Math.max(...batch.map(({ tokens }) => tokens.shape[1]));
  const C = Math.max(...batch.map(({ past }) => past?.positions.shape[1] ?? 0));
  const tokens = padded(batch, L, ({ tokens: { data } }) => data);
  const positions = padded(batch, L, ({ tokens: { data }, options, past }) => {
    const start = past ? countPositions(past) : 0;
    return options.positions?.data ?? data.map((_, i) => start + i);
  });
  const rows = Int32Array.from(batch.flatMap(({ rows: mine }, b) => Array.from(mine, (row) => b * L + row)));
  const { reduce, encodes } = batch[0].options;
  const options = { positions, attentionMask: maskOf(batch, L, C), reduce, encodes };
  if (batch[0].kind === 'logits') {
    const logits = await network.logits(tokens, rows, options);
    return split(batch, logits).map((mine) => ({ logits: mine }));
  }
  const result = await network.extend(tokens, rows, joinedPast(batch, memoryOf), options);
  return split(batch, result.logits).map((logits, b) => ({
    logits,
    present: presentOf(result.present, b, batch[b]),
  }));
}

/** One row a sequence, zeros behind its end   [B, L] */
function padded(
  batch: readonly Waiting[],
  L: number,
  of: (request: Waiting) => Int32Array,
): NdArray<Int32Array> {
  const data = new Int32Array(batch.length * L);
  for (const [b, request] of batch.entries()) data.set(of(request), b * L);
  return { shape: [batch.length, L], data };
}

/**
 * Where each query may look: nowhere at padding. Absent where there is none and nobody has a mask; the columns of a past tell
 * by themselves that they hold nothing.   [B, L, C + L]
 */
function maskOf(batch: readonly Waiting[], L: number, C: number): NdArray<Uint8Array> | undefined {
  const isPlain = batch.every(({ tokens, options }) => !options.attentionMask && tokens.shape[1] === L);
  if (isPlain) return undefined;
  const data = new Uint8Array(batch.length * L * (C + L));
  for (const [b, { tokens, past, options }] of batch.entries()) {
    const [l, c] = [tokens.shape[1], past?.positions.shape[1] ?? 0];
    const own = options.attentionMask?.data;
    for (let q = 0; q < l; q++) {
      const start = (b * L + q) * (C + L);
      for (let k = 0; k < c + l; k++) data[start + (k < c ? k : C + k - c)] = own ? own[q * (c + l) + k] : 1;
    }
  }
  return { shape: [batch.length, L, C + L], data };
}

/** The keys and values of all, zeros behind their end. */
function joinedPast(batch: readonly Waiting[], memoryOf: MemoryOf): KeyValues | undefined {
  const some = batch.find(({ past }) => past)?.past;
  if (!some) return undefined;
  const B = batch.length;
  const C = Math.max(...batch.map(({ past }) => past?.positions.shape[1] ?? 0));
  const positions = new Int32Array(B * C).fill(-1);
  for (const [b, { past }] of batch.entries()) if (past) positions.set(past.positions.data, b * C);
  const joined = (i: number, part: 'key' | 'value'): NdArray => {
    const [, kvHeads, , K] = some.layers[i][part].shape;
    const to = memoryOf(2 * i + Number(part === 'value'), B * kvHeads * C * K);
    for (const [b, { past }] of batch.entries()) {
      const from = past?.layers[i][part];
      const length = (from?.shape[2] ?? 0) * K;
      for (let head = 0; head < kvHeads; head++) {
        const start = (b * kvHeads + head) * C * K;
        if (from) to.set(from.data.subarray(head * length, (head + 1) * length), start);
        to.fill(0, start + length, start + C * K);
      }
    }
    return { shape: [B, kvHeads, C, K], data: to };
  };
  return {
    positions: { shape: [B, C], data: positions },
    layers: some.layers.map((_, i) => ({ key: joined(i, 'key'), value: joined(i, 'value') })),
  };
}

/** Of a batch's keys and values those of one sequence, without padding; they don't keep those of the others in memory. */
function presentOf({ positions, layers }: KeyValues, b: number, { tokens }: Waiting): KeyValues {
  const L = positions.shape[1];
  const length = tokens.shape[1];
  const mine = ({ shape: [, kvHeads, , K], data }: NdArray): NdArray => {
    const own = new Float32Array(kvHeads * length * K);
    for (let head = 0; head < kvHeads; head++) {
      const start = (b * kvHeads + head) * L * K;
      own.set(data.subarray(start, start + length * K), head * length * K);
    }
    return { shape: [1, kvHeads, length, K], data: own };
  };
  return {
    positions: { shape: [1, length], data: positions.data.slice(b * L, b * L + length) },
    layers: layers.map(({ key, value }) => ({ key: mine(key), value: mine(value) })),
  };
}

/** Each sequence's rows of a result. */
function split(batch: readonly Waiting[], { shape: [, n], data }: NdArray): NdArray[] {
  let start = 0;
  return batch.map(({ rows }) => {
    const from = start;
    start += rows.length;
    return { shape: [rows.length, n], data: data.subarray(from * n, start * n) };
  });
}
