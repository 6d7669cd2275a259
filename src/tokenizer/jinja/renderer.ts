import { Evaluator } from './evaluator.ts';
import { LoopVariable } from './loop.ts';
import { Macro } from './macro.ts';
import type { TemplateExpression, MacroBody, NamedCall, Statement, Target } from './nodes.ts';
import { iterate, truth } from './sequences.ts';
import { TemplateProblem, typeError, valueError } from './problems.ts';
import { textParameter } from './parameters.ts';
import { toText } from './repr.ts';
import { Scope } from './scope.ts';
import { Dict, Lazy, Namespace, orElse, Tuple, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

/** What a statement ends beside itself. */
type Leaving = 'break' | 'continue' | undefined;

type ForStatement = Extract<Statement, { kind: 'for' }>;

/** The text that statements write. */
class Output {
  readonly #parts: string[] = [];
  readonly #work: Work;
  #length = 0;

  constructor(work: Work) {
    this.#work = work;
  }

  write(text: string): void {
    this.#length += text.length;
    this.#work.characters(this.#length);
    this.#parts.push(text);
  }

  toString(): string {
    return this.#parts.join('');
  }
}

/** Runs the statements of a template. */
export class Renderer {
  readonly #evaluator: Evaluator;
  readonly #work: Work;
  /** What blocks see. */
  readonly #top: Scope;
  readonly #blocks: ReadonlyMap<string, readonly Statement[]>;
  readonly #unassigned: ReadonlyMap<object, readonly string[]>;

  constructor(
    work: Work,
    top: Scope,
    statements: readonly Statement[],
    unassigned: ReadonlyMap<object, readonly string[]>,
  ) {
    this.#unassigned = unassigned;
    this.#work = work;
    this.#top = top;
    this.#evaluator = new Evaluator(work);
    this.#blocks = new Map(blocksIn(statements));
  }

  /** The scope of a part of the template. */
  #scope(body: readonly Statement[], around: Scope): Scope {
    return new Scope(around, this.#unassigned.get(body));
  }

  /** The text of statements. */
  render(statements: readonly Statement[], scope: Scope): string {
    const output = new Output(this.#work);
    this.#run(statements, scope, output);
    return String(output);
  }

  #run(statements: readonly Statement[], scope: Scope, output: Output): Leaving {
    for (const statement of statements) {
      const leaving = this.#step(statement, scope, output);
      if (leaving) return leaving;
    }
    return undefined;
  }

  #step(statement: Statement, scope: Scope, output: Output): Leaving {
    this.#work.spend();
    switch (statement.kind) {
      case 'data':
        output.write(statement.text);
        return undefined;
      case 'output':
        for (const value of statement.values)
          output.write(toText(this.#evaluator.evaluate(value, scope), this.#work));
        return undefined;
      case 'if':
        return this.#if(statement.branches, statement.otherwise, scope, output);
      case 'for':
        return this.#for(statement, scope, output);
      case 'break':
      case 'continue':
        return statement.kind;
      case 'with':
        return this.#with(statement.values, statement.body, scope, output);
      case 'block':
        output.write(this.#block(statement.name, statement.scoped ? scope : this.#top));
        return undefined;
      case 'other template':
        throw typeError(`no other template can be had, and ${statement.tag} asks for one`);
      default:
        this.#define(statement, scope, output);
        return undefined;
    }
  }

  #define(
    statement: Extract<Statement, { kind: 'set' | 'set block' | 'macro' | 'call block' | 'filter block' }>,
    scope: Scope,
    output: Output,
  ): void {
    switch (statement.kind) {
      case 'set':
        this.#requireNamespaces(statement.target, scope);
        this.#assign(statement.target, this.#evaluator.evaluate(statement.value, scope), scope);
        return;
      case 'set block':
        this.#assign(statement.target, this.#filtered(statement.body, statement.filters, scope), scope);
        return;
      case 'macro':
        scope.set(statement.name, this.#macro(statement.macro, scope));
        return;
      case 'call block': {
        const caller = this.#macro(statement.macro, scope);
        output.write(textParameter(this.#evaluator.callFrom(caller, statement.call, scope)));
        return;
      }
      case 'filter block':
        output.write(textParameter(this.#filtered(statement.body, statement.filters, scope)));
        return;
      default:
        statement satisfies never;
    }
  }

  #filtered(body: readonly Statement[], filters: readonly NamedCall[], scope: Scope): Value {
    const inner = this.#scope(body, scope);
    return filters.reduce<Value>(
      (value, filter) => this.#evaluator.applied(filter, value, inner),
      this.render(body, inner),
    );
  }

  #if(
    branches: Extract<Statement, { kind: 'if' }>['branches'],
    otherwise: readonly Statement[],
    scope: Scope,
    output: Output,
  ): Leaving {
    const branch = branches.find(([condition]) => truth(this.#evaluator.evaluate(condition, scope)));
    return this.#run(branch ? branch[1] : otherwise, scope, output);
  }

  #with(
    values: readonly (readonly [Target, TemplateExpression])[],
    body: readonly Statement[],
    scope: Scope,
    output: Output,
  ): Leaving {
    const inner = this.#scope(body, scope);
    for (const [target, value] of values) this.#assign(target, this.#evaluator.evaluate(value, scope), inner);
    return this.#run(body, inner, output);
  }

  #for(statement: ForStatement, scope: Scope, output: Output): Leaving {
    const items = this.#evaluator.evaluate(statement.iterable, scope);
    if (!statement.recursive) return this.#loop(statement, items, scope, output, 0);
    output.write(this.#recursiveLoop(statement, items, scope, 0));
    return undefined;
  }

  #recursiveLoop(statement: ForStatement, items: Value, scope: Scope, depth0: number): string {
    const output = new Output(this.#work);
    this.#loop(statement, items, scope, output, depth0);
    return String(output);
  }

  #loop(statement: ForStatement, items: Value, scope: Scope, output: Output, depth0: number): Leaving {
    const { target, condition, recursive, body, otherwise } = statement;
    const chosen = condition ? new Lazy(this.#chosen(items, target, condition, scope)) : items;
    const again = recursive
      ? (more: Value, depth: number) => this.#recursiveLoop(statement, more, scope, depth)
      : undefined;
    const loop = new LoopVariable(chosen, this.#work, { depth0, again });
    let isEmpty = true;
    for (let item = loop.next(); !item.done; item = loop.next()) {
      this.#work.spend();
      const inner = this.#scope(body, scope);
      inner.set('loop', loop);
      this.#assign(target, item.value, inner);
      const leaving = this.#run(body, inner, output);
      // as Python's own loops are written: one that was left or cut short at its first item has its else, too
      if (leaving !== 'break' && leaving !== 'continue') isEmpty = false;
      if (leaving === 'break') break;
    }
    return isEmpty ? this.#run(otherwise, this.#scope(otherwise, scope), output) : undefined;
  }

  *#chosen(items: Value, target: Target, condition: TemplateExpression, scope: Scope): Generator<Value> {
    for (const item of iterate(items)) {
      const inner = new Scope(scope);
      this.#assign(target, item, inner);
      if (truth(this.#evaluator.evaluate(condition, inner))) yield item;
    }
  }

  #block(name: string, scope: Scope): string {
    const body = this.#blocks.get(name)!;
    return this.render(body, new Scope(scope, this.#unassigned.get(body), true));
  }

  #requireNamespaces(target: Target, scope: Scope): void {
    if (target.kind === 'tuple') for (const item of target.items) this.#requireNamespaces(item, scope);
    if (target.kind === 'field' && !(scope.get(target.namespace) instanceof Namespace))
      throw new TemplateProblem('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    switch (target.kind) {
      case 'name':
        scope.set(target.name, value);
        return;
      case 'field':
        this.#requireNamespaces(target, scope);
        (scope.get(target.namespace) as Namespace).set(target.name, value);
        return;
      case 'tuple': {
        const values: Value[] = [];
        for (const each of iterate(value)) {
          if (values.push(each) > target.items.length) break;
        }
        if (values.length !== target.items.length)
          throw valueError(`expected ${target.items.length} values to unpack, got ${values.length}`);
        for (const [i, item] of target.items.entries()) this.#assign(item, values[i], scope);
        return;
      }
      default:
        target satisfies never;
    }
  }

  #macro(macro: MacroBody, scope: Scope): Macro {
    return new Macro(macro, (given, named) => {
      const inner = this.#scope(macro.body, scope);
      this.#bindMacro(macro, given, new Map(named), inner);
      return this.render(macro.body, inner);
    });
  }

  #bindMacro(
    { name = 'caller', parameters, uses }: MacroBody,
    given: readonly Value[],
    named: Map<string, Value>,
    scope: Scope,
  ): void {
    const values = parameters.map((parameter, i) => {
      if (i < given.length) return given[i];
      const value = named.get(parameter.name);
      named.delete(parameter.name);
      return value;
    });
    const takesCaller = parameters.some((parameter) => parameter.name === 'caller');
    if (uses.has('caller') && !takesCaller) {
      scope.set(
        'caller',
        orElse(named.get('caller'), () => new Undefined('No caller defined')),
      );
      named.delete('caller');
    }
    if (uses.has('kwargs')) scope.set('kwargs', new Dict(named));
    else
      for (const key of named.keys()) throw typeError(`macro '${name}' takes no keyword argument '${key}'`);
    if (uses.has('varargs')) scope.set('varargs', new Tuple(given.slice(parameters.length)));
    else if (given.length > parameters.length)
      throw typeError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    for (const [i, parameter] of parameters.entries()) {
      const missing = () => new Undefined(`parameter '${parameter.name}' was not provided`);
      const usual = parameter.default;
      scope.set(
        parameter.name,
        orElse(values[i], () => (usual ? this.#evaluator.evaluate(usual, scope) : missing())),
      );
    }
  }
}

/** The blocks of a template, those in others too. */
function* blocksIn(statements: readonly Statement[]): Generator<[string, readonly Statement[]]> {
  for (const statement of statements) {
    if (statement.kind === 'block') yield [statement.name, statement.body];
    if (statement.kind === 'if') {
      for (const [, body] of statement.branches) yield* blocksIn(body);
      yield* blocksIn(statement.otherwise);
    } else if ('body' in statement) yield* blocksIn(statement.body);
    if (statement.kind === 'for') yield* blocksIn(statement.otherwise);
    if ('macro' in statement) yield* blocksIn(statement.macro.body);
  }
}
