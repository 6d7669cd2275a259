import { uniforms } from '../src/base/random.ts';
import type { Automaton } from '../src/sampling/constraint/automaton.ts';

/** A text of a language, drawn byte by byte; behind so many bytes it goes the shortest way to an end. */
export function randomText(automaton: Automaton, seed: number, length = 40): string {
  const { accepting, classOf, classes, next } = automaton;
  const uniform = uniforms(seed, 'synthetic');
  let draws = 0;
  const below = (n: number): number => Math.floor(n * uniform(draws++));
  const distance = known.get(automaton) ?? distances(automaton);
  known.set(automaton, distance);
  const written: number[] = [];
  for (let state = 0; ;) {
    const isEnough = written.length >= length;
    if (accepting[state] && (isEnough || below(3) === 0 || distance[state] === Infinity)) break;
    const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
      const to = next[state * classes + classOf[byte]];
      return to >= 0 && (!isEnough || distance[to] < distance[state]);
    });
    if (bytes.length === 0) break;
    // each class as often as another: within a string most bytes are letters
    const kinds = [...new Set(bytes.map((byte) => classOf[byte]))];
    const kind = kinds[below(kinds.length)];
    const chosen = bytes.filter((byte) => classOf[byte] === kind);
    written.push(chosen[below(chosen.length)]);
    state = next[state * classes + classOf[written.at(-1)!]];
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(written));
}

const known = new WeakMap<Automaton, readonly number[]>();

/** How many bytes it is from each state to an end at least. */
function distances({ accepting, classes, next }: Automaton): number[] {
  const found = Array.from(accepting, (is) => (is ? 0 : Infinity));
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (let q = found.length - 1; q >= 0; q--) {
      for (let c = 0; c < classes; c++) {
        const to = next[q * classes + c];
        if (to < 0 || found[to] + 1 >= found[q]) continue;
        found[q] = found[to] + 1;
        isChanged = true;
      }
    }
  }
  return found;
}
