/** What goes wrong in a template; the message begins with Python's name for it: "TypeError: …". */
export class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';

  constructor(kind: string, what: string) {
    super(`${kind}: ${what}`);
  }
}

/** A value of the wrong type, in Python's words. */
export const typeError = (what: string): TemplateProblem => new TemplateProblem('TypeError', what);
/** A value that makes no sense, in Python's words. */
export const valueError = (what: string): TemplateProblem => new TemplateProblem('ValueError', what);
/** A template that can't be read, with the line where it can't. */
export const syntaxError = (what: string, line: number): TemplateProblem =>
  new TemplateProblem('TemplateSyntaxError', `${what} (line ${line})`);

/** The template itself refuses what it is given: `raise_exception`. */
export class TemplateRefusal extends Error {
  override readonly name = 'TemplateRefusal';
}
