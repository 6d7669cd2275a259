import type { Budget, BudgetName } from './budget.ts';
import type { Lab } from './lab.ts';

/** What a measurement says of a claim. */
export type Verdict = 'shown' | 'refuted' | 'not at this scale';

/** What is said of diffusion language models, and how it is put to the test. */
export interface Claim {
  /** What it is called by: a to m. */
  readonly letter: string;
  readonly title: string;
  /** What is said. */
  readonly sentence: string;
  /** What is trained and measured. */
  readonly how: string;
  /** What would be which verdict: written before anything was measured, or it says what was. */
  readonly rule: string;
  /** What a larger test would look at, where the verdict may turn. */
  readonly wouldChange: string;
  /** Whether it is about text, which a person may bring. */
  readonly usesText: boolean;
  /** How many items and seeds its numbers are of, in words. */
  readonly basis: (budget: Budget) => string;
  /** Where it is said: authors and year, and the address of the paper; without an address it is a question of our own, in words. */
  readonly source: { readonly name: string; readonly url?: string };
  readonly measure: (lab: Lab) => Promise<Finding>;
  /** The chart of what was found, an SVG, from the rows alone: what was recorded is drawn anew without being measured. */
  readonly draw: (rows: Finding['rows'], budget: Budget) => string;
}

/** What a claim is, in words. */
export const claimWords = ({ letter, title, sentence, how, rule, wouldChange }: Claim) => ({
  letter,
  title,
  sentence,
  how,
  rule,
  wouldChange,
});

/** What came out. */
export interface Finding {
  readonly verdict: Verdict;
  /** The numbers that decide, with their errors, in a line. */
  readonly number: string;
  /** What they mean, in a sentence or two. */
  readonly why: string;
  readonly rows: readonly Readonly<Record<string, string | number | undefined>>[];
}

/** A claim with what was found of it. */
export interface TestedClaim extends Finding {
  readonly claim: Claim;
  /** An SVG. */
  readonly chart: string;
  /** The command that measures it again. */
  readonly command: string;
}

/** All claims that were tested, in the order of their letters. */
export interface ClaimsReport {
  /** With report.html, claims.json, claims.csv, an SVG for each claim, and the runs. */
  readonly folder: string;
  readonly budget: BudgetName;
  readonly data?: readonly string[];
  readonly tested: readonly TestedClaim[];
}
