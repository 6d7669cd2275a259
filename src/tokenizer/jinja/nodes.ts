/** The syntax tree of a template. */

export type Expression =
  | { readonly kind: 'constant'; readonly value: null | boolean | bigint | number | string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly object: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice';
      readonly object: Expression;
      readonly bounds: readonly (Expression | undefined)[];
    }
  | { readonly kind: 'call'; readonly callee: Expression; readonly given: Arguments }
  | NamedCall
  | { readonly kind: 'not' | 'negative' | 'positive'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'concatenation'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'comparison';
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: ComparisonOperator, operand: Expression])[];
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly value: Expression;
      readonly otherwise?: Expression;
    };

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** What a filter or a test is given; the value of a filter is absent where a block's text is filtered. */
export interface NamedCall {
  readonly kind: 'filter' | 'test';
  readonly name: string;
  readonly value?: Expression;
  readonly given: Arguments;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** Behind `*`: a list of more. */
  readonly list?: Expression;
  /** Behind `**`: a dict of more. */
  readonly dict?: Expression;
}

/** What can be assigned to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly default?: Expression;
}

/** What a macro or a call block makes callable. */
export interface MacroBody {
  readonly name?: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Which of the special names `caller`, `varargs` and `kwargs` the body uses. */
  readonly uses: ReadonlySet<string>;
}

export type Statement =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'output'; readonly values: readonly Expression[] }
  | {
      readonly kind: 'if';
      readonly branches: readonly (readonly [condition: Expression, body: readonly Statement[]])[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly target: Target;
      readonly iterable: Expression;
      readonly condition?: Expression;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filters: readonly NamedCall[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'with';
      readonly values: readonly (readonly [target: Target, value: Expression])[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'macro'; readonly name: string; readonly macro: MacroBody }
  | { readonly kind: 'call block'; readonly call: Expression; readonly macro: MacroBody }
  | {
      readonly kind: 'filter block';
      readonly filters: readonly NamedCall[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'block';
      readonly name: string;
      readonly scoped: boolean;
      readonly body: readonly Statement[];
    }
  /** What asks for another template, of which there is none. */
  | { readonly kind: 'other template'; readonly tag: string };
