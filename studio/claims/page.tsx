import { type Signal, useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { draftOf, keepDraft } from '../parts/draft.ts';
import { usePolling } from '../parts/polling.ts';
import { isAtWork, stopTask } from '../parts/tasks.ts';
import { Trouble } from '../parts/trouble.tsx';
import { ClaimCard, shownOf, verdicts } from './claim-card.tsx';
import { Overview } from './overview.tsx';
import { type BudgetName, budgets, Claims, type ToldClaim } from './claims.ts';

/** What is said of diffusion language models, and what small models of this machine say to it. */
export default function ClaimsPage() {
  const [claims] = useState(keptClaims);
  const problem = useSignal<unknown>(undefined);
  usePolling(
    (signal) => claims.look(signal),
    () => (claims.isAtWork ? 1500 : 5000),
    (error) => (problem.value = error),
  );
  const attempt = (action: () => Promise<void>) => {
    problem.value = undefined;
    action().catch((error: unknown) => (problem.value = error));
  };
  const list = claims.list.value;
  const wanted = useSignal<Verdict | undefined>(undefined);
  return (
    <>
      <h1>Claims</h1>
      <p class="claims-intro quiet">
        What the field says of diffusion language models, put to the test: both kinds of model learn from the
        same text, and each verdict has its numbers and its rule. A number is a mean ± one standard error,
        over what is asked and over seeds; how many of each stands in <i>Numbers</i>. <i>Not at this scale</i>{' '}
        is a verdict, too: so little training can’t tell. Test them here, and see whether you find the same.
      </p>
      <div class="row spread">
        <Verdicts list={list ?? []} wanted={wanted} />
        <Test claims={claims} attempt={attempt} />
      </div>
      <Progress claims={claims} />
      <Trouble error={problem.value} />
      {list === undefined ? (
        problem.value === undefined && <p class="quiet">Looking at what was found …</p>
      ) : (
        <Listed claims={list.filter(isWanted(wanted.value))} of={claims} attempt={attempt} />
      )}
    </>
  );
}

/** Claims at a glance, and a card of each. */
function Listed({
  claims: listed,
  of: claims,
  attempt,
}: {
  readonly claims: readonly ToldClaim[];
  readonly of: Claims;
  readonly attempt: (action: () => Promise<void>) => void;
}) {
  return (
    <>
      <Overview claims={listed} />
      <ul class="claims">
        {listed.map((claim) => (
          <ClaimCard
            key={claim.letter}
            claim={claim}
            recorded={claims.recorded.value}
            doing={claim.verdict === undefined ? claims.doingFor(claim.letter) : undefined}
            isBusy={claims.isAtWork}
            onTest={() => attempt(() => claims.test([claim.letter]))}
          />
        ))}
      </ul>
    </>
  );
}

/** With the budget that was chosen when the tab was loaded last, and what is tested with it. */
function keptClaims(): Claims {
  const claims = new Claims(draftOf('claims'));
  keepDraft('claims', () => ({ budget: claims.budget.value, asked: claims.asked.value }));
  return claims;
}

/** How many are tested here by now, and all of them. */
const testedOf = ({ list }: Claims): readonly [found: number, all: number] => [
  (list.value ?? []).filter(({ verdict }) => verdict !== undefined).length,
  list.value?.length ?? 0,
];

/** The budget, and the button. */
function Test({
  claims,
  attempt,
}: {
  readonly claims: Claims;
  readonly attempt: (action: () => Promise<void>) => void;
}) {
  const { budget, task } = claims;
  const [found, all] = testedOf(claims);
  const now = task.value;
  return (
    <section class="row budget" aria-label="Test">
      <div class="segments" role="group" aria-label="Budget">
        {(Object.keys(budgets) as BudgetName[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={budget.value === name}
            onClick={() => attempt(() => claims.choose(name))}
          >
            {name} <span class="quiet">{budgets[name]}</span>
          </button>
        ))}
      </div>
      {now !== undefined && isAtWork(now) ? (
        <button
          type="button"
          disabled={now.state === 'stopping'}
          onClick={() => attempt(() => stopTask(now.id))}
        >
          {now.state === 'stopping' ? 'Stopping …' : 'Stop'}
        </button>
      ) : (
        <button
          type="button"
          class="main"
          disabled={all > 0 && found === all}
          onClick={() => attempt(() => claims.test())}
        >
          {found === 0 ? 'Test all here' : 'Test the rest here'}
        </button>
      )}
    </section>
  );
}

/** How far the test is, and what became of it. */
function Progress({ claims }: { readonly claims: Claims }) {
  const [found, all] = testedOf(claims);
  const now = claims.task.value;
  const isBusy = now !== undefined && isAtWork(now);
  return (
    <>
      {(isBusy || found > 0) && all > 0 && (
        <div class="claims-progress">
          <progress max={all} value={found} aria-label="Claims tested" />
          <p class="facts">
            {found} of {all} tested here
            {isBusy && now.lines.length > 0 && ` · ${now.lines.at(-1)}`}
          </p>
        </div>
      )}
      {now?.state === 'failed' && <p class="trouble">{now.lines.at(-1) ?? 'It ended without a word.'}</p>}
    </>
  );
}

type Verdict = (typeof verdicts)[number];

const isWanted =
  (wanted: Verdict | undefined) =>
  (claim: ToldClaim): boolean =>
    wanted === undefined || shownOf(claim).verdict === wanted;

/** How many claims have each verdict, of those that have one; only those of one are seen, if one is chosen. */
function Verdicts({
  list,
  wanted,
}: {
  readonly list: readonly ToldClaim[];
  readonly wanted: Signal<Verdict | undefined>;
}) {
  const found = list.map((claim) => shownOf(claim).verdict);
  if (found.every((verdict) => verdict === undefined)) return null;
  const choice = (verdict: Verdict | undefined, words: string) => (
    <button
      key={words}
      type="button"
      aria-pressed={wanted.value === verdict}
      onClick={() => (wanted.value = verdict)}
    >
      {words}
    </button>
  );
  return (
    <div class="segments verdicts" role="group" aria-label="Claims that are seen">
      {choice(undefined, `all ${list.length}`)}
      {verdicts.map((name) => choice(name, `${found.filter((verdict) => verdict === name).length} ${name}`))}
    </div>
  );
}
