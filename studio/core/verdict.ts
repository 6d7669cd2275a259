import { bestOf, type Measured } from './best.ts';

/** What is known of a run that is compared. */
export interface WeighedRun {
  readonly name: string;
  /** Known once it has ended. */
  readonly forwards?: number;
  /** Bits a character by the judge, once it was asked. */
  readonly bits?: Measured;
}

/** What a run takes and brings beside another, in a sentence; undefined while one of them isn't written to its end. */
export function verdictOn(run: WeighedRun, beside: WeighedRun): string | undefined {
  if (run.forwards === undefined || beside.forwards === undefined) return undefined;
  const share = run.forwards / beside.forwards;
  const takes =
    share === 1
      ? `as many forwards as ${beside.name}`
      : `${share.toFixed(2)} times the forwards of ${beside.name}`;
  return `${run.name} takes ${takes}${judged(run.bits, beside.bits)}.`;
}

function judged(bits: Measured | undefined, beside: Measured | undefined): string {
  if (bits === undefined || beside === undefined) return '; what its text is worth, “Judge the texts” tells';
  const by = `by ${Math.abs(bits.value - beside.value).toFixed(2)} bits a character`;
  const best = bestOf([bits, beside], 'lower');
  if (best === undefined) return ', and to the judge neither text is better beyond the error';
  return `, and to the judge its text is ${best === 0 ? 'better' : 'worse'}, ${by}`;
}
