import { arithmetic } from './arithmetic.ts';
import { compareValues, contains, equals } from './compare.ts';
import { isIterable, valueLength, numeric } from './sequences.ts';
import { bind, type Bound, type Parameters, required } from './parameters.ts';
import { isLower, isUpper } from './text-case.ts';
import { toText } from './repr.ts';
import type { ComparisonOperator } from './nodes.ts';
import {
  Callable,
  Dict,
  DictView,
  isText,
  Markup,
  type NamedValues,
  Thing,
  Undefined,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

/** What stands behind `is`. */
export type Test = (value: Value, given: readonly Value[], named: NamedValues, work: Work) => boolean;

const test =
  <P extends Parameters>(
    name: string,
    parameters: P,
    run: (value: Value, given: Bound<P>, work: Work) => boolean,
  ): Test =>
  (value, given, named, work) =>
    run(value, bind(name, parameters, given, named), work);

const of = (name: string, run: (value: Value, work: Work) => boolean): [string, Test] => [
  name,
  test(name, {}, (value, _, work) => run(value, work)),
];

const comparing = (operator: ComparisonOperator, ...names: string[]): [string, Test][] =>
  names.map((name) => [
    name,
    test(name, { other: required }, (value, { other }, work) => compareValues(operator, value, other, work)),
  ]);

const remainder = (value: Value, by: Value, work: Work): Value => arithmetic('%', value, by, work);

/** What has a length and items that one can ask for. */
const isSequence = (value: Value): boolean =>
  valueLength(value) !== undefined && !(value instanceof DictView) && !(value instanceof Thing);

/** The tests of Jinja, but those that ask for the names of filters and tests. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  of('defined', (value) => !(value instanceof Undefined)),
  of('undefined', (value) => value instanceof Undefined),
  of('none', (value) => value === null),
  of('boolean', (value) => typeof value === 'boolean'),
  of('true', (value) => value === true),
  of('false', (value) => value === false),
  of('integer', (value) => typeof value === 'bigint'),
  of('float', (value) => typeof value === 'number'),
  of('number', (value) => numeric(value) !== undefined),
  of('string', isText),
  of('mapping', (value) => value instanceof Dict),
  of('sequence', isSequence),
  of('iterable', (value) => isIterable(value)),
  // an undefined value can be called, and then fails
  of(
    'callable',
    (value) =>
      value instanceof Callable || value instanceof Undefined || (value instanceof Thing && value.isCallable),
  ),
  of('escaped', (value) => value instanceof Markup),
  of('lower', (value, work) => isLower(toText(value, work))),
  of('upper', (value, work) => isUpper(toText(value, work))),
  of('odd', (value, work) => equals(remainder(value, 2n, work), 1n, work)),
  of('even', (value, work) => equals(remainder(value, 2n, work), 0n, work)),
  [
    'divisibleby',
    test('divisibleby', { num: required }, (value, { num }, work) =>
      equals(remainder(value, num, work), 0n, work),
    ),
  ],
  ['sameas', test('sameas', { other: required }, (value, { other }) => Object.is(value, other))],
  ['in', test('in', { seq: required }, (value, { seq }, work) => contains(seq, value, work))],
  ...comparing('==', '==', 'eq', 'equalto'),
  ...comparing('!=', '!=', 'ne'),
  ...comparing('<', '<', 'lt', 'lessthan'),
  ...comparing('<=', '<=', 'le'),
  ...comparing('>', '>', 'gt', 'greaterthan'),
  ...comparing('>=', '>=', 'ge'),
]);
