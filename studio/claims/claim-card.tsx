import { columnName } from '../../src/base/column-name.ts';
import { resultCell } from '../../src/base/result-cell.ts';
import type { Found, Recorded, ToldClaim } from './claims.ts';

const signs = { shown: '✓', refuted: '✗', 'not at this scale': '?' } as const;
/** All verdicts. */
export const verdicts = Object.keys(signs) as (keyof typeof signs)[];

/** The id of a claim's card. */
export const cardOf = (letter: string): string => `claim-${letter}`;

/** A claim as it is shown: a verdict of this machine before a recorded one. */
export const shownOf = (claim: ToldClaim): Found =>
  claim.verdict === undefined ? (claim.recorded ?? {}) : claim;

/** A claim: what is said, the verdict with its numbers and chart, and how it came about. */
export function ClaimCard({
  claim,
  recorded,
  doing,
  isBusy,
  onTest,
}: {
  readonly claim: ToldClaim;
  /** When and on what the recorded verdicts were found. */
  readonly recorded: Recorded | undefined;
  /** What is being done for it right now. */
  readonly doing: string | undefined;
  readonly isBusy: boolean;
  readonly onTest: () => void;
}) {
  const { title, sentence } = claim;
  const isOfHere = claim.verdict !== undefined;
  const found = shownOf(claim);
  const { verdict, number, why } = found;
  return (
    <li class="panel claim" id={cardOf(claim.letter)} tabIndex={-1}>
      <div>
        <div class="claim-head">
          <h2>{title}</h2>
          {verdict !== undefined && <VerdictMark verdict={verdict} />}
        </div>
        <p class="says">
          {sentence} <Source source={claim.source} />
        </p>
        {number !== undefined && <p class="number">{unbroken(number)}</p>}
        {why !== undefined && <p>{unbroken(why)}</p>}
        <p class="help caveat">What would change it: {unbroken(claim.wouldChange)}</p>
        <div class="row spread from">
          <span class="help">
            {isOfHere && 'Tested on this machine.'}
            {!isOfHere &&
              verdict !== undefined &&
              recorded &&
              `Measured ${recorded.date}, ${recorded.machine}.`}
          </span>
          {!isOfHere && doing === undefined && (
            <button type="button" disabled={isBusy} onClick={onTest}>
              Test here<span class="hidden">: {title}</span>
            </button>
          )}
        </div>
        {doing !== undefined && (
          <p class="doing help">
            <progress aria-label={`Testing: ${title}`} /> {doing}
          </p>
        )}
      </div>
      <Chart found={found} title={title} />
      <div class="folds">
        <Rows found={found} claim={claim} />
        <How claim={claim} command={found.command} />
      </div>
    </li>
  );
}

/** Where it is said. */
const Source = ({ source: { name, url } }: Pick<ToldClaim, 'source'>) => (
  <span class="source">
    (
    {url === undefined ? (
      name
    ) : (
      <a href={url} target="_blank" rel="noreferrer">
        {name}
      </a>
    )}
    )
  </span>
);

/** A verdict with its sign, in its colour. */
export const VerdictMark = ({ verdict }: { readonly verdict: keyof typeof signs }) => (
  <span class={`verdict ${verdict.replaceAll(' ', '-')}`}>
    {signs[verdict]} {verdict}
  </span>
);

/** A number stays on a line with its error and its unit. */
export const unbroken = (sentence: string): string =>
  sentence.replaceAll(' ± ', '\u00A0±\u00A0').replaceAll(' %', '\u00A0%');

/** A picture, so that nothing in it is markup of the page. */
function Chart({ found: { chart, number }, title }: { readonly found: Found; readonly title: string }) {
  if (chart === undefined) return null;
  return (
    <div class="scroll picture-of" role="region" aria-label={`Chart of ${title}`} tabIndex={0}>
      <img
        src={`data:image/svg+xml;utf8,${encodeURIComponent(onPanel(chart))}`}
        alt={`${title}: ${number ?? ''}`}
      />
    </div>
  );
}

/** A chart without a ground of its own, for that of the panel, and with letters that can be read where it is drawn smaller. */
const onPanel = (chart: string): string =>
  chart
    .replaceAll(/\.ground\{fill:[^}]*\}/g, '.ground{fill:none}')
    .replace('font-size="14"', 'font-size="16"')
    .replace('font-size="12"', 'font-size="14"');

function Rows({
  found: { rows = [] },
  claim: { title, basis },
}: {
  readonly found: Found;
  readonly claim: ToldClaim;
}) {
  if (rows.length === 0) return null;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <details>
      <summary>
        Numbers<span class="hidden"> of {title}</span>
      </summary>
      <p class="help">Of {basis}; ± is one standard error.</p>
      <div class="scroll" role="region" aria-label={`Numbers of ${title}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {columnName(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, key) => (
              <tr key={key}>
                {columns.map((column) => (
                  <td key={column}>{resultCell(row, column)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function How({
  claim: { how, rule, title },
  command,
}: {
  readonly claim: ToldClaim;
  readonly command: string | undefined;
}) {
  return (
    <details>
      <summary>
        How it is tested<span class="hidden">: {title}</span>
      </summary>
      <dl>
        <dt>What is measured</dt>
        <dd>{how}</dd>
        <dt>Rule for the verdict</dt>
        <dd>{rule}</dd>
        {command !== undefined && (
          <>
            <dt>Command</dt>
            <dd>
              <code>{command}</code>
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}
