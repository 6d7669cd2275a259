import type { z } from 'zod';

/** Where a command writes: a stream, and what is known of the terminal behind it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a command has of the world. Results go to `stdout`, progress and statistics to `stderr`. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C, by SIGTERM and when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  /** Says that a save has begun: a program that was told to end, and soon would be, is given the time for it. */
  readonly hold?: () => void;
}

/** What holds where a command line says nothing, and whose it is: a model's, or a size's. */
export interface HelpDefaults {
  readonly of: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * One command of the program. Its flags, its help and the checks of its values are all made from `options`:
 * `blockLength` is `--block-length`, a boolean is also `--no-…`, an array is a flag that may be repeated,
 * `.describe()` is the help and `.meta({ placeholder: 'path' })` is what the help calls the value.
 */
export interface Command<Schema extends z.ZodObject = z.ZodObject> {
  /** One line for the list of commands, without a full stop. */
  readonly summary: string;
  /** A strict object: what it does not know is an error. */
  readonly options: Schema;
  /** Keys of the options that may be given without their flag, in order; the last may be an array and then takes the rest. */
  readonly positionals?: readonly string[];
  /**
   * What holds in place of the schema's defaults, for the help.
   *
   * @param given  the text that a flag has on the command line
   */
  readonly defaults?: (
    given: (flag: string) => string | undefined,
  ) => Promise<HelpDefaults> | HelpDefaults | undefined;
  /** Whole command lines for the help, each with what it does. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
  /**
   * Does the work. When the signal is aborted, throwing its reason ends the program with 130; returning ends it with 0,
   * for a command that saved what it had.
   *
   * @param given  the keys of the options that the command line names; the others have the defaults of the schema
   * @returns the exit code, where it isn't 0
   * @throws anything: a person's mistake (InvalidOptionError, FileError, UnsupportedError, UsageError, a failed system
   *   call) is printed as one line and ends with 2, or with the number in the error's `exitCode`; everything else is a
   *   bug, printed with its stack, and ends with 1
   */
  run(options: z.output<Schema>, io: Io, given: ReadonlySet<string>): Promise<number | void>;
}

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
