import { getAttribute, getItem, getSlice } from './attributes.ts';
import type { Filter, FilterContext } from './filter.ts';
import { TESTS } from './is-tests.ts';
import type { IsKnown } from './known-names.ts';
import { LIST_FILTERS } from './list-filters.ts';
import type { Arguments, TemplateExpression, NamedCall } from './nodes.ts';
import { arithmetic, negative, unaryPlus } from './arithmetic.ts';
import { compareValues } from './compare.ts';
import { iterate, truth } from './sequences.ts';
import { TemplateProblem, typeError } from './problems.ts';
import { toText } from './repr.ts';
import type { Scope } from './scope.ts';
import { TEXT_FILTERS } from './text-filters.ts';
import { VALUE_FILTERS } from './value-filters.ts';
import {
  Callable,
  Dict,
  isText,
  type NamedValues,
  orElse,
  plain,
  Thing,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

const FILTERS: ReadonlyMap<string, Filter> = new Map([...LIST_FILTERS, ...TEXT_FILTERS, ...VALUE_FILTERS]);

/** The tests that ask for the names of filters and tests. */
const NAME_TESTS: ReadonlySet<string> = new Set(['filter', 'test']);

/** Whether there is a filter or test of a name. */
export const isKnown: IsKnown = (kind, name) =>
  kind === 'filter' ? FILTERS.has(name) : TESTS.has(name) || NAME_TESTS.has(name);

/** Computes the expressions of a template. */
export class Evaluator implements FilterContext {
  readonly work: Work;

  constructor(work: Work) {
    this.work = work;
  }

  evaluate(expression: TemplateExpression, scope: Scope): Value {
    this.work.spend();
    const value = (inner: TemplateExpression): Value => this.evaluate(inner, scope);
    switch (expression.kind) {
      case 'constant':
        return expression.value;
      case 'name':
        return orElse(scope.get(expression.name), () => new Undefined(`'${expression.name}' is undefined`));
      case 'list':
        return expression.items.map(value);
      case 'tuple':
        return new Tuple(expression.items.map(value));
      case 'dict':
        return new Dict(expression.entries.map(([key, each]) => [value(key), value(each)]));
      case 'attribute':
        return getAttribute(value(expression.object), expression.name, this.work);
      case 'item':
        return getItem(value(expression.object), value(expression.key), this.work);
      case 'slice':
        return getSlice(
          value(expression.object),
          expression.bounds.map((bound) => (bound ? value(bound) : null)),
          this.work,
        );
      case 'call':
        return this.call(value(expression.callee), ...this.#given(expression.given, scope));
      case 'filter':
      case 'test':
        return this.applied(expression, value(expression.value!), scope);
      default:
        return this.#operation(expression, scope);
    }
  }

  #operation(
    expression: Extract<
      TemplateExpression,
      | { left: unknown }
      | { operand: unknown }
      | { parts: unknown }
      | { first: unknown }
      | { condition: unknown }
    >,
    scope: Scope,
  ): Value {
    const value = (inner: TemplateExpression): Value => this.evaluate(inner, scope);
    switch (expression.kind) {
      case 'not':
        return !truth(value(expression.operand));
      case 'negative':
        return negative(value(expression.operand));
      case 'positive':
        return unaryPlus(value(expression.operand));
      case 'and': {
        const left = value(expression.left);
        return truth(left) ? value(expression.right) : left;
      }
      case 'or': {
        const left = value(expression.left);
        return truth(left) ? left : value(expression.right);
      }
      case 'arithmetic':
        return arithmetic(expression.operator, value(expression.left), value(expression.right), this.work);
      case 'concatenation':
        return this.work.text(expression.parts.map((part) => toText(value(part), this.work)).join(''));
      case 'comparison':
        return this.#comparison(expression.first, expression.rest, value);
      case 'conditional':
        if (truth(value(expression.condition))) return value(expression.value);
        return expression.otherwise
          ? value(expression.otherwise)
          : new Undefined('the inline if-expression evaluated to false and no else section was defined');
      default:
        return expression satisfies never;
    }
  }

  #comparison(
    first: TemplateExpression,
    rest: Extract<TemplateExpression, { kind: 'comparison' }>['rest'],
    value: (expression: TemplateExpression) => Value,
  ): boolean {
    let left = value(first);
    return rest.every(([operator, operand]) => {
      const right = value(operand);
      const holds = compareValues(operator, left, right, this.work);
      left = right;
      return holds;
    });
  }

  /** What stands in the brackets of a call. */
  #given(
    { positional, named, list, dict }: Arguments,
    scope: Scope,
    caller?: Value,
  ): [given: Value[], named: NamedValues] {
    const given = positional.map((each) => this.evaluate(each, scope));
    const byName = new Map(named.map(([name, each]) => [name, this.evaluate(each, scope)]));
    if (caller !== undefined) byName.set('caller', caller);
    if (list) for (const each of iterate(this.evaluate(list, scope))) given.push(each);
    if (dict) {
      const more = this.evaluate(dict, scope);
      if (!(more instanceof Dict))
        throw typeError(`argument after ** must be a mapping, not ${typeName(more)}`);
      for (const [name, each] of more.entries()) {
        if (!isText(name)) throw typeError('keywords must be strings');
        if (byName.has(plain(name))) throw typeError(`two values for the keyword argument '${plain(name)}'`);
        byName.set(plain(name), each);
      }
    }
    return [given, byName];
  }

  call(callee: Value, given: readonly Value[], named: NamedValues): Value {
    if (callee instanceof Undefined) throw callee.problem();
    if (!(callee instanceof Callable || callee instanceof Thing))
      throw typeError(`'${typeName(callee)}' object is not callable`);
    return this.work.deeper(() => callee.call(given, named));
  }

  /** A call that is also given a caller. */
  callFrom(caller: Value, expression: TemplateExpression, scope: Scope): Value {
    if (expression.kind !== 'call') throw typeError('expected a call');
    const callee = this.evaluate(expression.callee, scope);
    return this.call(callee, ...this.#given(expression.given, scope, caller));
  }

  /** A value behind a filter or a test. */
  applied({ kind, name, given }: NamedCall, value: Value, scope: Scope): Value {
    const [list, named] = this.#given(given, scope);
    return kind === 'filter' ? this.filter(name, value, list, named) : this.test(name, value, list, named);
  }

  filter(name: string, value: Value, given: readonly Value[], named: NamedValues): Value {
    const found = FILTERS.get(name);
    if (!found) throw new TemplateProblem('TemplateRuntimeError', `No filter named '${name}' found.`);
    this.work.lookThrough(isText(value) ? plain(value).length : 0);
    return found(value, given, named, this);
  }

  test(name: string, value: Value, given: readonly Value[], named: NamedValues): boolean {
    if (NAME_TESTS.has(name)) return isKnown(name as NamedCall['kind'], String(value));
    const found = TESTS.get(name);
    if (!found) throw new TemplateProblem('TemplateRuntimeError', `No test named '${name}' found.`);
    return found(value, given, named, this.work);
  }
}
