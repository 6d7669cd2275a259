import { InvalidOptionError } from '../../base/errors.ts';

/**
 * A template of Ollama's with its fields filled in: `{{ .Name }}`, and `{{ if .Name }} … {{ else }} … {{ end }}`; a dash takes
 * away the blanks on its side. What else Go's templates have is refused.
 *
 * @throws InvalidOptionError
 */
export function rendered(template: string, fields: Readonly<Record<string, string>>): string {
  const wrong = (problem: string, value: string): InvalidOptionError =>
    new InvalidOptionError('template', problem, value);
  /** Of each open `if`: whether what stands there counts. */
  const open: boolean[] = [];
  let text = '';
  let trims = false;
  for (const [piece] of template.matchAll(/\{\{[^]*?\}\}|(?:(?!\{\{[^]*?\}\})[^])+/g)) {
    const action = /^\{\{(-?)\s*([^]*?)\s*(-?)\}\}$/.exec(piece);
    if (!action) {
      if (!open.includes(false)) text += trims ? piece.trimStart() : piece;
      trims = false;
      continue;
    }
    const [, before, what, after] = action;
    if (before) text = text.trimEnd();
    trims = after !== '';
    const [, condition, name] = /^(if\s+)?\.(\w+)$/.exec(what) ?? [];
    if (what === 'end' && open.length > 0) open.pop();
    else if (what === 'else' && open.length > 0) open.push(!open.pop()!);
    else if (name === undefined || !Object.hasOwn(fields, name))
      throw wrong(
        `must have ${Object.keys(fields)
          .map((field) => `.${field}`)
          .join(', ')}, if, else and end alone`,
        what,
      );
    else if (condition) open.push(fields[name] !== '');
    else if (!open.includes(false)) text += fields[name];
  }
  if (open.length > 0) throw wrong('must end each if', template);
  return text;
}
