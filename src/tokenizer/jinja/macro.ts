import type { MacroBody } from './nodes.ts';
import { type NamedValues, Thing, Tuple, type Value } from './values.ts';

/** Something to call that writes a part of a template. */
export class Macro extends Thing {
  readonly typeName = 'Macro';
  readonly #macro: MacroBody;
  readonly #render: (given: readonly Value[], named: NamedValues) => string;

  constructor(macro: MacroBody, render: (given: readonly Value[], named: NamedValues) => string) {
    super();
    this.#macro = macro;
    this.#render = render;
  }

  attribute(attribute: string): Value | undefined {
    const { name = null, parameters, uses } = this.#macro;
    switch (attribute) {
      case 'name':
        return name;
      case 'arguments':
        return new Tuple(parameters.map((parameter) => parameter.name));
      case 'catch_kwargs':
        return uses.has('kwargs');
      case 'catch_varargs':
        return uses.has('varargs');
      case 'caller':
        return uses.has('caller');
      default:
        return undefined;
    }
  }

  override get isCallable(): boolean {
    return true;
  }

  override call(given: readonly Value[], named: NamedValues): Value {
    return this.#render(given, named);
  }

  toText(repr: (value: Value) => string): string {
    const { name } = this.#macro;
    return `<Macro ${name === undefined ? 'anonymous' : repr(name)}>`;
  }
}
