import { unassignedNames } from './frames.ts';
import { isKnown } from './evaluator.ts';
import { globals } from './globals.ts';
import { checkNames } from './known-names.ts';
import type { Statement } from './nodes.ts';
import { parse } from './parser.ts';
import { TemplateProblem, TemplateRefusal } from './problems.ts';
import { Renderer } from './renderer.ts';
import { Scope } from './scope.ts';
import { fromJson } from './values.ts';
import { Work } from './work.ts';

/** What a template made of its variables. */
export type RenderOutcome =
  | { readonly kind: 'text'; readonly text: string }
  /** The template itself refused, by raise_exception. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It can't be run, or would have taken too much. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Renders a template, with what it sees by name: values of JSON. */
export type RunTemplate = (variables: Readonly<Record<string, unknown>>, now: Date) => RenderOutcome;

interface Program {
  readonly statements: readonly Statement[];
  readonly unassigned: ReadonlyMap<object, readonly string[]>;
}

function read(source: string): Program {
  const statements = parse(source);
  checkNames(statements, isKnown);
  return { statements, unassigned: unassignedNames(statements) };
}

/** Longer ones than published templates by a hundred times. */
const maxTemplate = 2 ** 20;

/**
 * A template of Jinja, as Jinja2 3.1 renders it in the environment of transformers: in its sandbox, which changes no list
 * and no dict, with `trim_blocks`, `lstrip_blocks`, `break` and `continue`, `{% generation %}`, its own `tojson`,
 * `strftime_now` and `raise_exception`.
 *
 * It does as Python does: `True` and `None` are printed so, texts are counted by code points, `//` rounds down. What can't be
 * the same each time (`random`, `lipsum`) and what is about HTML pages (`autoescape true`) fails. Its work is limited.
 */
export function compileTemplate(source: string): RunTemplate {
  let program: Program | undefined;
  return (variables, now) => {
    try {
      if (source.length > maxTemplate)
        return { kind: 'failed', reason: `one of ${source.length} characters, more than ${maxTemplate}` };
      program ??= read(source);
      const { statements, unassigned } = program;
      const work = new Work(JSON.stringify(variables).length);
      const given = new Scope();
      for (const [name, value] of globals(now, work)) given.set(name, value);
      for (const [name, value] of Object.entries(variables)) given.set(name, fromJson(value));
      const top = new Scope(given, unassigned.get(statements));
      const renderer = new Renderer(work, top, statements, unassigned);
      return { kind: 'text', text: renderer.render(statements, top) };
    } catch (error) {
      if (error instanceof TemplateRefusal) return { kind: 'refused', reason: error.message };
      if (error instanceof TemplateProblem) return { kind: 'failed', reason: error.message };
      // what is nested so deep that the stack ends
      if (error instanceof RangeError)
        return { kind: 'failed', reason: `one that goes too deep (${error.message})` };
      throw error;
    }
  };
}
