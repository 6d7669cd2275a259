import { uniforms } from '../src/base/random.ts';
import type { Automaton } from '../src/sampling/constraint/automaton.ts';

/** A text of a language, drawn byte by byte; behind so many bytes it goes the shortest way to an end. */
export function randomText(automaton: Automaton, seed: number, length = 40): string {
  const { accepting, classes, next } = automaton;
  const uniform = uniforms(seed, 'synthetic');
  let draws = 0;
  const below = (n: number): number => Math.floor(n * uniform(draws++));
  const { distance, bytesOf } = known.get(automaton) ?? factsOf(automaton);
  const written: number[] = [];
  for (let state = 0; ;) {
    const isEnough = written.length >= length;
    if (accepting[state] && (isEnough || below(3) === 0 || distance[state] === Infinity)) break;
    // each class as often as another: within a string most bytes are letters
    const kinds = [...bytesOf.keys()].filter((kind) => {
      const to = next[state * classes + kind];
      return to >= 0 && (!isEnough || distance[to] < distance[state]);
    });
    if (kinds.length === 0) break;
    const kind = kinds[below(kinds.length)];
    const bytes = bytesOf.get(kind)!;
    written.push(bytes[below(bytes.length)]);
    state = next[state * classes + kind];
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(written));
}

/** What is the same for all texts of a language. */
interface LanguageFacts {
  readonly distance: readonly number[];
  /** The bytes of each class, in the order of their first ones. */
  readonly bytesOf: ReadonlyMap<number, readonly number[]>;
}

const known = new WeakMap<Automaton, LanguageFacts>();

function factsOf(automaton: Automaton): LanguageFacts {
  const bytesOf = new Map<number, number[]>();
  for (let byte = 0; byte < 256; byte++) {
    const kind = automaton.classOf[byte];
    bytesOf.set(kind, [...(bytesOf.get(kind) ?? []), byte]);
  }
  const facts = { distance: distances(automaton), bytesOf };
  known.set(automaton, facts);
  return facts;
}

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
