import { choice, type Expression, literally, nothing, repeated, sequence } from './expression.ts';
import { countsAt, namedAt, type Placed, refuse, schemaAt, valuesOf } from './json-keywords.ts';
import type { Together, Translator } from './json-translator.ts';
import { bracketed, spelled } from './json-text.ts';
import { follow } from './automaton.ts';
import { buildAutomaton } from './build-automaton.ts';
import { anywhere, parseRegularExpression } from './regular-expression.ts';

/** The objects that some schemas all admit: with the properties that they name, or with any names where they name none. */
export function objectText(translator: Translator, together: Together): Expression {
  const { all, place } = together;
  for (const { schema, place: at } of all) {
    const { unevaluatedProperties: others } = schema;
    if (others !== undefined && others !== true && all.length > 1)
      refuse(at, `has the keyword unevaluatedProperties, which isn't supported beside other schemas`);
  }
  const names = new Set(all.flatMap(namesOf));
  const [least, most] = countsAt(all, 'minProperties', 'maxProperties');
  if (least > most) refuse(place, `has a minProperties of ${least} and a maxProperties of ${most}`);
  const isClosed = all.some(
    (one) => othersOf(one)?.schema === false && one.schema['patternProperties'] === undefined,
  );
  const inside =
    names.size > 0 || isClosed
      ? declared(translator, together, { names: [...names], least, most })
      : map(translator, together, { least, most });
  return bracketed('{', inside, '}');
}

/** The names that a schema says something of. */
function namesOf(one: Placed): string[] {
  const required = requiredOf(one);
  const { schema } = one;
  const listed = schema['properties'] === undefined ? schemaAt(one, 'propertyNames') : undefined;
  const named = listed && isObject(listed) ? (valuesOf(listed) ?? []) : [];
  return [
    ...namedAt(one, 'properties').keys(),
    ...named.filter((name): name is string => typeof name === 'string'),
    ...required,
  ];
}

const isObject = (placed: Placed<unknown>): placed is Placed =>
  typeof placed.schema === 'object' && placed.schema !== null;

function requiredOf({ schema, place }: Placed): string[] {
  const { required = [] } = schema;
  if (!Array.isArray(required) || required.some((name) => typeof name !== 'string'))
    return refuse(place, 'has no list of names as required');
  return required as string[];
}

/** What holds of properties that are named nowhere else. */
const othersOf = (one: Placed): Placed<unknown> | undefined =>
  schemaAt(one, 'additionalProperties') ?? schemaAt(one, 'unevaluatedProperties');

interface Counts {
  readonly least: number;
  readonly most: number;
}

/** The named properties, in their order; no others are written, whatever is allowed. */
function declared(
  translator: Translator,
  { all, trail }: Together,
  { names, least, most }: Counts & { readonly names: readonly string[] },
): Expression {
  const { comma, colon } = translator.punctuation;
  const required = new Set(all.flatMap(requiredOf));
  const nameLanguages = all.flatMap((one) => {
    const schema = schemaAt(one, 'propertyNames');
    return schema
      ? [buildAutomaton(translator.of([schema, { schema: { type: 'string' }, place: schema.place }], trail))]
      : [];
  });
  const parts = names.flatMap((name) => {
    const text = JSON.stringify(name);
    const bytes = new TextEncoder().encode(text);
    const isAdmitted = nameLanguages.every((names) => {
      const state = follow(names, bytes);
      return state >= 0 && names.accepting[state] === 1;
    });
    const schemas = all.map((one) => schemasOfProperty(one, name));
    const value =
      isAdmitted && schemas.every((found) => found !== undefined)
        ? translator.of(schemas.flat() as Placed<unknown>[], trail)
        : nothing;
    const isOptional = !required.has(name);
    if (value === nothing && isOptional) return [];
    return [
      { part: value === nothing ? nothing : sequence(literally(text), colon, value), optional: isOptional },
    ];
  });
  return { kind: 'list', parts, separator: comma, least, most };
}

/** What a schema says of a property; undefined where it forbids it. */
function schemasOfProperty(one: Placed, name: string): Placed<unknown>[] | undefined {
  const own = namedAt(one, 'properties').get(name);
  const byPattern = [...namedAt(one, 'patternProperties')].filter(([pattern]) =>
    matches(pattern, name, one.place),
  );
  const found = [...(own ? [own] : []), ...byPattern.map(([, schema]) => schema)];
  if (found.length > 0) return found;
  const others = othersOf(one);
  if (others?.schema === false) return undefined;
  return others ? [others] : [];
}

function matches(pattern: string, name: string, place: string): boolean {
  // what can't be an automaton might take JavaScript's engine for ever
  const language = buildAutomaton(
    anywhere(parseRegularExpression(pattern, `jsonSchema: ${place}/patternProperties`)),
  );
  const state = follow(language, new TextEncoder().encode(name));
  return state >= 0 && language.accepting[state] === 1;
}

/** Properties of any names, or of names that a schema admits. */
function map(translator: Translator, { all, place, trail }: Together, { least, most }: Counts): Expression {
  const { comma, colon } = translator.punctuation;
  // a name may be written twice
  if (least > 1)
    refuse(place, `has the keyword minProperties, which isn't supported for names that are free`);
  const names = all.flatMap((one) => schemaAt(one, 'propertyNames') ?? []);
  const anyName = translator.of([{ schema: { type: 'string' }, place }, ...names], trail);
  const patterned = all.filter(({ schema }) => schema['patternProperties'] !== undefined);
  if (patterned.length > 0 && all.length > 1)
    refuse(
      patterned[0].place,
      `has the keyword patternProperties, which isn't supported beside other schemas`,
    );
  const others = all.map(othersOf);
  const plain = (name: Expression): Expression =>
    others.some((schema) => schema?.schema === false)
      ? nothing
      : sequence(
          name,
          colon,
          translator.of(
            others.flatMap((schema) => schema ?? []),
            trail,
          ),
        );
  const [one] = patterned;
  const member = one ? patternMembers(translator, one, { anyName, plain, trail }) : plain(anyName);
  return repeated(member, least, translator.room.itemsUpTo(most, least), comma);
}

/** Members whose names match one pattern alone, or none. */
function patternMembers(
  translator: Translator,
  one: Placed,
  {
    anyName,
    plain,
    trail,
  }: { anyName: Expression; plain: (name: Expression) => Expression; trail: readonly string[] },
): Expression {
  const patterns = [...namedAt(one, 'patternProperties')].map(([pattern, schema]) => {
    const regex = parseRegularExpression(pattern, `jsonSchema: ${one.place}/patternProperties`);
    return { name: bracketed('"', spelled(anywhere(regex)), '"'), schema };
  });
  const without = (name: Expression, others: readonly { name: Expression }[]): Expression =>
    others.reduce<Expression>((from, { name: other }) => ({ kind: 'difference', from, without: other }), {
      kind: 'intersection',
      parts: [anyName, name],
    });
  const members = patterns.map(({ name, schema }, k) =>
    sequence(
      without(
        name,
        patterns.filter((_, n) => n !== k),
      ),
      translator.punctuation.colon,
      translator.of([schema], trail),
    ),
  );
  return choice(...members, plain(without(anyName, patterns)));
}
