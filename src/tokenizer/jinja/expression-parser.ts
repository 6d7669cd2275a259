import type { Token } from './lexer.ts';
import type {
  Arguments,
  ArithmeticOperator,
  ComparisonOperator,
  TemplateExpression,
  NamedCall,
  Target,
} from './nodes.ts';
import { syntaxError, type TemplateProblem } from './problems.ts';

/** Brackets in brackets, tags in tags: so deep that the reading of them can't use up the stack. */
const maxNesting = 100;

const CONSTANTS: Readonly<Record<string, null | boolean>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Reads the expressions of a template, with Jinja's precedence: `or and not`, comparisons, `+ -`, `~`, `* / // %`, `**`. */
export class ExpressionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #nesting = 0;
  /** Names that were read, for each macro that is being read. */
  protected readonly namesRead: Set<string>[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  protected get current(): Token {
    return this.#tokens[this.#at];
  }

  protected next(): Token {
    return this.#tokens[this.#at++];
  }

  protected is(type: Token['type'], text?: string, ahead = 0): boolean {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    return token.type === type && (text === undefined || token.text === text);
  }

  protected skipIf(type: Token['type'], text: string): boolean {
    if (!this.is(type, text)) return false;
    this.#at++;
    return true;
  }

  protected expect(type: Token['type'], text?: string): Token {
    if (this.is(type, text)) return this.next();
    throw this.problem(`expected ${text ?? type.replace('_', ' ')}`);
  }

  protected problem(what: string): TemplateProblem {
    const { type, text, line } = this.current;
    return syntaxError(`${what}, found ${text === '' ? type.replace('_', ' ') : text.slice(0, 40)}`, line);
  }

  protected nested<T>(read: () => T): T {
    if (++this.#nesting > maxNesting) throw this.problem(`expected at most ${maxNesting} levels`);
    const result = read();
    this.#nesting--;
    return result;
  }

  /** An expression, or several with commas between them as a tuple. */
  protected tuple(
    read: () => TemplateExpression = () => this.expression(),
    isEnd: () => boolean = () => false,
  ): TemplateExpression {
    const items: TemplateExpression[] = [];
    let isTuple = false;
    for (;;) {
      if (this.#endsTuple() || isEnd()) break;
      items.push(read());
      if (!this.is('operator', ',')) break;
      isTuple = true;
      this.next();
    }
    if (isTuple) return { kind: 'tuple', items };
    if (items.length === 0) throw this.problem('expected an expression');
    return items[0];
  }

  #endsTuple(): boolean {
    return this.is('variable_end') || this.is('block_end') || this.is('operator', ')');
  }

  protected expression(): TemplateExpression {
    return this.nested(() => {
      let value = this.or();
      while (this.skipIf('name', 'if')) {
        const condition = this.or();
        const otherwise = this.skipIf('name', 'else') ? this.expression() : undefined;
        value = { kind: 'conditional', condition, value, otherwise };
      }
      return value;
    });
  }

  protected or(): TemplateExpression {
    let left = this.#and();
    while (this.skipIf('name', 'or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): TemplateExpression {
    let left = this.#not();
    while (this.skipIf('name', 'and')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): TemplateExpression {
    if (this.skipIf('name', 'not')) return this.nested(() => ({ kind: 'not', operand: this.#not() }));
    const first = this.#sum();
    const rest: [ComparisonOperator, TemplateExpression][] = [];
    for (;;) {
      if (this.current.type === 'operator' && COMPARISONS.has(this.current.text))
        rest.push([this.next().text as ComparisonOperator, this.#sum()]);
      else if (this.skipIf('name', 'in')) rest.push(['in', this.#sum()]);
      else if (this.is('name', 'not') && this.is('name', 'in', 1)) {
        this.#at += 2;
        rest.push(['not in', this.#sum()]);
      } else return rest.length === 0 ? first : { kind: 'comparison', first, rest };
    }
  }

  #arithmetic(
    operators: readonly ArithmeticOperator[],
    operand: () => TemplateExpression,
  ): TemplateExpression {
    let left = operand();
    while (this.current.type === 'operator') {
      const operator = operators.find((text) => text === this.current.text);
      if (operator === undefined) break;
      this.next();
      left = { kind: 'arithmetic', operator, left, right: operand() };
    }
    return left;
  }

  #sum(): TemplateExpression {
    return this.#arithmetic(['+', '-'], () => this.#concatenation());
  }

  #concatenation(): TemplateExpression {
    const parts = [this.#product()];
    while (this.skipIf('operator', '~')) parts.push(this.#product());
    return parts.length === 1 ? parts[0] : { kind: 'concatenation', parts };
  }

  #product(): TemplateExpression {
    return this.#arithmetic(['*', '/', '//', '%'], () => this.#arithmetic(['**'], () => this.#unary()));
  }

  #unary(withFilters = true): TemplateExpression {
    const sign = ['-', '+'].find((text) => this.is('operator', text));
    let value: TemplateExpression;
    if (sign === undefined) value = this.primary();
    else {
      this.next();
      const operand = this.nested(() => this.#unary(false));
      value = { kind: sign === '-' ? 'negative' : 'positive', operand };
    }
    value = this.#postfix(value);
    return withFilters ? this.#filtersAndTests(value) : value;
  }

  protected primary(): TemplateExpression {
    const token = this.current;
    switch (token.type) {
      case 'name':
        this.next();
        if (Object.hasOwn(CONSTANTS, token.text)) return { kind: 'constant', value: CONSTANTS[token.text] };
        for (const names of this.namesRead) names.add(token.text);
        return { kind: 'name', name: token.text };
      case 'integer':
      case 'float':
        this.next();
        return { kind: 'constant', value: token.value };
      case 'string': {
        let value = '';
        while (this.is('string')) value += this.next().text;
        return { kind: 'constant', value };
      }
      default:
        return this.nested(() => this.#bracketed());
    }
  }

  #bracketed(): TemplateExpression {
    if (this.skipIf('operator', '(')) {
      const inside: TemplateExpression = this.is('operator', ')')
        ? { kind: 'tuple', items: [] }
        : this.tuple();
      this.expect('operator', ')');
      return inside;
    }
    if (this.skipIf('operator', '['))
      return { kind: 'list', items: this.#listed(']', () => this.expression()) };
    if (this.skipIf('operator', '{')) {
      const entries = this.#listed('}', (): readonly [TemplateExpression, TemplateExpression] => {
        const key = this.expression();
        this.expect('operator', ':');
        return [key, this.expression()];
      });
      return { kind: 'dict', entries };
    }
    throw this.problem('expected an expression');
  }

  /** What stands with commas between up to a closing bracket; a last comma may stand alone. */
  #listed<T>(closing: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.is('operator', closing)) {
      items.push(read());
      if (!this.skipIf('operator', ',')) break;
    }
    this.expect('operator', closing);
    return items;
  }

  #postfix(start: TemplateExpression): TemplateExpression {
    let value = start;
    for (;;) {
      if (this.skipIf('operator', '.')) value = this.#member(value);
      else if (this.skipIf('operator', '[')) value = this.#subscript(value);
      else if (this.is('operator', '(')) value = { kind: 'call', callee: value, given: this.arguments() };
      else return value;
    }
  }

  #filtersAndTests(start: TemplateExpression): TemplateExpression {
    let value = start;
    for (;;) {
      if (this.skipIf('operator', '|')) value = this.filter(value);
      else if (this.skipIf('name', 'is')) value = this.#test(value);
      else if (this.is('operator', '(')) value = { kind: 'call', callee: value, given: this.arguments() };
      else return value;
    }
  }

  #member(object: TemplateExpression): TemplateExpression {
    const token = this.next();
    if (token.type === 'name') return { kind: 'attribute', object, name: token.text };
    if (token.type !== 'integer') throw syntaxError('expected a name or a number behind a dot', token.line);
    return { kind: 'item', object, key: { kind: 'constant', value: token.value } };
  }

  #subscript(object: TemplateExpression): TemplateExpression {
    const keys: (TemplateExpression | (TemplateExpression | undefined)[])[] = [];
    while (!this.is('operator', ']')) {
      if (keys.length > 0) this.expect('operator', ',');
      keys.push(this.#keyOrBounds());
    }
    this.expect('operator', ']');
    const [key] = keys;
    if (keys.length === 1) {
      return Array.isArray(key)
        ? { kind: 'slice', object, bounds: key }
        : { kind: 'item', object, key: key as TemplateExpression };
    }
    if (keys.some(Array.isArray)) throw this.problem('expected one slice');
    return { kind: 'item', object, key: { kind: 'tuple', items: keys as TemplateExpression[] } };
  }

  #keyOrBounds(): TemplateExpression | (TemplateExpression | undefined)[] {
    const isEnd = () => this.is('operator', ':') || this.is('operator', ']') || this.is('operator', ',');
    const first = this.is('operator', ':') ? undefined : this.expression();
    if (!this.skipIf('operator', ':')) return first!;
    const stop = isEnd() ? undefined : this.expression();
    const step = this.skipIf('operator', ':') && !isEnd() ? this.expression() : undefined;
    return [first, stop, step];
  }

  protected arguments(): Arguments {
    this.expect('operator', '(');
    const positional: TemplateExpression[] = [];
    const named: [string, TemplateExpression][] = [];
    let list: TemplateExpression | undefined;
    let dict: TemplateExpression | undefined;
    while (!this.is('operator', ')')) {
      if (dict || (list && this.is('operator', '*'))) throw this.problem('expected the end of the arguments');
      if (this.skipIf('operator', '*')) list = this.expression();
      else if (this.skipIf('operator', '**')) dict = this.expression();
      else if (this.is('name') && this.is('operator', '=', 1)) {
        const { text } = this.next();
        this.next();
        named.push([text, this.expression()]);
      } else {
        if (list || named.length > 0) throw this.problem('expected a named argument');
        positional.push(this.expression());
      }
      if (!this.skipIf('operator', ',')) break;
    }
    this.expect('operator', ')');
    return { positional, named, list, dict };
  }

  protected filter(value: TemplateExpression | undefined): NamedCall {
    const name = this.#dottedName();
    const given = this.is('operator', '(') ? this.arguments() : { positional: [], named: [] };
    return { kind: 'filter', name, value, given };
  }

  #dottedName(): string {
    let name = this.expect('name').text;
    while (this.skipIf('operator', '.')) name += `.${this.expect('name').text}`;
    return name;
  }

  #test(value: TemplateExpression): TemplateExpression {
    const negated = this.skipIf('name', 'not');
    const name = this.#dottedName();
    let given: Arguments = { positional: [], named: [] };
    if (this.is('operator', '(')) given = this.arguments();
    else if (this.#beginsArgument()) given = { positional: [this.#postfix(this.primary())], named: [] };
    const test: NamedCall = { kind: 'test', name, value, given };
    return negated ? { kind: 'not', operand: test } : test;
  }

  /** Whether what follows the name of a test is its one argument without brackets: `is divisibleby 3`. */
  #beginsArgument(): boolean {
    if (this.is('name')) {
      if (this.is('name', 'is')) throw this.problem('expected one test');
      return !['else', 'or', 'and'].includes(this.current.text);
    }
    return (
      this.is('string') ||
      this.is('integer') ||
      this.is('float') ||
      this.is('operator', '[') ||
      this.is('operator', '{')
    );
  }

  /** What is assigned to: names, and fields of a namespace where they may be. */
  protected target({
    fields = false,
    isEnd,
  }: { readonly fields?: boolean; readonly isEnd?: () => boolean } = {}): Target {
    const read = (): TemplateExpression => {
      if (fields && this.is('name') && this.is('operator', '.', 1)) {
        const { text } = this.next();
        this.next();
        const object: TemplateExpression = { kind: 'name', name: text };
        return { kind: 'attribute', object, name: this.expect('name').text };
      }
      return this.primary();
    };
    return this.#asTarget(this.tuple(read, isEnd));
  }

  #asTarget(expression: TemplateExpression): Target {
    switch (expression.kind) {
      case 'name':
        return expression;
      case 'attribute':
        return {
          kind: 'field',
          namespace: (expression.object as { name: string }).name,
          name: expression.name,
        };
      case 'tuple':
        return { kind: 'tuple', items: expression.items.map((item) => this.#asTarget(item)) };
      default:
        throw this.problem('expected a name to assign to');
    }
  }
}
