import { isSudokuSolution, sudokuRules } from '../../src/base/sudoku-rules.ts';
import { givenAt, sideOf } from '../core/digit-grid.ts';

/** A text of digits as the grid that it is: what the question gives is set apart from what was written. */
export function DigitGrid({ text, question }: { readonly text: string; readonly question: string }) {
  return (
    <>
      <span class={`squares side-${sideOf(text)}`} aria-hidden="true">
        {[...text].map((digit, cell) => (
          <span key={cell} class="token final" data-given={givenAt(question, cell)}>
            <i>{digit === '0' ? '' : digit}</i>
          </span>
        ))}
      </span>
      <span class="hidden">{text}</span>
    </>
  );
}

/** Whether an answer obeys the rules, in words. */
export function Verdict({ answer, question }: { readonly answer: string; readonly question: string }) {
  const rules = sudokuRules(Math.sqrt(sideOf(question)!));
  return (
    <p class="help">
      {isSudokuSolution(rules, question, answer)
        ? '✓ Solved: each digit once in every row, column and box.'
        : '✗ No solution: a digit is twice in a row, a column or a box.'}
    </p>
  );
}
