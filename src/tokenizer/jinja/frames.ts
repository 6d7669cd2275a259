import type { Arguments, TemplateExpression, MacroBody, Statement, Target } from './nodes.ts';

/**
 * Jinja decides before it runs where a name is looked up. One that a part of a template assigns, and doesn't read before, is a
 * name of that part from its beginning: what is nested there sees nothing under it until it's assigned, not what the template was
 * given. Each part has such names; they are the values of the map, by the statements of the part.
 *
 *     {% for m in messages %}{{ tools }}{% endfor %}{% set tools = 1 %}      tools is undefined in the loop
 */
export function unassignedNames(template: readonly Statement[]): ReadonlyMap<object, readonly string[]> {
  const found = new Map<object, readonly string[]>();
  const visit = (part: Part, around: Frame | undefined): void => {
    const frame = new Frame(around);
    for (const name of part.parameters) frame.declare(name);
    for (const expression of part.expressions) frame.read(expression);
    frame.statements(part.body);
    if (frame.unassigned.size > 0) found.set(part.body, [...frame.unassigned]);
    for (const inner of partsIn(part.body)) visit(inner, inner.isApart ? undefined : frame);
  };
  visit({ body: template, parameters: [], expressions: [] }, undefined);
  return found;
}

/** Statements with a scope of their own. */
interface Part {
  readonly body: readonly Statement[];
  readonly parameters: readonly string[];
  readonly expressions: readonly TemplateExpression[];
  /** A block sees what the template exports, and nothing of where it stands. */
  readonly isApart?: boolean;
}

function* partsIn(statements: readonly Statement[]): Generator<Part> {
  for (const statement of statements) {
    switch (statement.kind) {
      case 'if':
        for (const [, body] of statement.branches) yield* partsIn(body);
        yield* partsIn(statement.otherwise);
        break;
      case 'for':
        yield { body: statement.body, parameters: ['loop', ...namesIn(statement.target)], expressions: [] };
        yield { body: statement.otherwise, parameters: [], expressions: [] };
        break;
      case 'with':
        yield {
          body: statement.body,
          parameters: statement.values.flatMap(([target]) => namesIn(target)),
          expressions: [],
        };
        break;
      case 'set block':
      case 'filter block':
        yield { body: statement.body, parameters: [], expressions: [] };
        break;
      case 'macro':
      case 'call block':
        yield partOfMacro(statement.macro);
        break;
      case 'block':
        yield { body: statement.body, parameters: [], expressions: [], isApart: true };
        break;
      default:
    }
  }
}

const partOfMacro = ({ body, parameters }: MacroBody): Part => ({
  body,
  parameters: ['caller', 'kwargs', 'varargs', ...parameters.map(({ name }) => name)],
  expressions: parameters.flatMap((parameter) => parameter.default ?? []),
});

function namesIn(target: Target): string[] {
  if (target.kind === 'tuple') return target.items.flatMap(namesIn);
  return target.kind === 'name' ? [target.name] : [];
}

/** What is known of the names of one part, in the order in which they are read and assigned. */
class Frame {
  readonly #around: Frame | undefined;
  readonly #known = new Set<string>();
  readonly #assigned = new Set<string>();
  readonly unassigned = new Set<string>();

  constructor(around: Frame | undefined) {
    this.#around = around;
  }

  #knows(name: string): boolean {
    return this.#known.has(name) || this.#isKnownAround(name);
  }

  #isKnownAround(name: string): boolean {
    return this.#around !== undefined && this.#around.#knows(name);
  }

  declare(name: string): void {
    this.#known.add(name);
    this.#assigned.add(name);
  }

  #load(name: string): void {
    if (!this.#knows(name)) this.#known.add(name);
  }

  #store(name: string): void {
    this.#assigned.add(name);
    if (this.#known.has(name)) return;
    this.#known.add(name);
    if (!this.#isKnownAround(name)) this.unassigned.add(name);
  }

  #assign(target: Target): void {
    if (target.kind === 'tuple') for (const item of target.items) this.#assign(item);
    else if (target.kind === 'field') this.#load(target.namespace);
    else this.#store(target.name);
  }

  read(expression: TemplateExpression | undefined): void {
    if (!expression) return;
    if (expression.kind === 'name') this.#load(expression.name);
    else for (const inner of innerExpressions(expression)) this.read(inner);
  }

  statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'output':
        for (const value of statement.values) this.read(value);
        break;
      case 'if':
        this.#branches(statement.branches, statement.otherwise);
        break;
      case 'for':
        this.read(statement.iterable);
        break;
      case 'set':
        this.read(statement.value);
        this.#assign(statement.target);
        break;
      case 'set block':
        this.#assign(statement.target);
        break;
      case 'with':
        for (const [, value] of statement.values) this.read(value);
        break;
      case 'macro':
        this.#store(statement.name);
        break;
      case 'call block':
        this.read(statement.call);
        break;
      case 'filter block':
        for (const filter of statement.filters) this.read(filter);
        break;
      default:
    }
  }

  /** A name that only some of the branches assign is looked up as if none did. */
  #branches(
    branches: readonly (readonly [condition: TemplateExpression, body: readonly Statement[]])[],
    otherwise: readonly Statement[],
  ): void {
    this.read(branches[0][0]);
    const run = (fill: (frame: Frame) => void): Frame => {
      const copy = new Frame(this.#around);
      for (const name of this.#known) copy.#known.add(name);
      for (const name of this.unassigned) copy.unassigned.add(name);
      fill(copy);
      return copy;
    };
    const frames = [
      run((frame) => frame.statements(branches[0][1])),
      run((frame) => {
        for (const [condition, body] of branches.slice(1)) frame.#branches([[condition, body]], []);
      }),
      run((frame) => frame.statements(otherwise)),
    ];
    const stores = new Set(frames.flatMap((frame) => [...frame.#assigned]));
    for (const frame of frames) {
      for (const name of frame.#known) this.#known.add(name);
      for (const name of frame.unassigned)
        if (frames.every((each) => each.#assigned.has(name))) this.unassigned.add(name);
    }
    for (const name of stores) this.#assigned.add(name);
  }
}

/** The expressions right within another. */
export function innerExpressions(
  expression: TemplateExpression,
): readonly (TemplateExpression | undefined)[] {
  switch (expression.kind) {
    case 'constant':
    case 'name':
      return [];
    case 'list':
    case 'tuple':
      return expression.items;
    case 'dict':
      return expression.entries.flat();
    case 'attribute':
      return [expression.object];
    case 'item':
      return [expression.object, expression.key];
    case 'slice':
      return [expression.object, ...expression.bounds];
    case 'call':
      return [expression.callee, ...argumentsIn(expression.given)];
    case 'filter':
    case 'test':
      return [expression.value, ...argumentsIn(expression.given)];
    case 'not':
    case 'negative':
    case 'positive':
      return [expression.operand];
    case 'and':
    case 'or':
    case 'arithmetic':
      return [expression.left, expression.right];
    case 'concatenation':
      return expression.parts;
    case 'comparison':
      return [expression.first, ...expression.rest.map(([, operand]) => operand)];
    case 'conditional':
      return [expression.condition, expression.value, expression.otherwise];
    default:
      return expression satisfies never;
  }
}

const argumentsIn = ({ positional, named, list, dict }: Arguments): (TemplateExpression | undefined)[] => [
  ...positional,
  ...named.map(([, value]) => value),
  list,
  dict,
];
