import { integerBelow } from '../../base/random.ts';
import { oneOf, type PuzzleKind } from './puzzle.ts';

/** What two numbers can be made into: the sentence, and what comes out. */
interface Step {
  readonly text: string;
  readonly result: number;
}

/** Targets of the published test sets, by how many numbers there are: nothing with them is learned from. */
const heldTargets = {
  3: [22, 24, 25, 30, 32, 50, 65, 67, 96],
  4: [14, 39, 41, 57, 62, 81, 87, 89, 96],
  5: [43, 48, 51, 68, 73, 80, 92, 95, 98],
} as const;

const [minTarget, maxTarget, maxNumber] = [10, 100, 99];

/**
 * Countdown: from n numbers of 1 to 99, each used once, by +, −, × and ÷ to a target of 10 to 100.
 *
 *     15,44,79,50  →  44-15=29,79-29=50
 *
 * Numbers are drawn until the target can be reached, and one of the ways there is the answer, each as likely. Tests have targets
 * that learning never has. The published test sets are so, too: their sums and products are written in the order of the numbers,
 * what is made stands last; no difference is below 0, no quotient has a rest.
 */
export function countdown(numbers: keyof typeof heldTargets): PuzzleKind {
  const held: readonly number[] = heldTargets[numbers];
  const learned = Array.from({ length: maxTarget - minTarget + 1 }, (_, k) => minTarget + k).filter(
    (target) => !held.includes(target),
  );
  return {
    summary: `Countdown: from ${numbers} numbers to a target by +, -, * and /`,
    make(draw, isHeld) {
      const target = oneOf(isHeld ? held : learned, draw);
      for (;;) {
        const given = Array.from({ length: numbers }, () => 1 + integerBelow(maxNumber, draw()));
        const ways = [...waysTo(target, given)];
        if (ways.length === 0) continue;
        const prompt = [...given, target].join();
        return { prompt, answer: oneOf(ways, draw).join() };
      }
    },
    isSolved: reaches,
  };
}

/** Every way from some numbers to a target, as equations in their order. */
function* waysTo(target: number, pool: readonly number[]): Generator<readonly string[], void, void> {
  if (pool.length === 1) {
    if (pool[0] === target) yield [];
    return;
  }
  for (let i = 0; i < pool.length; i++)
    for (let j = i + 1; j < pool.length; j++) {
      const rest = pool.filter((_, k) => k !== i && k !== j);
      for (const { text, result } of stepsOf(pool[i], pool[j]))
        for (const way of waysTo(target, [...rest, result])) yield [text, ...way];
    }
}

function stepsOf(a: number, b: number): Step[] {
  const [more, less] = a >= b ? [a, b] : [b, a];
  const steps: Step[] = [
    { text: `${a}+${b}=${a + b}`, result: a + b },
    { text: `${more}-${less}=${more - less}`, result: more - less },
    { text: `${a}*${b}=${a * b}`, result: a * b },
  ];
  if (less !== 0 && more % less === 0)
    steps.push({ text: `${more}/${less}=${more / less}`, result: more / less });
  return steps;
}

const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** Whether equations are right, use each number once, and end in the target: any way there counts. */
function reaches(prompt: string, answer: string): boolean {
  const pool = prompt.split(',').map(Number);
  const target = pool.pop();
  const equations = answer.split(',');
  if (equations.length !== pool.length - 1) return false;
  for (const equation of equations) {
    const parts = /^(\d+)([-+*/])(\d+)=(\d+)$/.exec(equation);
    if (!parts) return false;
    const [a, b, result] = [parts[1], parts[3], parts[4]].map(Number);
    for (const used of [a, b]) {
      const at = pool.indexOf(used);
      if (at < 0) return false;
      pool.splice(at, 1);
    }
    if (operations[parts[2]](a, b) !== result) return false;
    pool.push(result);
  }
  return pool[0] === target;
}
