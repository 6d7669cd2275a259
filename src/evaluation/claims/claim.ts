import type { BudgetName } from './budget.ts';
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
  readonly measure: (lab: Lab) => Promise<Finding>;
}

/** What came out. */
export interface Finding {
  readonly verdict: Verdict;
  /** The numbers that decide, with their errors, in a line. */
  readonly number: string;
  /** What they mean, in a sentence or two. */
  readonly why: string;
  readonly rows: readonly Readonly<Record<string, string | number | undefined>>[];
  /** An SVG. */
  readonly chart: string;
}

/** A claim with what was found of it. */
export interface TestedClaim extends Finding {
  readonly claim: Claim;
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
