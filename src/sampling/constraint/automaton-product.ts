import { type Automaton, checkStateCount } from './automaton.ts';
import { minimal } from './minimal.ts';

/** The texts that both languages have. */
export const intersection = (a: Automaton, b: Automaton): Automaton =>
  product(a, b, { goesOn: (p, q) => p >= 0 && q >= 0, accepts: (p, q) => p & q });

/** The texts of a language that another one hasn't. */
export const difference = (a: Automaton, b: Automaton): Automaton =>
  product(a, b, { goesOn: (p) => p >= 0, accepts: (p, q) => p & (1 - q) });

/** The automaton over pairs of states; of the second a state may be −1, where none of its texts goes on. */
function product(
  a: Automaton,
  b: Automaton,
  {
    goesOn,
    accepts,
  }: { goesOn: (p: number, q: number) => boolean; accepts: (p: number, q: number) => number },
): Automaton {
  const { classOf, classes, of } = jointClasses(a, b);
  const width = b.accepting.length + 1;
  const numbers = new Map<number, number>([[1, 0]]);
  const pairs: [number, number][] = [[0, 0]];
  const next: number[] = [];
  for (let k = 0; k < pairs.length; k++) {
    const [p, q] = pairs[k];
    for (let c = 0; c < classes; c++) {
      const to = a.next[p * a.classes + of[c][0]];
      const other = q < 0 ? -1 : b.next[q * b.classes + of[c][1]];
      if (!goesOn(to, other)) {
        next.push(-1);
        continue;
      }
      const key = to * width + other + 1;
      let number = numbers.get(key);
      if (number === undefined) {
        number = pairs.length;
        checkStateCount(number);
        numbers.set(key, number);
        pairs.push([to, other]);
      }
      next.push(number);
    }
  }
  const accepting = Uint8Array.from(pairs, ([p, q]) => accepts(a.accepting[p], q < 0 ? 0 : b.accepting[q]));
  return minimal({ accepting, classOf, classes, next: Int32Array.from(next) });
}

/** Classes of bytes that are one class in both. @returns  also the two classes that each is in */
function jointClasses(a: Automaton, b: Automaton) {
  const numbers = new Map<number, number>();
  const of: [number, number][] = [];
  const classOf = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const [inA, inB] = [a.classOf[byte], b.classOf[byte]];
    const key = inA * 256 + inB;
    if (!numbers.has(key)) {
      numbers.set(key, of.length);
      of.push([inA, inB]);
    }
    classOf[byte] = numbers.get(key)!;
  }
  return { classOf, classes: of.length, of };
}
