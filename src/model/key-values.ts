import type { NdArray } from '../base/array.ts';

/**
 * Keys (rotated) and values that a forward computed, so that later ones look at those positions without computing them
 * again. They lie by head, as attention reads them. Their order doesn't matter: attention is a sum over keys, and what a query
 * may look at goes by position.
 */
export interface KeyValues {
  /** The position in each column; −1 where there is none: nobody looks there   [B, C] */
  readonly positions: NdArray<Int32Array>;
  /** Of every layer   [B, kvHeads, C, K] each */
  readonly layers: readonly LayerKeyValue[];
}

interface LayerKeyValue {
  readonly key: NdArray;
  readonly value: NdArray;
}

/** How the keys and values of a layer lie. */
export interface KeyValueSize {
  readonly kvHeads: number;
  /** K */
  readonly headWidth: number;
}

/** Of no position at all: a free column, as no kernel of WebGPU takes tensors of none. */
export const noKeyValues = (B: number, layers: readonly KeyValueSize[]): KeyValues => ({
  positions: { shape: [B, 1], data: new Int32Array(B).fill(-1) },
  layers: layers.map(({ kvHeads, headWidth }) => {
    const free = { shape: [B, kvHeads, 1, headWidth], data: new Float32Array(B * kvHeads * headWidth) };
    return { key: free, value: free };
  }),
});

/** The mask of a text that has nothing before it, beside the free column of `noKeyValues`   [B, L, L] → [B, L, 1 + L] */
export function besideFreeColumn({ shape: [B, L], data }: NdArray<Uint8Array>): NdArray<Uint8Array> {
  const wider = new Uint8Array(B * L * (1 + L));
  for (let row = 0; row < B * L; row++) wider.set(data.subarray(row * L, (row + 1) * L), row * (1 + L) + 1);
  return { shape: [B, L, 1 + L], data: wider };
}

/** How many positions of the first sequence there are. */
export const countPositions = ({ positions: { shape, data } }: KeyValues): number =>
  data.subarray(0, shape[1]).reduce((count, position) => count + Number(position >= 0), 0);

/** Those of one sequence at the positions that are kept. Nothing is copied. */
export const keepPositions = (
  { positions, layers }: KeyValues,
  kept: (position: number) => boolean,
): KeyValues => ({
  positions: { ...positions, data: positions.data.map((i) => (i >= 0 && kept(i) ? i : -1)) },
  layers,
});

/** Room is made for so many more columns than are needed, as a share of them, so that it isn't made again at once. */
const spareShare = 1 / 8;
const leastSpare = 64;

/**
 * Those of one sequence, from two forwards over different positions. What `b` has is written where `a` has room, so that
 * neither may be used afterwards: a canvas that is predicted again and again keeps its memory in the same place.
 */
export function joinKeyValues(a: KeyValues, b: KeyValues): KeyValues {
  const room = a.positions.shape[1];
  const from = columnsOf(b, (position) => position >= 0);
  const free = columnsOf(a, (position) => position < 0);
  const missing = from.length - free.length;
  const columns =
    missing <= 0 ? room : room + missing + Math.max(leastSpare, Math.ceil(spareShare * (room + missing)));
  // the first of the free columns, and then those that are new
  const to = Int32Array.from(from, (_, i) => free[i] ?? room + i - free.length);

  const positions = new Int32Array(columns).fill(-1);
  positions.set(a.positions.data);
  for (const [i, column] of to.entries()) positions[column] = b.positions.data[from[i]];
  const join = (x: NdArray, y: NdArray): NdArray => {
    const roomy = columns === room ? x : withColumns(x, columns);
    copyColumns({ array: y, columns: from }, { array: roomy, columns: to });
    return roomy;
  };
  return {
    positions: { shape: [1, columns], data: positions },
    layers: a.layers.map(({ key, value }, i) => ({
      key: join(key, b.layers[i].key),
      value: join(value, b.layers[i].value),
    })),
  };
}

function columnsOf({ positions: { data } }: KeyValues, isMeant: (position: number) => boolean): Int32Array {
  const columns = new Int32Array(data.length);
  let count = 0;
  for (let column = 0; column < data.length; column++) if (isMeant(data[column])) columns[count++] = column;
  return columns.subarray(0, count);
}

/** The same with room for more columns, zeros   [1, kvHeads, C, K] → [1, kvHeads, columns, K] */
function withColumns(array: NdArray, columns: number): NdArray {
  const [B, kvHeads, C, K] = array.shape;
  const data = new Float32Array(B * kvHeads * columns * K);
  for (let head = 0; head < B * kvHeads; head++)
    data.set(array.data.subarray(head * C * K, (head + 1) * C * K), head * columns * K);
  return { shape: [B, kvHeads, columns, K], data };
}

interface Columns {
  /** [1, kvHeads, C, K] */
  readonly array: NdArray;
  readonly columns: Int32Array;
}

/** Copies columns of all heads, those that lie one behind the other in one go. */
function copyColumns({ array: x, columns: from }: Columns, { array: y, columns: to }: Columns): void {
  const [, kvHeads, roomX, K] = x.shape;
  const roomY = y.shape[2];
  for (let c = 0; c < from.length;) {
    let n = 1;
    while (c + n < from.length && from[c + n] === from[c] + n && to[c + n] === to[c] + n) n++;
    for (let head = 0; head < kvHeads; head++) {
      const start = (head * roomX + from[c]) * K;
      y.data.set(x.data.subarray(start, start + n * K), (head * roomY + to[c]) * K);
    }
    c += n;
  }
}
