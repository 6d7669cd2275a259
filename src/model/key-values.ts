import type { NdArray } from '../array.ts';

/**
 * Keys (rotated) and values that a forward computed, so that later ones look at those positions without computing them
 * again. Their order doesn't matter: attention is a sum over keys, and what a query may look at goes by position.
 */
export interface KeyValues {
  /** [B, C] */
  readonly positions: NdArray<Int32Array>;
  /** Of every layer   [B, C, kvHeads · K] each */
  readonly layers: readonly KeyValue[];
}

interface KeyValue {
  readonly key: NdArray;
  readonly value: NdArray;
}

/** Of no position at all, for layers of these widths. */
export const noKeyValues = (B: number, widths: readonly number[]): KeyValues => ({
  positions: { shape: [B, 0], data: new Int32Array(0) },
  layers: widths.map((width) => ({ key: empty(B, width), value: empty(B, width) })),
});

const empty = (B: number, width: number): NdArray => ({ shape: [B, 0, width], data: new Float32Array(0) });

/** Those of one sequence at the positions that are kept. */
export function keepPositions(
  { positions, layers }: KeyValues,
  kept: (position: number) => boolean,
): KeyValues {
  const columns = [...positions.data.keys()].filter((c) => kept(positions.data[c]));
  // most often a beginning is kept: no copy then
  const isBeginning = columns.every((c, index) => c === index);
  const pick = ({ shape: [, , width], data }: NdArray): NdArray => {
    const shape = [1, columns.length, width];
    if (isBeginning) return { shape, data: data.subarray(0, columns.length * width) };
    const picked = new Float32Array(columns.length * width);
    for (const [index, c] of columns.entries())
      picked.set(data.subarray(c * width, (c + 1) * width), index * width);
    return { shape, data: picked };
  };
  return {
    positions: {
      shape: [1, columns.length],
      data: Int32Array.from(columns, (c) => positions.data[c]),
    },
    layers: layers.map(({ key, value }) => ({ key: pick(key), value: pick(value) })),
  };
}

/** Those of one sequence, from two forwards over different positions. */
export function joinKeyValues(a: KeyValues, b: KeyValues): KeyValues {
  const join = (x: NdArray, y: NdArray): NdArray => {
    const data = new Float32Array(x.data.length + y.data.length);
    data.set(x.data);
    data.set(y.data, x.data.length);
    return { shape: [1, x.shape[1] + y.shape[1], x.shape[2]], data };
  };
  const positions = Int32Array.from([...a.positions.data, ...b.positions.data]);
  return {
    positions: { shape: [1, positions.length], data: positions },
    layers: a.layers.map(({ key, value }, i) => ({
      key: join(key, b.layers[i].key),
      value: join(value, b.layers[i].value),
    })),
  };
}
