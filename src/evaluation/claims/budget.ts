/** How much is spent on a claim. */
export interface Budget {
  /** Trained with so many seeds each. */
  readonly seeds: number;
  /** Of the network that all text claims share. */
  readonly layers: number;
  readonly width: number;
  /** Windows of 64 tokens of an update; twice as many short ones. */
  readonly batch: number;
  /** Updates of a usual run of it. */
  readonly updates: number;
  /** Learning rates that are tried for each objective. */
  readonly rates: readonly number[];
  /** Windows of held-out text that are scored exactly. */
  readonly windows: number;
  /** Widths of the networks that scaling is seen in. */
  readonly widths: readonly number[];
  /** Questions, holes and puzzles that are asked. */
  readonly questions: number;
  /** Characters of text that is repeated. */
  readonly repeated: number;
  /** Tokens of a long text. */
  readonly longLength: number;
  /** The puzzle of claim m, and how many there are to learn. */
  readonly sudoku: 'sudoku-4' | 'sudoku-9';
  readonly puzzles: number;
}

/** Budgets by name, for two cores: how long they take is in docs/claims.md. */
export const budgets = {
  quick: {
    seeds: 2,
    layers: 2,
    width: 48,
    batch: 8,
    updates: 1200,
    rates: [2e-3, 5e-3],
    windows: 24,
    widths: [16, 32, 48],
    questions: 40,
    repeated: 4000,
    longLength: 128,
    sudoku: 'sudoku-4',
    puzzles: 8000,
  },
  hour: {
    seeds: 3,
    layers: 2,
    width: 48,
    batch: 8,
    updates: 2400,
    rates: [2e-3, 5e-3],
    windows: 48,
    widths: [16, 32, 48, 64],
    questions: 100,
    repeated: 8000,
    longLength: 128,
    sudoku: 'sudoku-4',
    puzzles: 16_000,
  },
  night: {
    seeds: 3,
    layers: 4,
    width: 128,
    batch: 16,
    updates: 6000,
    rates: [5e-4, 1e-3, 2e-3, 4e-3],
    windows: 96,
    widths: [32, 64, 96, 128],
    questions: 200,
    repeated: 64_000,
    longLength: 512,
    sudoku: 'sudoku-9',
    puzzles: 50_000,
  },
} as const satisfies Readonly<Record<string, Budget>>;

/** quick, hour or night. */
export type BudgetName = keyof typeof budgets;
