import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InvalidOptionError } from '../../base/errors.ts';
import { packageVersion } from '../../base/package-root.ts';
import { startTask, type Task, type TaskOptions } from '../../base/task.ts';
import { writeTextFile } from '../../checkpoint/write-text-file.ts';
import { allClaims } from './all-claims.ts';
import { type BudgetName, budgets } from './budget.ts';
import type { Claim, ClaimsReport, TestedClaim } from './claim.ts';
import { Lab } from './lab.ts';
import { writeReport } from './report.ts';

/** Which claims are tested, on what, and how much is spent. */
export interface ClaimsRequest {
  /** Letters. Default: all; with data of one's own those that are about text. */
  readonly claims?: readonly string[];
  /** Default: quick. */
  readonly budget?: BudgetName;
  /** Files of text of one's own, in the place of the stories that ship. */
  readonly data?: readonly string[];
  /** Where everything is kept. Default: runs/claims-BUDGET */
  readonly out?: string;
  /** Runs at the same time, each with one thread. Default: one for each core */
  readonly jobs?: number;
}

/** What is told while claims are tested: what is being trained, and each finding. */
export type ClaimsEvent =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'claim'; readonly tested: TestedClaim };

/**
 * Puts what is said of diffusion language models to the test, as `unmask evaluate claims` does. All runs and measurements are kept
 * in the folder: stopped at any moment, the same call goes on. The report is written anew after each claim.
 *
 * @throws InvalidOptionError  for an unknown claim, and a folder of another budget or text
 */
export function evaluateClaims(
  request: ClaimsRequest = {},
  options: TaskOptions<ClaimsEvent> = {},
): Task<ClaimsReport, ClaimsEvent> {
  return startTask(async ({ tell, note, signal }) => {
    const { budget = 'quick', data } = request;
    const folder = request.out ?? join('runs', `claims-${budget}`);
    const chosen = chosenClaims(request);
    await claimFolder(folder, { budget, data });
    const lab = new Lab({
      folder,
      budget: budgets[budget],
      data,
      jobs: request.jobs ?? availableParallelism(),
      note: (text) => note({ kind: 'note', text }),
      signal,
    });
    const tested: TestedClaim[] = [];
    const report = (): ClaimsReport => ({ folder, budget, data, tested: inOrder(tested) });
    let written = Promise.resolve();
    const test = async (claim: Claim): Promise<void> => {
      const found = await claim.measure(lab);
      const chart = claim.draw(found.rows, budgets[budget]);
      const done = { claim, ...found, chart, command: commandOf(claim, folder, { budget, data }) };
      tested.push(done);
      written = written.then(() => writeReport(report()));
      await tell({ kind: 'claim', tested: done });
    };
    const failures = (await Promise.allSettled(chosen.map(test))).filter(
      (result) => result.status === 'rejected',
    );
    await written;
    if (failures.length > 0) throw failures[0].reason;
    return report();
  }, options);
}

const inOrder = (tested: readonly TestedClaim[]): TestedClaim[] =>
  tested.toSorted((a, b) => a.claim.letter.localeCompare(b.claim.letter));

/** @throws InvalidOptionError */
function chosenClaims({ claims, data }: ClaimsRequest): readonly Claim[] {
  if (!claims) return allClaims.filter(({ usesText }) => usesText || !data);
  return claims.map((letter) => {
    const claim = allClaims.find((one) => one.letter === letter.toLowerCase());
    if (!claim) {
      const letters = allClaims.map((one) => one.letter).join(', ');
      throw new InvalidOptionError('claims', `must be letters of ${letters}`, letter);
    }
    if (data && !claim.usesText)
      throw new InvalidOptionError(
        'claims',
        `${letter} makes its own questions, and has no use for data`,
        letter,
      );
    return claim;
  });
}

/** Makes the folder, or checks that it has been begun in the same way, by the same version: no report mixes two. */
async function claimFolder(
  folder: string,
  asked: { readonly budget: BudgetName; readonly data?: readonly string[] },
): Promise<void> {
  const path = join(folder, 'asked.json');
  const text = `${JSON.stringify({ ...asked, version: packageVersion(), settings: budgets[asked.budget] })}\n`;
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await writeTextFile(path, text);
  } else if ((await readFile(path, 'utf8')) !== text)
    throw new InvalidOptionError(
      'out',
      'was begun with another budget or other data, or by another version of unmask; give another',
      folder,
    );
}

function commandOf({ letter }: Claim, folder: string, asked: Pick<ClaimsRequest, 'budget' | 'data'>): string {
  const data = (asked.data ?? []).map((path) => ` --data ${path}`).join('');
  return `unmask evaluate claims --claims ${letter} --budget ${asked.budget}${data} --out ${folder}`;
}
