export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './errors.ts';
