// Draws a Sudoku being solved as an animated SVG, for the README: what was given, the answer while it is unmasked, and in which order
// open cells were written. A model from left to right would have to begin with the first, which two digits fit until others are known.
//
//     node dist/recipes/record-puzzle.js OUTPUT.svg [--model DIRECTORY] [--puzzle DIGITS]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { styleOf } from '../src/cli/terminal/cells.ts';
import type { LaidOutLine } from '../src/cli/terminal/layout.ts';
import { load } from '../src/index.ts';
import { animatedSvg } from '../studio/core/animated-svg.ts';
import { root } from './recipe.ts';

type Piece = LaidOutLine['pieces'][number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: join(root, 'models/puzzles/sudoku-4') },
    puzzle: { type: 'string', default: '0003300104302310' },
  },
});
const [output] = positionals;
const { puzzle } = values;
const size = Math.sqrt(puzzle.length);
const box = Math.sqrt(size);
if (!output || !Number.isInteger(box)) {
  process.stderr.write(
    'usage: record-puzzle OUTPUT.svg [--model DIRECTORY] [--puzzle DIGITS, 0 where a cell is open]\n',
  );
  process.exit(2);
}

const plain = (text: string): Piece => ({ text, style: 'sure', fresh: false });
const gap = plain('      ');

/** A line across a grid, and a row of one: a piece for each cell. */
const rule: Piece[] = Array.from({ length: box }, (_, b) => [
  plain(b === 0 ? '' : '┼'),
  plain('─'.repeat(2 * box + 1)),
]).flat();
const rowOf = (cells: readonly Piece[]): Piece[] => [
  ...cells.flatMap((cell, c) => [plain(c > 0 && c % box === 0 ? ' │ ' : ' '), cell]),
  plain(' '),
];

/** Grids beside each other, each with a heading. */
function drawn(grids: readonly (readonly [heading: string, cells: readonly Piece[]])[]): LaidOutLine[] {
  const width = rowOf(grids[0][1].slice(0, size)).reduce((sum, { text }) => sum + text.length, 0);
  const lines: Piece[][] = [grids.flatMap(([heading]) => [plain(heading.padEnd(width)), gap])];
  for (let row = 0; row < size; row++) {
    if (row > 0 && row % box === 0) lines.push(grids.flatMap(() => [...rule, gap]));
    lines.push(grids.flatMap(([, cells]) => [...rowOf(cells.slice(row * size, (row + 1) * size)), gap]));
  }
  return lines.map((pieces) => ({ pieces, width: 0, busy: false }));
}

const model = await load(values.model);
const given = Array.from(puzzle, (digit): Piece =>
  digit === '0' ? { text: '·', style: 'mask', fresh: false } : { text: digit, style: 'given', fresh: false },
);
const order = new Map<number, number>();
const sure = new Map<number, number>();
const frames: LaidOutLine[][] = [];
let first = -1;
await model.generate({
  messages: [{ role: 'user', content: puzzle }],
  length: puzzle.length + 1,
  onFrame({ tokens, changed, confidence }) {
    if (first < 0) first = tokens.indexOf(model.maskId);
    for (const position of changed) {
      if (puzzle[position - first] === '0') order.set(position - first, order.size + 1);
      sure.set(position - first, confidence[position]);
    }
    const cells = Array.from({ length: puzzle.length }, (_, cell): Piece => {
      const token = tokens[first + cell];
      if (token === model.maskId) return { text: '░', style: 'mask', fresh: false };
      const isGiven = puzzle[cell] !== '0';
      return {
        text: model.tokenizer.decode([token]),
        style: isGiven ? 'given' : styleOf(sure.get(cell) ?? 1),
        fresh: false,
      };
    });
    const written = cells.map((_, cell): Piece => {
      const at = order.get(cell);
      if (at === undefined) return { text: '·', style: 'mask', fresh: false };
      return { text: at.toString(36), style: 'likely', fresh: false };
    });
    frames.push(
      drawn([
        ['given', given],
        ['answer', cells],
        ['order', written],
      ]),
    );
  },
});
await model.close();

const columns = frames[0][0].pieces.reduce((sum, { text }) => sum + text.length, 0);
const title = `A Sudoku being solved in ${frames.length - 1} steps, the surest cells first`;
writeFileSync(output, animatedSvg(frames, { columns, frameSeconds: 0.7, restSeconds: 5, title }));
process.stderr.write(`${output}: ${frames.length} frames\n`);
