import { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './errors.ts';

/** An error as a message between threads says it. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly option?: string;
  readonly path?: string;
}

/** An error as the other side is told it. */
export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  if (error instanceof InvalidOptionError) return { name, message, option: error.option };
  if (error instanceof FileError) return { name, message, path: error.path };
  return { name, message };
}

const kinds: Readonly<Record<string, { readonly prototype: Error }>> = {
  InvalidOptionError,
  FileError,
  UnsupportedError,
  InvariantError,
};

/** The error again, of the same class and with the same sentence. */
export function receivedError({ name, message, option, path }: SentError): Error {
  const error = new Error(message);
  const kind = kinds[name];
  // the constructors would put a sentence around the sentence
  if (kind) Object.setPrototypeOf(error, kind.prototype);
  return Object.assign(error, {
    name,
    ...(option !== undefined && { option }),
    ...(path !== undefined && { path }),
  });
}
