/** A person's mistake: an option with a value that cannot be used. The command line prints the message and exits with 2. */
export class InvalidOptionError extends Error {
  override readonly name = 'InvalidOptionError';
  readonly option: string;
  readonly value: unknown;

  /**
   * @param problem  what was expected: "must divide length (8)"
   * @param value    what was given; it is quoted unless it says nothing: a missing value or a switch, of which `problem`
   *   doesn't say what it "must" be
   */
  constructor(option: string, problem: string, value: unknown) {
    const saysNothing = value === undefined || typeof value === 'boolean';
    super(
      `${option}: ${problem}${saysNothing && !problem.startsWith('must ') ? '' : `, got ${show(value)}`}`,
    );
    this.option = option;
    this.value = value;
  }
}

/** A file that is missing, damaged, lying or of another kind than expected. The command line exits with 2. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly path: string;

  /**
   * @param expected  what should have been there
   * @param found     what was there
   * @param remedy    what to do about it, if that can be known
   */
  constructor(path: string, expected: string, found: string, remedy?: string, options?: ErrorOptions) {
    super(`${path}: expected ${expected}, found ${found}${remedy ? `; ${remedy}` : ''}`, options);
    this.path = path;
  }
}

/** Something that this model, device or file format cannot do. The command line exits with 2. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** The device of a model is lost for good: its driver started again, or it was taken out. */
export class DeviceLostError extends UnsupportedError {}

/** What a network predicts in place of numbers, for a person who can give it others. */
export const notNumbers = (): UnsupportedError =>
  new UnsupportedError(
    'the network predicts what are no numbers (NaN): its weights are damaged, or too large for the type that they are kept in; try another copy of it, or other --weights',
  );

/** A broken promise of our own code: always a bug of ours. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an InvariantError, which is a bug of ours, unless the condition holds. */
export function invariant(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(sentence);
}

/** A value as it is quoted in a message: short, on one line, nothing in it that a terminal would obey. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const short = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return short.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
