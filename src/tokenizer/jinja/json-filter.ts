import { order } from './compare.ts';
import { typeError } from './problems.ts';
import { floatText } from './repr.ts';
import { Dict, isText, plain, Tuple, typeName, type Value } from './values.ts';
import type { Work } from './work.ts';

/** How `json.dumps` lays a value out. */
export interface JsonForm {
  readonly ensureAscii: boolean;
  /** What one more level stands further in; undefined where all is on one line. */
  readonly indent?: string;
  readonly separators?: readonly [item: string, key: string];
  readonly sortKeys: boolean;
}

/** A value as Python's `json.dumps` writes it. @throws TemplateProblem  for what JSON has no form of */
export function dumpJson(value: Value, form: JsonForm, work: Work, line = '\n'): string {
  if (value === null) return 'null';
  if (isText(value)) return work.text(quote(plain(value), form.ensureAscii));
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatJson(value);
  const [itemSeparator, keySeparator] = form.separators ?? [form.indent === undefined ? ', ' : ',', ': '];
  const inner = form.indent === undefined ? line : line + form.indent;
  const enclosed = (parts: readonly string[], [open, close]: string): string => {
    if (parts.length === 0) return open + close;
    if (form.indent === undefined) return work.text(open + parts.join(itemSeparator) + close);
    return work.text(open + inner + parts.join(itemSeparator + inner) + line + close);
  };
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = value instanceof Tuple ? value.items : (value as readonly Value[]);
    return enclosed(
      items.map((item) => dumpJson(item, form, work, inner)),
      '[]',
    );
  }
  if (!(value instanceof Dict)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = [...value.entries()];
  if (form.sortKeys) entries.sort(([a], [b]) => order(a, b, work));
  return enclosed(
    entries.map(
      ([key, each]) =>
        quote(keyText(key), form.ensureAscii) + keySeparator + dumpJson(each, form, work, inner),
    ),
    '{}',
  );
}

function floatJson(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

function keyText(key: Value): string {
  if (isText(key)) return plain(key);
  if (key === null) return 'null';
  if (typeof key === 'number') return floatJson(key);
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

const CONTROLS = '\\x00-\\x1f';
const ESCAPED = new RegExp(`["\\\\${CONTROLS}]`, 'g');
const ESCAPED_ASCII = new RegExp(`["\\\\${CONTROLS}\\x80-\\uffff]`, 'g');

const quote = (text: string, ensureAscii: boolean): string =>
  `"${text.replace(ensureAscii ? ESCAPED_ASCII : ESCAPED, (unit) => {
    return SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  })}"`;
