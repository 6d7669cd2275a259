import { innerExpressions } from './frames.ts';
import type { TemplateExpression, NamedCall, Statement } from './nodes.ts';
import { TemplateProblem } from './problems.ts';

/** Whether there is a filter or a test of a name. */
export type IsKnown = (kind: NamedCall['kind'], name: string) => boolean;

/**
 * Checks that the filters and tests of a template are known, as Jinja does before it runs: but for those right within an `if`,
 * which may ask whether there is one.
 *
 * @throws TemplateProblem  that names the first one that isn't known
 */
export function checkNames(statements: readonly Statement[], isKnown: IsKnown): void {
  const expression = (value: TemplateExpression | undefined, isConditional: boolean): void => {
    if (!value) return;
    if (
      (value.kind === 'filter' || value.kind === 'test') &&
      !isConditional &&
      !isKnown(value.kind, value.name)
    )
      throw new TemplateProblem('TemplateAssertionError', `No ${value.kind} named '${value.name}'.`);
    for (const inner of innerExpressions(value))
      expression(inner, isConditional || value.kind === 'conditional');
  };
  const all = (body: readonly Statement[], isConditional = false): void => {
    for (const statement of body) {
      for (const value of expressionsIn(statement)) expression(value, isConditional);
      switch (statement.kind) {
        case 'if':
          for (const [condition, branch] of statement.branches) {
            expression(condition, true);
            all(branch, true);
          }
          all(statement.otherwise, true);
          break;
        case 'for':
          expression(statement.condition, false);
          all(statement.body);
          all(statement.otherwise);
          break;
        case 'set block':
        case 'filter block':
          for (const filter of statement.filters) expression(filter, false);
          all(statement.body);
          break;
        case 'macro':
        case 'call block':
          for (const parameter of statement.macro.parameters) expression(parameter.default, false);
          all(statement.macro.body);
          break;
        case 'with':
        case 'block':
          all(statement.body);
          break;
        default:
      }
    }
  };
  all(statements);
}

/** The expressions that are computed where a statement stands. */
function expressionsIn(statement: Statement): readonly TemplateExpression[] {
  switch (statement.kind) {
    case 'output':
      return statement.values;
    case 'set':
      return [statement.value];
    case 'for':
      return [statement.iterable];
    case 'with':
      return statement.values.map(([, value]) => value);
    case 'call block':
      return [statement.call];
    default:
      return [];
  }
}
