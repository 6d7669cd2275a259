import { shortName } from '../core/model-name.ts';

/** What pages open with, for a model that ships. */
export interface Example {
  /** A beginning to go on with; '' of a model of which nobody knows what it has read. */
  readonly prompt: string;
  /** A text, and what of it is a hole. */
  readonly text: string;
  readonly hole: string;
  /** What stands in front of the hole, which tells it from others like it. */
  readonly before?: string;
}

const story: Example = {
  prompt: 'Once upon a time',
  text: `Once upon a time there was a little girl named Lily. She loved to play in the garden.
One day she found a red ball under the tree. She was very happy and ran to show it to her mom.
`,
  hole: 'found a red ball under the tree',
};

const sudoku: Example = { ...story, prompt: '3102200002100320' };

const paths: Example = { ...story, prompt: '8,9/3,4/7,0/9,6/2,7/4,2/1,10/0,5/10,2/2,8-3,5' };

const examples: Readonly<Record<string, Example>> = {
  stories: story,
  talk: story,
  typescript: {
    prompt: 'export function sum(values: readonly number[]): number {\n',
    text: `export class Point {
  constructor(readonly x: number, readonly y: number, readonly z: number) {}

  length(): number {
    return Math.sqrt(this.x * this.x + this.y * this.y + this.z * this.z);
  }
}
`,
    // of many that were tried one of the few that it fills rightly
    before: 'readonly y: ',
    hole: 'number',
  },
  'sudoku-4': sudoku,
  'sudoku-4-causal': sudoku,
  paths,
  'paths-causal': paths,
};

const unknown: Example = { ...story, prompt: '' };

/**
 * The example for a model: a plain text and no prompt where it has none of its own.
 *
 * @param model  undefined while no model is known: the first that ships
 */
export const exampleFor = (model: string | undefined): Example =>
  model === undefined ? story : (examples[shortName(model)] ?? unknown);

/** Whether a prompt is as some model's example has it: nobody has typed one. */
export const isExamplePrompt = (prompt: string): boolean =>
  [unknown, ...Object.values(examples)].some((example) => example.prompt === prompt);
