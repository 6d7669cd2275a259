import { grouped } from '../../src/base/format-count.ts';

/** Characters of a token of a vocabulary that was learned from text of a language: about so many. */
export const charactersOfToken = 3.5;

/** About a number: two digits of it. */
const roughly = (value: number): string => grouped(Number(value.toPrecision(2)));

/**
 * How much there is to be learned from, in words.
 *
 * @param characters   of the text
 * @param isByLetters  whether each is a token
 * @param reading      tokens that are read in all, where that is said
 */
export function sizeOfText(characters: number, isByLetters: boolean, reading?: number): string {
  if (characters === 0) return '';
  const tokens = isByLetters ? characters : characters / charactersOfToken;
  const said = `${grouped(characters)} characters, about ${roughly(Math.max(1, tokens))} tokens`;
  if (reading === undefined) return said;
  const times = reading / tokens;
  return `${said}, read ${times < 1 ? 'once in part' : `about ${roughly(times)} times`}`;
}
