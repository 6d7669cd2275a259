/** A training step whose speed is reported: a network and a batch. */
export interface Shape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Inner width of the SwiGLU. */
  readonly hidden: number;
  /** Rows of the embedding and of the untied head, the mask token's among them. */
  readonly vocabularySize: number;
  readonly length: number;
  readonly batch: number;
}

export const shapes = {
  /** Characters: 65 symbols and the mask. */
  a: { layers: 6, width: 384, heads: 6, hidden: 1024, vocabularySize: 66, length: 256, batch: 16 },
  b: { layers: 8, width: 512, heads: 8, hidden: 1376, vocabularySize: 8192, length: 256, batch: 16 },
} as const satisfies Record<string, Shape>;

/**
 * The floating-point operations of one step, forward and backward, those of matrix products alone: 6 for each weight
 * and each row it meets, and 12 L D for each row of a layer's attention.
 *
 * @param scoredRows  the rows that the head is computed for
 */
export function flopsAStep(shape: Shape, scoredRows: number): number {
  const { layers, width, hidden, vocabularySize, length, batch } = shape;
  const rows = batch * length;
  const layer = 4 * width * width + 3 * width * hidden;
  return (
    6 * rows * layers * layer + 6 * scoredRows * vocabularySize * width + 12 * layers * rows * length * width
  );
}
