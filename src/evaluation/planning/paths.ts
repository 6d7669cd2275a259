import { integerBelow } from '../../base/random.ts';
import { type Puzzle, type PuzzleKind, shuffledBy } from './puzzle.ts';

/** Steps from the start to the goal. */
const steps = 5;

/**
 * Minimal planning: the edges of two paths of five steps that cross in one node, in random order, then a start and a goal. The
 * answer is the way between them, edge by edge.
 *
 *     4,7/5,8/7,0/3,1/1,7/10,4/2,6/8,9/7,5/0,2-3,9  →  3,1/1,7/7,5/5,8/8,9
 *
 * At the crossing both ways go on for equally long, so which is right can't be told from nearby: one has to look ahead as far as
 * the goal is, the planning distance. It is 0 (they cross at the goal) to 5 (at the start), each as likely.
 */
export const paths: PuzzleKind = {
  summary: 'Minimal planning: the way from a start to a goal in a list of edges that also holds another way',
  make(draw): Puzzle {
    const nodes = shuffledBy(
      Array.from({ length: 2 * steps + 1 }, (_, node) => node),
      draw,
    );
    const way = nodes.slice(0, steps + 1);
    const crossing = integerBelow(steps + 1, draw());
    const others = nodes.slice(steps + 1);
    const other = [...others.slice(0, crossing), way[crossing], ...others.slice(crossing)];
    const edges = shuffledBy([...edgesOf(way), ...edgesOf(other)], draw);
    return {
      prompt: `${edges.join('/')}-${way[0]},${way[steps]}`,
      answer: edgesOf(way).join('/'),
    };
  },
  isSolved(prompt, answer) {
    const { edges, start, goal } = partsOf(prompt);
    const way = answer.split('/');
    const ends = way.map((edge) => edge.split(','));
    return (
      way.every((edge) => edges.includes(edge)) &&
      ends[0][0] === start &&
      ends.at(-1)![1] === goal &&
      ends.every(([from], i) => i === 0 || from === ends[i - 1][1])
    );
  },
};

/** How far ahead of a puzzle's crossing its goal is, in edges. */
export function planningDistance({ prompt, answer }: Puzzle): number {
  const { edges } = partsOf(prompt);
  const way = answer.split('/');
  const forks = way.findIndex((edge) => {
    const [from] = edge.split(',');
    return edges.filter((other) => other.split(',')[0] === from).length > 1;
  });
  return forks < 0 ? 0 : way.length - forks;
}

const edgesOf = (way: readonly number[]): string[] => way.slice(1).map((to, i) => `${way[i]},${to}`);

function partsOf(prompt: string): { edges: readonly string[]; start: string; goal: string } {
  const [list, ends = ''] = prompt.split('-');
  const [start, goal] = ends.split(',');
  return { edges: list.split('/'), start, goal };
}
