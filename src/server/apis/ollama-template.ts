import { InvalidOptionError } from '../../base/errors.ts';

/** Characters of a rendered template: as many as a request may have. */
const maxRendered = 2 ** 20;
/** `if`s inside each other. */
const maxDepth = 32;

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
  const texts: string[] = [];
  let size = 0;
  const write = (text: string): void => {
    if (open.includes(false)) return;
    size += text.length;
    if (size > maxRendered) throw wrong(`must make a text of at most ${maxRendered} characters`, template);
    texts.push(text);
  };
  let trims = false;
  for (const piece of piecesOf(template)) {
    if (typeof piece === 'string') {
      write(trims ? piece.trimStart() : piece);
      trims = false;
      continue;
    }
    const [, before, after] = /^(-?)[^]*?(-?)$/.exec(piece.action)!;
    const what = piece.action.slice(before.length, piece.action.length - after.length).trim();
    if (before) trimEnd(texts);
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
    else if (!condition) write(fields[name]);
    else if (open.push(fields[name] !== '') > maxDepth)
      throw wrong(`must have at most ${maxDepth} ifs inside each other`, template);
  }
  if (open.length > 0) throw wrong('must end each if', template);
  return texts.join('');
}

/** The texts of a template and what stands between {{ and }}, in their order; {{ without }} is text. */
function* piecesOf(template: string): Generator<string | { readonly action: string }> {
  let at = 0;
  for (;;) {
    const start = template.indexOf('{{', at);
    const end = start < 0 ? -1 : template.indexOf('}}', start + 2);
    if (end < 0) break;
    if (start > at) yield template.slice(at, start);
    yield { action: template.slice(start + 2, end) };
    at = end + 2;
  }
  if (at < template.length) yield template.slice(at);
}

/** Takes away the blanks that a text in pieces ends with. */
function trimEnd(texts: string[]): void {
  for (let last = texts.pop(); last !== undefined; last = texts.pop()) {
    const kept = last.trimEnd();
    if (kept === '') continue;
    texts.push(kept);
    return;
  }
}
