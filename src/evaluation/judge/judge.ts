import { InvalidOptionError } from '../../base/errors.ts';
import type { Model } from '../../language-model/language-model.ts';
import { meanOf } from '../mean.ts';
import { type Diversity, diversityOf } from './diversity.ts';

/** What texts are like to a judge, and how varied they are. */
export interface Judgement extends Diversity {
  /** −log₂ p of a character by the judge, given the text before it. Low is like what the judge has read, or a loop. */
  readonly bitsPerCharacter: number;
  /** Its standard error over the windows that were scored apart; NaN for one. */
  readonly standardError: number;
  /** Characters that were scored. */
  readonly characters: number;
  readonly texts: number;
}

/** A rest of fewer characters isn't scored by itself: it has too little before it. */
const minCharacters = 20;

/**
 * What a causal model that didn't write them says of some texts, and how varied they are: the two have to be read together, as a
 * text that goes in circles has few bits.
 *
 *     bits a character = Σ_windows −log₂ p(a blank and the window) / Σ_windows (1 + its characters)
 *
 * The texts are read as one, line after line, cut into windows that fill the judge's context; each is scored behind a blank, as
 * a word within a text is.
 *
 * @param judge  a causal model, so that the likelihood is exact; not one that the texts' author was made from
 * @param most   characters that are read, from the first on. Default: 10,000
 * @throws InvalidOptionError  for a judge that isn't causal, and where there is no text
 */
export async function judgeTexts(
  judge: Model,
  texts: readonly string[],
  { most = 10_000, signal }: { readonly most?: number; readonly signal?: AbortSignal } = {},
): Promise<Judgement> {
  const whole = [...texts.join('\n')].slice(0, most).join('');
  if (whole.trim() === '') throw new InvalidOptionError('texts', 'must have text to be judged', texts.length);
  const windows: { value: number; weight: number }[] = [];
  for (const window of windowsOf(judge, whole)) {
    const { nats, isBound } = await judge.score({ answer: ` ${window}`, signal });
    if (isBound)
      throw new InvalidOptionError('judge', 'must be a causal model, whose −log p is exact', 'a bound');
    windows.push({ value: nats / Math.LN2, weight: 1 + [...window].length });
  }
  const { mean: bitsPerCharacter, standardError } = meanOf(windows);
  const characters = windows.reduce((sum, { weight }) => sum + weight, 0);
  return { bitsPerCharacter, standardError, characters, ...diversityOf([whole]), texts: texts.length };
}

/** A text in pieces that fill the judge's context, by characters. */
function windowsOf({ tokenizer, config }: Model, text: string): string[] {
  const characters = [...text];
  const tokens = tokenizer.encode(` ${text}`).length;
  const room = config.maxLength - (tokenizer.prefixIds?.length ?? 0);
  if (tokens <= room) return [text];
  const windows: string[] = [];
  for (let start = 0; start < Math.max(1, characters.length - minCharacters);) {
    let size = Math.floor((room * characters.length) / tokens);
    const window = (): string => characters.slice(start, start + size).join('');
    // where a token is fewer characters than elsewhere, fewer fit
    while (size > 1 && tokenizer.encode(` ${window()}`).length > room) size -= 1;
    windows.push(window());
    start += size;
  }
  return windows;
}
