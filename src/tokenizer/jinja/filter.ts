import { bind, type Bound, type Parameters } from './parameters.ts';
import type { NamedValues, Value } from './values.ts';
import type { Work } from './work.ts';

/** What filters need of the rendering that they are used in. */
export interface FilterContext {
  readonly work: Work;
  filter(name: string, value: Value, given: readonly Value[], named: NamedValues): Value;
  test(name: string, value: Value, given: readonly Value[], named: NamedValues): boolean;
}

/** What stands behind `|`. */
export type Filter = (
  value: Value,
  given: readonly Value[],
  named: NamedValues,
  context: FilterContext,
) => Value;

/** A filter by its name, with its parameters in order and their defaults. */
export const filter = <P extends Parameters>(
  name: string,
  parameters: P,
  run: (value: Value, given: Bound<P>, context: FilterContext) => Value,
): [string, Filter] => [
  name,
  (value, given, named, context) => run(value, bind(name, parameters, given, named), context),
];
