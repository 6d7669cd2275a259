import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../base/package-root.ts';
import { readJsonObject } from '../../checkpoint/read-json.ts';
import type { BudgetName } from './budget.ts';
import type { Finding } from './claim.ts';

/** What was found of the claims with a budget, when and on what: the reports that docs/claims.md is about. */
export interface RecordedClaims {
  readonly date: string;
  readonly machine: string;
  readonly claims: readonly RecordedClaim[];
}

/** A claim's letter, what was found, its chart as an SVG, and the command that measures it again. */
export type RecordedClaim = Finding & {
  readonly letter: string;
  readonly command: string;
  readonly chart: string;
};

/** The findings that ship, in `docs/claims/BUDGET`; undefined of a budget that was not measured. */
export async function recordedClaims(budget: BudgetName): Promise<RecordedClaims | undefined> {
  const folder = join(packageRoot(), 'docs', 'claims', budget);
  if (!existsSync(folder)) return undefined;
  const report = await readJsonObject(join(folder, 'claims.json'));
  const { date, machine } = report.recorded as Pick<RecordedClaims, 'date' | 'machine'>;
  const found = report.claims as readonly Omit<RecordedClaim, 'chart'>[];
  const claims = await Promise.all(
    found.map(async (claim) => ({
      ...claim,
      chart: await readFile(join(folder, `claim-${claim.letter}.svg`), 'utf8'),
    })),
  );
  return { date, machine, claims };
}
