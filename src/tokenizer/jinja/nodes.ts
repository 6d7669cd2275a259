/** The syntax tree of a template. */

/** What has a value. */
export type TemplateExpression =
  | { readonly kind: 'constant'; readonly value: null | boolean | bigint | number | string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly TemplateExpression[] }
  | {
      readonly kind: 'dict';
      readonly entries: readonly (readonly [key: TemplateExpression, value: TemplateExpression])[];
    }
  | { readonly kind: 'attribute'; readonly object: TemplateExpression; readonly name: string }
  | { readonly kind: 'item'; readonly object: TemplateExpression; readonly key: TemplateExpression }
  | {
      readonly kind: 'slice';
      readonly object: TemplateExpression;
      readonly bounds: readonly (TemplateExpression | undefined)[];
    }
  | { readonly kind: 'call'; readonly callee: TemplateExpression; readonly given: Arguments }
  | NamedCall
  | { readonly kind: 'not' | 'negative' | 'positive'; readonly operand: TemplateExpression }
  | { readonly kind: 'and' | 'or'; readonly left: TemplateExpression; readonly right: TemplateExpression }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: TemplateExpression;
      readonly right: TemplateExpression;
    }
  | { readonly kind: 'concatenation'; readonly parts: readonly TemplateExpression[] }
  | {
      readonly kind: 'comparison';
      readonly first: TemplateExpression;
      readonly rest: readonly (readonly [operator: ComparisonOperator, operand: TemplateExpression])[];
    }
  | {
      readonly kind: 'conditional';
      readonly condition: TemplateExpression;
      readonly value: TemplateExpression;
      readonly otherwise?: TemplateExpression;
    };

/** Operators of numbers, some of texts and lists, too. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
/** Operators that are true or false. */
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** What a filter or a test is given; the value of a filter is absent where a block's text is filtered. */
export interface NamedCall {
  readonly kind: 'filter' | 'test';
  readonly name: string;
  readonly value?: TemplateExpression;
  readonly given: Arguments;
}

/** What stands between the parentheses of a call. */
export interface Arguments {
  readonly positional: readonly TemplateExpression[];
  readonly named: readonly (readonly [name: string, value: TemplateExpression])[];
  /** Behind `*`: a list of more. */
  readonly list?: TemplateExpression;
  /** Behind `**`: a dict of more. */
  readonly dict?: TemplateExpression;
}

/** What can be assigned to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

/** A parameter of a macro. */
export interface Parameter {
  readonly name: string;
  readonly default?: TemplateExpression;
}

/** What a macro or a call block makes callable. */
export interface MacroBody {
  readonly name?: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Which of the special names `caller`, `varargs` and `kwargs` the body uses. */
  readonly uses: ReadonlySet<string>;
}

/** What a template is a list of: text that is written as it is, values, and blocks. */
export type Statement =
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'output'; readonly values: readonly TemplateExpression[] }
  | {
      readonly kind: 'if';
      readonly branches: readonly (readonly [condition: TemplateExpression, body: readonly Statement[]])[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly target: Target;
      readonly iterable: TemplateExpression;
      readonly condition?: TemplateExpression;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'set'; readonly target: Target; readonly value: TemplateExpression }
  | {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filters: readonly NamedCall[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'with';
      readonly values: readonly (readonly [target: Target, value: TemplateExpression])[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'macro'; readonly name: string; readonly macro: MacroBody }
  | { readonly kind: 'call block'; readonly call: TemplateExpression; readonly macro: MacroBody }
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
