import { ExpressionParser } from './expression-parser.ts';
import { tokenize } from './lexer.ts';
import type { TemplateExpression, MacroBody, NamedCall, Parameter, Statement, Target } from './nodes.ts';
import { syntaxError } from './problems.ts';

/**
 * The statements of a template.
 *
 * @throws TemplateProblem  for one that isn't well formed
 */
export function parse(template: string): Statement[] {
  return new Parser(tokenize(template)).template();
}

const OTHER_TEMPLATES: ReadonlySet<string> = new Set(['extends', 'include', 'import', 'from']);

class Parser extends ExpressionParser {
  /** Loops around what is being read, up to the next macro. */
  #loops = 0;

  template(): Statement[] {
    const body = this.#statements([]);
    if (!this.is('end')) throw this.problem('expected the end of the template');
    return body;
  }

  /** Statements up to a block that begins with one of some names; its name is the current token. */
  #statements(ends: readonly string[]): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.current;
      if (token.type === 'data') {
        this.next();
        statements.push({ kind: 'data', text: token.text });
      } else if (token.type === 'variable_begin') {
        this.next();
        statements.push({ kind: 'output', values: [this.tuple()] });
        this.expect('variable_end');
      } else if (token.type === 'block_begin') {
        this.next();
        if (this.is('name') && ends.includes(this.current.text)) return statements;
        statements.push(...this.nested(() => this.#statement()));
        this.expect('block_end');
      } else if (ends.length > 0) throw this.problem(`expected ${ends.join(' or ')}`);
      else return statements;
    }
  }

  /** The body of a block, behind the rest of its tag; the name that ends it is read. */
  #body(...ends: string[]): { readonly body: Statement[]; readonly end: string } {
    this.skipIf('operator', ':');
    this.expect('block_end');
    const body = this.#statements(ends);
    return { body, end: this.next().text };
  }

  #statement(): Statement[] {
    const { text: tag, line } = this.expect('name');
    switch (tag) {
      case 'if':
        return [this.#if()];
      case 'for':
        return [this.#for()];
      case 'set':
        return [this.#set()];
      case 'with':
        return [this.#with()];
      case 'macro':
        return [this.#macro()];
      case 'call':
        return [this.#callBlock()];
      case 'filter': {
        const filters = [this.filter(undefined), ...this.#filters()];
        return [{ kind: 'filter block', filters, body: this.#body('endfilter').body }];
      }
      case 'print':
        return [{ kind: 'output', values: this.#printed() }];
      case 'block':
        return [this.#block()];
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw syntaxError(`${tag} outside of a loop`, line);
        return [{ kind: tag }];
      case 'generation':
        // where transformers looks for what an assistant wrote: a block of its own that changes nothing
        return [{ kind: 'with', values: [], body: this.#apart(() => this.#body('endgeneration').body) }];
      case 'autoescape':
        return [this.#autoescape()];
      default:
        if (OTHER_TEMPLATES.has(tag)) return [this.#otherTemplate(tag)];
        throw syntaxError(`there is no tag ${tag}`, line);
    }
  }

  /** What stands outside of the loops around it. */
  #apart<T>(read: () => T): T {
    const loops = this.#loops;
    this.#loops = 0;
    const result = read();
    this.#loops = loops;
    return result;
  }

  #if(): Statement {
    const branches: [TemplateExpression, Statement[]][] = [];
    for (;;) {
      const condition = this.tuple(() => this.or());
      const { body, end } = this.#body('elif', 'else', 'endif');
      branches.push([condition, body]);
      if (end === 'elif') continue;
      return { kind: 'if', branches, otherwise: end === 'else' ? this.#body('endif').body : [] };
    }
  }

  #for(): Statement {
    const target = this.target({ isEnd: () => this.is('name', 'in') });
    this.expect('name', 'in');
    const iterable = this.tuple(
      () => this.or(),
      () => this.is('name', 'recursive'),
    );
    const condition = this.skipIf('name', 'if') ? this.expression() : undefined;
    const recursive = this.skipIf('name', 'recursive');
    this.#loops++;
    const { body, end } = this.#body('endfor', 'else');
    this.#loops--;
    const otherwise = end === 'else' ? this.#body('endfor').body : [];
    return { kind: 'for', target, iterable, condition, recursive, body, otherwise };
  }

  #set(): Statement {
    const target = this.target({ fields: true });
    if (this.skipIf('operator', '=')) return { kind: 'set', target, value: this.tuple() };
    const filters = this.#filters();
    return { kind: 'set block', target, filters, body: this.#body('endset').body };
  }

  #filters(): NamedCall[] {
    const filters: NamedCall[] = [];
    while (this.skipIf('operator', '|')) filters.push(this.filter(undefined));
    return filters;
  }

  #with(): Statement {
    const values: [Target, TemplateExpression][] = [];
    while (!this.is('block_end')) {
      if (values.length > 0) this.expect('operator', ',');
      const target = this.target({ isEnd: () => this.is('operator', '=') });
      this.expect('operator', '=');
      values.push([target, this.expression()]);
    }
    return { kind: 'with', values, body: this.#body('endwith').body };
  }

  #macro(): Statement {
    const name = this.expect('name').text;
    const parameters = this.#parameters();
    return { kind: 'macro', name, macro: this.#macroBody(name, parameters, 'endmacro') };
  }

  #callBlock(): Statement {
    const parameters = this.is('operator', '(') ? this.#parameters() : [];
    const call = this.expression();
    if (call.kind !== 'call') throw this.problem('expected a call');
    return { kind: 'call block', call, macro: this.#macroBody(undefined, parameters, 'endcall') };
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.expect('operator', '(');
    while (!this.is('operator', ')')) {
      if (parameters.length > 0) this.expect('operator', ',');
      const name = this.expect('name').text;
      const value = this.skipIf('operator', '=') ? this.expression() : undefined;
      if (!value && parameters.at(-1)?.default) throw this.problem('expected a default');
      parameters.push({ name, default: value });
    }
    this.expect('operator', ')');
    return parameters;
  }

  #macroBody(name: string | undefined, parameters: Parameter[], end: string): MacroBody {
    const uses = new Set<string>();
    this.namesRead.push(uses);
    const { body } = this.#apart(() => this.#body(end));
    this.namesRead.pop();
    return { name, parameters, body, uses };
  }

  #printed(): TemplateExpression[] {
    const values: TemplateExpression[] = [];
    while (!this.is('block_end')) {
      if (values.length > 0) this.expect('operator', ',');
      values.push(this.expression());
    }
    return values;
  }

  #block(): Statement {
    const name = this.expect('name').text;
    const scoped = this.skipIf('name', 'scoped');
    const required = this.skipIf('name', 'required');
    const { body } = this.#apart(() => this.#body('endblock'));
    this.skipIf('name', name);
    // a required block is for a template that extends this one
    return required
      ? { kind: 'other template', tag: 'block … required' }
      : { kind: 'block', name, scoped, body };
  }

  #autoescape(): Statement {
    const setting = this.expression();
    const { body } = this.#body('endautoescape');
    if (setting.kind !== 'constant' || setting.value !== false)
      throw this.problem('expected autoescape false, HTML not being what models read');
    return { kind: 'with', values: [], body };
  }

  #otherTemplate(tag: string): Statement {
    while (!this.is('block_end') && !this.is('end')) this.next();
    return { kind: 'other template', tag };
  }
}
