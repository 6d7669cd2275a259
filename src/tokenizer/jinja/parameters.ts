import { typeError } from './problems.ts';
import { numeric } from './sequences.ts';
import { isText, type NamedValues, plain, typeName, Undefined, type Value } from './values.ts';

/** A parameter that has to be given. */
export const required = Symbol('required');

/** The parameters of a function in their order, with their defaults. */
export type Parameters = Readonly<Record<string, Value | typeof required>>;
/** The values that a call gives the parameters of a function. */
export type Bound<P extends Parameters> = { readonly [name in keyof P]: Value };

/** What is given for each parameter. @throws TemplateProblem  for one too many, too few, twice or unknown */
export function bind<P extends Parameters>(
  name: string,
  parameters: P,
  given: readonly Value[],
  named: NamedValues,
): Bound<P> {
  const names = Object.keys(parameters);
  if (given.length > names.length)
    throw typeError(`${name}() takes ${names.length} arguments, got ${given.length}`);
  const bound: Record<string, Value> = {};
  for (const [i, key] of names.entries()) {
    if (i < given.length) bound[key] = given[i];
    const value = named.get(key);
    if (value !== undefined) {
      if (i < given.length) throw typeError(`${name}() got two values for ${key}`);
      bound[key] = value;
    } else if (i >= given.length) {
      const usual: Value | typeof required = parameters[key];
      if (usual === required) throw typeError(`${name}() lacks an argument: ${key}`);
      bound[key] = usual;
    }
  }
  for (const key of named.keys())
    if (!Object.hasOwn(parameters, key)) throw typeError(`${name}() has no argument ${key}`);
  return bound as Bound<P>;
}

/** A whole number that is given as such. */
export function intOf(value: Value): number {
  const number = numeric(value);
  if (value instanceof Undefined) throw value.problem();
  if (typeof number === 'bigint') return Number(number);
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** A text that is given as such. */
export function textParameter(value: Value): string {
  if (isText(value)) return plain(value);
  throw typeError(`expected str, got ${typeName(value)}`);
}
