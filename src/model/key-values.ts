import type { NdArray } from '../base/array.ts';

/**
 * Keys (rotated) and values that a forward computed, so that later ones look at those positions without computing them
 * again. Their order doesn't matter: attention is a sum over keys, and what a query may look at goes by position.
 */
export interface KeyValues {
  /** [B, C] */
  readonly positions: NdArray<Int32Array>;
  /** Of every layer   [B, C, kvHeads · K] each, or with room for more where there are `columns` */
  readonly layers: readonly LayerKeyValue[];
  /** Of one sequence: where in the layers each position is, ascending. Absent: they are all that is there.   [C] */
  readonly columns?: Int32Array;
}

interface LayerKeyValue {
  readonly key: NdArray;
  readonly value: NdArray;
}

/** Of no position at all, for layers of these widths. */
export const noKeyValues = (B: number, widths: readonly number[]): KeyValues => ({
  positions: { shape: [B, 0], data: new Int32Array(0) },
  layers: widths.map((width) => ({ key: empty(B, width), value: empty(B, width) })),
});

const empty = (B: number, width: number): NdArray => ({ shape: [B, 0, width], data: new Float32Array(0) });

/** Those of one sequence at the positions that are kept. Nothing is copied. */
export function keepPositions(memory: KeyValues, kept: (position: number) => boolean): KeyValues {
  const { positions, layers } = memory;
  const columns = columnsOf(memory);
  const picked = [...columns.keys()].filter((c) => kept(positions.data[c]));
  return {
    positions: row(picked, (c) => positions.data[c]),
    layers,
    columns: Int32Array.from(picked, (c) => columns[c]),
  };
}

/**
 * Those of one sequence, from two forwards over different positions. What `b` has is written where `a` has room, so that
 * neither may be used afterwards: a canvas that is predicted again and again keeps its memory in the same place.
 */
export function joinKeyValues(a: KeyValues, b: KeyValues): KeyValues {
  const [taken, more] = [columnsOf(a), columnsOf(b)];
  const room = a.layers[0].key.shape[1];
  const wanted = taken.length + more.length;
  const grown = wanted <= room ? room : Math.max(wanted, 2 * room);
  const isTaken = new Set(taken);
  const free: number[] = [];
  for (let c = 0; free.length < more.length; c++) if (!isTaken.has(c)) free.push(c);

  const join = (x: NdArray, y: NdArray): NdArray => {
    const width = x.shape[2];
    const data = grown === room ? x.data : new Float32Array(grown * width);
    if (data !== x.data) data.set(x.data.subarray(0, room * width));
    copyColumns({ from: y.data, columns: more }, { to: data, columns: free }, width);
    return { shape: [1, grown, width], data };
  };
  const places = [
    ...Array.from(taken, (column, i) => ({ column, position: a.positions.data[i] })),
    ...free.map((column, i) => ({ column, position: b.positions.data[i] })),
  ].sort((x, y) => x.column - y.column);
  return {
    positions: row(places, ({ position }) => position),
    layers: a.layers.map(({ key, value }, i) => ({
      key: join(key, b.layers[i].key),
      value: join(value, b.layers[i].value),
    })),
    columns: Int32Array.from(places, ({ column }) => column),
  };
}

/** Whether a network reads keys and values as they lie: without gaps, from the first column. */
export const isBeginning = ({ columns }: KeyValues): boolean =>
  columns === undefined || columns.every((column, c) => column === c);

/** The same without `columns`, as a network reads it; a copy unless what is kept is a beginning. */
export function packed(memory: KeyValues): KeyValues {
  const { positions, layers, columns } = memory;
  if (!columns) return memory;
  const isPacked = isBeginning(memory);
  const pack = ({ shape: [, , width], data }: NdArray): NdArray => {
    const shape = [1, columns.length, width];
    if (isPacked) return { shape, data: data.subarray(0, columns.length * width) };
    const to = new Float32Array(columns.length * width);
    copyColumns({ from: data, columns }, { to, columns: columns.map((_, c) => c) }, width);
    return { shape, data: to };
  };
  return { positions, layers: layers.map(({ key, value }) => ({ key: pack(key), value: pack(value) })) };
}

/** Where in its layers each position of one sequence is. */
export const columnsOf = ({ columns, positions }: KeyValues): Int32Array =>
  columns ?? positions.data.map((_, c) => c);

/** Copies columns of so many numbers, those that lie one behind the other in one go. */
export function copyColumns(
  { from, columns: sources }: { from: NdArray['data']; columns: ArrayLike<number> },
  { to, columns: targets }: { to: NdArray['data']; columns: ArrayLike<number> },
  width: number,
): void {
  for (let c = 0; c < sources.length;) {
    let n = 1;
    while (c + n < sources.length && sources[c + n] === sources[c] + n && targets[c + n] === targets[c] + n)
      n++;
    to.set(from.subarray(sources[c] * width, (sources[c] + n) * width), targets[c] * width);
    c += n;
  }
}

const row = <T>(items: readonly T[], of: (item: T) => number): NdArray<Int32Array> => ({
  shape: [1, items.length],
  data: Int32Array.from(items, of),
});
