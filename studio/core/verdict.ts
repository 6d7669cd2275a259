import { bestOf, type Measured } from './best.ts';

/** What is known of a run that is compared. */
export interface WeighedRun {
  readonly name: string;
  /** Whether it was ended before its text was. */
  readonly isStopped?: boolean;
  /** Tokens that a forward writes, whatever the length of the text; known once it has ended. */
  readonly tokensPerForward?: number;
  /** Bits a character by the judge, once it was asked. */
  readonly bits?: Measured;
}

/** What a run takes and brings beside another, in a sentence; undefined while one of them isn't written to its end. */
export function verdictOn(run: WeighedRun, beside: WeighedRun): string | undefined {
  const stopped = [beside, run].find(({ isStopped }) => isStopped);
  if (stopped) return `${stopped.name} was stopped, and can’t be compared: “Write all” writes it to its end.`;
  if (run.tokensPerForward === undefined || beside.tokensPerForward === undefined) return undefined;
  const share = (beside.tokensPerForward / run.tokensPerForward).toFixed(2);
  const takes = share === '1.00' ? 'as many forwards as' : `${share} times the forwards of`;
  return `For a token ${run.name} takes ${takes} ${beside.name}${judged(run.bits, beside.bits)}.`;
}

function judged(bits: Measured | undefined, beside: Measured | undefined): string {
  if (bits === undefined || beside === undefined) return '; what its text is worth, “Judge the texts” tells';
  const by = `by ${Math.abs(bits.value - beside.value).toFixed(2)} bits a character`;
  const best = bestOf([bits, beside], 'lower');
  if (best === undefined) return ', and to the judge neither text is better beyond the error';
  return `, and to the judge its text is ${best === 0 ? 'better' : 'worse'}, ${by}`;
}
