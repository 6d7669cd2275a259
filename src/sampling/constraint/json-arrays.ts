import { buildAutomaton } from './build-automaton.ts';
import { type Expression, nothing, optional, repeated, sequence } from './expression.ts';
import { distinctItems } from './json-distinct.ts';
import { countsAt, type Placed, refuse, schemaAt, schemasAt } from './json-keywords.ts';
import type { Together, Translator } from './json-translator.ts';
import { bracketed } from './json-text.ts';

/** The arrays that some schemas all admit. */
export function arrayText(translator: Translator, { all, place, trail }: Together): Expression {
  for (const { schema, place: at } of all)
    if (Array.isArray(schema['items'])) refuse(at, 'has a list as items: write prefixItems');
  const prefixes = all.map((one) => schemasAt(one, 'prefixItems'));
  const length = Math.max(0, ...prefixes.map((prefix) => prefix.length));
  const [least, bound] = countsAt(all, 'minItems', 'maxItems');
  // behind the prefix of a schema that says nothing of further items none are written unless they are asked for
  const closed = all.flatMap(({ schema: { items } }, k) => {
    const isTuple = items === undefined && prefixes[k].length > 0 && least <= prefixes[k].length;
    return items === false || isTuple ? [prefixes[k].length] : [];
  });
  const most = Math.min(bound, ...closed);
  if (least > most)
    refuse(place, `has a minItems of ${least} and admits ${most} items (maxItems, prefixItems)`);
  const schemasOf = (k: number): Placed<unknown>[] =>
    all.flatMap((one, n) => prefixes[n][k] ?? schemaAt(one, 'items') ?? []);

  if (all.some(({ schema }) => schema['uniqueItems'] === true) && most > 1) {
    if (length > 0) refuse(place, `has the keyword uniqueItems, which isn't supported beside prefixItems`);
    const end = translator.room.itemsUpTo(most, least);
    const inner = translator.canonical();
    const item = buildAutomaton(inner.of(schemasOf(0), trail));
    const options = { least, most: end, comma: translator.punctuation.comma };
    return bracketed('[', distinctItems(item, options), ']');
  }
  const { comma } = translator.punctuation;
  const first = Array.from({ length: Math.min(length, most) }, (_, k) => translator.of(schemasOf(k), trail));
  // from the last to the first: each item may be missing if all that follow are
  let rest: Expression = sequence();
  if (most > length) {
    const item = translator.of(schemasOf(length), trail);
    const more = repeated(
      item,
      Math.max(least - length, 0),
      translator.room.itemsUpTo(most - length, least - length),
      comma,
    );
    rest = length > 0 ? behind(comma, more, least > length) : more;
  }
  for (let k = first.length - 1; k >= 0; k--) {
    rest = k > 0 ? sequence(comma, first[k], rest) : sequence(first[k], rest);
    if (k >= least) rest = optional(rest);
  }
  return bracketed('[', rest, ']');
}

/** Items behind others: with a comma in front, where there are any. */
const behind = (comma: Expression, more: Expression, isNeeded: boolean): Expression => {
  if (more === nothing) return more;
  const some =
    more.kind === 'repetition' ? repeated(more.part, Math.max(1, more.least), more.most, comma) : more;
  return isNeeded ? sequence(comma, some) : optional(sequence(comma, some));
};
