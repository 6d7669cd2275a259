import { cardOf, shownOf, unbroken, VerdictMark } from './claim-card.tsx';
import type { ToldClaim } from './claims.ts';

/** All claims at a glance: what is said, the verdict, the numbers that decide; a click leads to the card. */
export function Overview({ claims }: { readonly claims: readonly ToldClaim[] }) {
  return (
    <div class="panel overview">
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Verdict</th>
            <th scope="col">What was measured</th>
          </tr>
        </thead>
        <tbody>
          {claims.map((claim) => {
            const { letter, title } = claim;
            const { verdict, number } = shownOf(claim);
            return (
              <tr key={letter}>
                <th scope="row">
                  <button type="button" class="run-name" onClick={() => goTo(cardOf(letter))}>
                    {title}
                  </button>
                </th>
                <td>{verdict !== undefined && <VerdictMark verdict={verdict} />}</td>
                <td class="number">{number !== undefined ? unbroken(number) : 'not measured'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Shows a card, and goes on from there with the keyboard. */
function goTo(id: string): void {
  const card = document.getElementById(id);
  card?.scrollIntoView({ block: 'start' });
  card?.focus({ preventScroll: true });
}
