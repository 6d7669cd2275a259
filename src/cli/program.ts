import { parseArgs } from 'node:util';
import { FileError, InvalidOptionError, show, UnsupportedError } from '../base/errors.ts';
import { type Command, type HelpDefaults, type Io, UsageError } from './command.ts';
import { commandHelp, programHelp } from './help.ts';
import { menu } from './menu.ts';
import { nearest } from '../base/spelling.ts';
import { kebabCase } from '../base/options.ts';
import { flagsOf, parseOptions } from './flags.ts';
import { visible } from './terminal/visible.ts';
import { linesFor } from './terminal/wrap.ts';

/** Commands by name. One is loaded when it's called, so that `unmask --help` doesn't load an engine. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: Command }>>>;

/**
 * Runs one command line.
 *
 * @param args  what follows the program's name
 * @returns     the exit code: 0 done, 2 a person's mistake, 130 interrupted, 1 a bug, or what the error or command says
 */
export async function runProgram(
  args: readonly string[],
  io: Io,
  commands: CommandTable,
  version: string,
): Promise<number> {
  const [name, ...rest] = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  if (name === undefined) {
    io.stdout.write(menu(io.stdout.columns));
    return 0;
  }
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${version}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h') {
    io.stdout.write(programHelp(await summariesOf(commands), io.stdout.columns));
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const meant = nearest(name, Object.keys(commands));
    const names = Object.keys(commands).join(', ');
    io.stderr.write(
      `unmask: unknown command ${show(name)}; ${meant ? `did you mean ${meant}?` : `there are ${names}`}\n`,
    );
    return 2;
  }
  const { default: command } = await commands[name]();
  if (asksForHelp(rest)) {
    io.stdout.write(commandHelp(name, command, io.stdout.columns, await defaultsFor(command, rest)));
    return 0;
  }
  try {
    const { options, given } = parseOptions(command.options, rest, command.positionals);
    return (await command.run(options, io, given)) ?? 0;
  } catch (error) {
    return report(error, name, command, io);
  }
}

/** A flag that stands for itself: after `--` everything is text. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/** The defaults that hold beside what a command line names; those of the schema where that can't be used. */
async function defaultsFor(command: Command, args: readonly string[]): Promise<HelpDefaults | undefined> {
  const { values } = parseArgs({ args: [...args], strict: false, options: textOptions(command) });
  const given = (flag: string): string | undefined => {
    const value = values[flag];
    return typeof value === 'string' ? value : undefined;
  };
  try {
    return await command.defaults?.(given);
  } catch (error) {
    if (mistakeIn(error, command)) return undefined;
    throw error;
  }
}

/** The flags of a command that take a value. */
function textOptions({ options }: Command): Record<string, { readonly type: 'string' }> {
  const flags = flagsOf(options).filter(({ kind }) => kind !== 'boolean');
  return Object.fromEntries(flags.map(({ name }) => [name, { type: 'string' }]));
}

async function summariesOf(commands: CommandTable): Promise<[string, string][]> {
  const loaded = Object.entries(commands).map(async ([name, load]): Promise<[string, string]> => [
    name,
    (await load()).default.summary,
  ]);
  return Promise.all(loaded);
}

/** The sentence of an error that a person can do something about, outside of any command's flags; else undefined. */
export const sentenceOf = (error: unknown): string | undefined => mistakeIn(error)?.sentence;

function report(error: unknown, name: string, command: Command, io: Io): number {
  if (io.signal.aborted && isAbort(error, io.signal)) return 130;
  const mistake = mistakeIn(error, command);
  if (!mistake) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`unmask ${name}: this is a bug in unmask, please report it\n${visible(stack)}\n`);
    return 1;
  }
  const sentence = `unmask ${name}: ${visible(mistake.sentence)}`;
  io.stderr.write(`${linesFor(sentence, io.stderr).join('\n')}\n`);
  return mistake.exitCode;
}

const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || (error instanceof Error && error.name === 'AbortError');

/** The sentence and exit code of an error that a person can do something about. */
function mistakeIn(error: unknown, command?: Command): { sentence: string; exitCode: number } | undefined {
  if (!(error instanceof Error)) return undefined;
  const exitCode = 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : 2;
  if (error instanceof InvalidOptionError && command && error.option in command.options.shape) {
    // the core knows the option's key; a person wrote its flag
    return { sentence: `--${kebabCase(error.option)}${error.message.slice(error.option.length)}`, exitCode };
  }
  const known = [InvalidOptionError, FileError, UnsupportedError, UsageError].some(
    (kind) => error instanceof kind,
  );
  if (known || 'exitCode' in error) return { sentence: error.message, exitCode };
  if ('syscall' in error && 'code' in error && typeof error.code === 'string') {
    return { sentence: systemSentence(error, error.code), exitCode };
  }
  return undefined;
}

/** "ENOENT: no such file or directory, open 'a.txt'" with the path in front, where a reader looks for it. */
function systemSentence(error: Error, code: string): string {
  const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
  const reason = /^\w+: ([^,]+)/.exec(error.message)?.[1] ?? error.message;
  return `${path}${reason} (${code})`;
}
