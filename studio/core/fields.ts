/** The parts of JSON Schema that the options of unmask are described with. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** How an option is asked for. */
export type Control = 'number' | 'text' | 'switch' | 'choice' | 'choices' | 'json';

/** An option as a form shows it. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly control: Control;
  /** What holds while nothing is given, in words. */
  readonly byDefault: string;
  readonly choices: readonly string[];
  readonly schema: JsonSchema;
}

/** The fields of an object of options, in the order of the schema. */
export function fieldsOf({ properties = {} }: JsonSchema): Field[] {
  return Object.entries(properties).map(([name, schema]) => {
    const { help, byDefault } = described(schema);
    const choices = (schema.enum ?? schema.items?.enum ?? []).map(String);
    return { name, label: labelOf(name), help, byDefault, choices, control: controlOf(schema), schema };
  });
}

function controlOf({ type, enum: choices, items }: JsonSchema): Control {
  if (choices) return 'choice';
  if (type === 'boolean') return 'switch';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'string') return 'text';
  if (type === 'array' && items?.enum) return 'choices';
  return 'json';
}

/** Descriptions end in `[default]` where the default is no single value. */
function described({ description = '', default: value }: JsonSchema): { help: string; byDefault: string } {
  const [, help, inBrackets] = /^([\s\S]*?)(?: \[([^\]]*)\])?$/.exec(description)!;
  return { help, byDefault: inBrackets ?? (value === undefined ? '' : JSON.stringify(value)) };
}

/** The name of an option in words; blockLength: block length. */
export const labelOf = (name: string): string =>
  name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

/** What was typed, as a value; undefined for nothing typed; an Error whose message says what is wrong. */
export function valueOf({ control, schema, label }: Field, typed: string): unknown {
  if (typed.trim() === '') return undefined;
  if (control === 'number') return numberOf(schema, label, typed);
  if (control !== 'json') return typed;
  try {
    return JSON.parse(typed);
  } catch {
    return new Error(`${label} must be JSON`);
  }
}

function numberOf(schema: JsonSchema, label: string, typed: string): unknown {
  const number = Number(typed);
  if (!Number.isFinite(number)) return new Error(`${label} must be a number`);
  if (schema.type === 'integer' && !Number.isInteger(number))
    return new Error(`${label} must be a whole number`);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && number < minimum) return new Error(`${label} must be at least ${minimum}`);
  if (maximum !== undefined && number > maximum) return new Error(`${label} must be at most ${maximum}`);
  if (exclusiveMinimum !== undefined && number <= exclusiveMinimum)
    return new Error(`${label} must be more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined && number >= exclusiveMaximum)
    return new Error(`${label} must be less than ${exclusiveMaximum}`);
  return number;
}

/** A schema whose descriptions say what a size sets, in place of that it does. */
export function bySize(schema: JsonSchema, settled: Readonly<Record<string, unknown>> = {}): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const value = settled[name];
    const description = property.description?.replace(/ \[set by size\]$/, () =>
      value === undefined ? '' : ` [${String(value)}]`,
    );
    return [name, { ...property, description }];
  });
  return { ...schema, properties: Object.fromEntries(properties) as JsonSchema['properties'] };
}
