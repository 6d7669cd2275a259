/** What pages open with, for a model that ships. */
export interface Example {
  /** A beginning to go on with. */
  readonly prompt: string;
  /** A text, and what of it is a hole. */
  readonly text: string;
  readonly hole: string;
}

const story: Example = {
  prompt: 'Once upon a time',
  text: `Once upon a time there was a little girl named Lily. She loved to play in the garden.
One day she found a red ball under the tree. She was very happy and ran to show it to her mom.
`,
  hole: 'found a red ball under the tree',
};

const examples: Readonly<Record<string, Example>> = {
  typescript: {
    prompt: 'export function sum(values: readonly number[]): number {\n',
    text: `export interface Point {
  readonly x: number;
  readonly y: number;
}

export function length(point: Point): number {
  return Math.sqrt(point.x ** 2 + point.y ** 2);
}
`,
    hole: 'number',
  },
  'sudoku-4': { ...story, prompt: '3102200002100320' },
};

/** The example for a model: a story where it has none of its own. The last part of a name is enough. */
export const exampleFor = (model: string | undefined): Example =>
  examples[model?.split('/').at(-1) ?? ''] ?? story;

/** Whether a prompt is as some model's example has it: nobody has typed one. */
export const isExamplePrompt = (prompt: string): boolean =>
  [story, ...Object.values(examples)].some((example) => example.prompt === prompt);
