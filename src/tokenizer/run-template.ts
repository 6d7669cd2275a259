import { createContext, Script } from 'node:vm';
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { strftime } from './strftime.ts';

/** How long a template may run: a thousand times what an honest one does. */
export const TEMPLATE_MS = 250;

/** The longest text and list in a template: the longest contexts are half of it. */
const MOST_CHARACTERS = 2 ** 20;
const MOST_ITEMS = 2 ** 17;
/** As in Jinja's sandbox. */
const LONGEST_RANGE = 100_000;

export type RenderOutcome =
  | { readonly kind: 'text'; readonly text: string }
  /** The template itself refused, by raise_exception. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It can't be run, or would have taken too long. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Renders a template, with what it sees by name. */
export type RunTemplate = (variables: Readonly<Record<string, unknown>>, now: Date) => RenderOutcome;

/**
 * A template of Jinja, run by `@huggingface/jinja` with a limit to its work. It comes with a model, so it may do anything
 * that the language can: never end, or double a text until memory is full.
 *
 * Node's `vm` stops what is called from a script after a time, wherever it was defined; only within one built-in function
 * it can't. So texts and lists have a longest size, at which no such function takes long.
 */
export function template(source: string): RunTemplate {
  let program: unknown;
  // one for all renderings, as it takes longer to be made than most templates to be rendered
  let context: Running | undefined;
  return (variables, now) =>
    withinTime((context ??= createContext({ __proto__: null }) as Running), () => {
      program ??= parse(tokenize(source, { trim_blocks: true, lstrip_blocks: true }));
      // the library's own `render` has these names too, but with a clock and a language of its own
      const environment = new Environment();
      const tell = (format: unknown) => strftime(String(format), now);
      for (const [name, value] of Object.entries({ ...variables, ...globals, strftime_now: tell }))
        environment.set(name, value);
      return String(new LimitedInterpreter(environment).run(program).value);
    });
}

class Refusal extends Error {}

/** The library's types import each other without the endings that Node asks for, so they aren't found. */
type LibraryInterpreter = new (environment: unknown) => {
  evaluate(statement: unknown, environment: unknown): { readonly value: unknown };
  run(program: unknown): { readonly value: unknown };
};

/** A context in which `run()` can be called. */
interface Running {
  run?: () => string;
}

function withinTime(context: Running, run: () => string, tries = 4): RenderOutcome {
  const before = process.cpuUsage();
  context.run = run;
  try {
    return { kind: 'text', text: call.runInContext(context, { timeout: TEMPLATE_MS }) as string };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { kind: 'failed', reason: message };
    // on a machine that is busy with other things the time was theirs
    const { user, system } = process.cpuUsage(before);
    if (tries > 1 && (user + system) / 1000 < TEMPLATE_MS / 2) return withinTime(context, run, tries - 1);
    return { kind: 'failed', reason: `one that takes more than ${TEMPLATE_MS} ms` };
  } finally {
    context.run = undefined;
  }
}

const call = new Script('run()');

/** Checks the size of every value. */
class LimitedInterpreter extends (Interpreter as unknown as LibraryInterpreter) {
  override evaluate(statement: unknown, environment: unknown): { readonly value: unknown } {
    const result = super.evaluate(statement, environment);
    const { value } = result;
    if (typeof value === 'string' && value.length > MOST_CHARACTERS)
      throw new RangeError(`a text of more than ${MOST_CHARACTERS} characters`);
    if (Array.isArray(value) && value.length > MOST_ITEMS)
      throw new RangeError(`a list of more than ${MOST_ITEMS} items`);
    return result;
  }
}

/** What every template has, as Python's Jinja and transformers give it. */
const globals = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  raise_exception(reason: unknown) {
    throw new Refusal(String(reason));
  },
};

function range(first: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, first] : [first, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= LONGEST_RANGE)) throw new RangeError(`a range of more than ${LONGEST_RANGE} numbers`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}
