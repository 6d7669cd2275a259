import { join } from 'node:path';
import { z } from 'zod';
import { flagsFor, keysOf } from '../../base/options.ts';
import { readJsonObject } from '../../checkpoint/read-json.ts';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { allClaims } from '../../evaluation/claims/all-claims.ts';
import { claimWords } from '../../evaluation/claims/claim.ts';
import { type BudgetName, budgets } from '../../evaluation/claims/budget.ts';
import { recordedClaims } from '../../evaluation/claims/recorded.ts';
import { requireStudio, type Service } from '../http/service.ts';
import { readTextInside } from './run-routes.ts';
import { runsFolder } from './studio.ts';

const budget = z.enum(keysOf(budgets)).default('quick').describe('how much is trained');

/** With which budget the claims were tried whose results are asked for. */
export const claimsQuery = z.strictObject({ budget });

/** What the claims are, before anything was measured. */
const told = (name: BudgetName) =>
  allClaims.map((claim) => ({
    ...claimWords(claim),
    source: claim.source,
    basis: claim.basis(budgets[name]),
  }));

/**
 * The claims, with what was found of each so far by `unmask evaluate claims` with a budget, and what was recorded of it when
 * docs/claims.md was written.
 */
export async function tellClaims(
  service: Service,
  _: string,
  asked: z.output<typeof claimsQuery>,
): Promise<Response> {
  const studio = requireStudio(service);
  const name = `claims-${asked.budget}`;
  const folder = join(studio.runs, name);
  const place = runsFolder(studio);
  const report = await resolveInside(place, `${name}/claims.json`)
    .then((path) => readJsonObject(path))
    .catch(() => undefined);
  const found = (report?.claims ?? []) as readonly { readonly letter: string }[];
  const { claims: kept = [], ...recorded } = (await recordedClaims(asked.budget)) ?? {};
  const claims = await Promise.all(
    told(asked.budget).map(async (plain) => {
      const claim = { ...plain, recorded: kept.find(({ letter }) => letter === plain.letter) };
      const tested = found.find(({ letter }) => letter === claim.letter);
      if (!tested) return claim;
      const chart = await readTextInside(join(place, name, `claim-${claim.letter}.svg`));
      return { ...claim, ...tested, ...(chart !== '' && { chart }) };
    }),
  );
  const task = taskOf(service, asked.budget);
  return Response.json({ budget: asked.budget, folder, claims, ...(kept.length > 0 && { recorded }), task });
}

/** What tests them now, or did. */
const taskOf = (service: Service, name: string) =>
  requireStudio(service).tasks.about(subjectOf(name), 'evaluate')[0];

const subjectOf = (name: string): string => `claims, ${name}`;

/** Which claims are to be tried, and how thoroughly. */
export const claimsBody = z.strictObject({
  budget,
  claims: z
    .array(z.enum(allClaims.map(({ letter }) => letter)))
    .min(1)
    .optional()
    .describe('their letters [all]'),
});

/** Puts the claims to the test as a program of its own; what was found before is not measured again. */
export function testClaims(
  service: Service,
  { budget: name, claims }: z.output<typeof claimsBody>,
): Response {
  const { tasks, runs } = requireStudio(service);
  const subject = subjectOf(name);
  const flags = flagsFor({
    budget: name,
    claims: claims?.join(','),
    out: join(runs, `claims-${name}`),
    jobs: 1,
    json: true,
  });
  return Response.json({
    task: tasks.at(subject, 'evaluate') ?? tasks.start('evaluate', subject, ['claims', ...flags]),
  });
}
