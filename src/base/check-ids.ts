import { InvalidOptionError } from './errors.ts';

/**
 * @param ids     of tokens, as a person gave them
 * @param size    how many tokens the tokenizer has
 * @param option  what they were given as
 * @throws InvalidOptionError  for the first that is no id of it
 */
export function checkIds(ids: ArrayLike<number>, size: number, option: string): void {
  for (let i = 0; i < ids.length; i++)
    if (!(Number.isInteger(ids[i]) && ids[i] >= 0 && ids[i] < size))
      throw new InvalidOptionError(option, `must be ids of the tokenizer, which has ${size}`, ids[i]);
}
