/** What a terminal is known by. */
export interface WorkShape {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** As a stream says it; a terminal that doesn't know its size, as mpirun makes one for its first rank, says 0. */
export const shapeOf = ({ isTTY, columns, rows }: WorkShape): WorkShape => ({
  isTTY,
  columns: columns || undefined,
  rows: rows || undefined,
});

/** What the thread of a command is begun with. */
export interface ReportedWork {
  readonly args: readonly string[];
  readonly stdin: Pick<WorkShape, 'isTTY'>;
  readonly stdout: WorkShape;
  readonly stderr: WorkShape;
}

/** To the thread of a command. */
export type ToWork =
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'shape'; readonly stdout: WorkShape; readonly stderr: WorkShape }
  /** What stdin holds next, or why it can't be read; nothing at its end. */
  | { readonly kind: 'stdin'; readonly chunk?: Uint8Array; readonly problem?: string };

/** From it. */
export type FromWork =
  | { readonly kind: 'write'; readonly to: 'stdout' | 'stderr'; readonly text: string }
  /** Wants the next of stdin, which isn't touched before. */
  | { readonly kind: 'read' }
  /** What was begun now must not be cut off. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'done'; readonly code: number };
