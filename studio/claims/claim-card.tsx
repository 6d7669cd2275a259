import type { ToldClaim } from './claims.ts';

const signs = { shown: '✓', refuted: '✗', 'not at this scale': '?' } as const;

/** A claim: what is said, the verdict with its numbers and chart, and how it came about. */
export function ClaimCard({
  claim,
  isBusy,
  onTest,
}: {
  readonly claim: ToldClaim;
  readonly isBusy: boolean;
  readonly onTest: () => void;
}) {
  const { letter, title, sentence, verdict, number, why } = claim;
  return (
    <li class="panel claim">
      <div class="claim-head">
        <h2>
          <span class="letter">{letter}</span> {title}
        </h2>
        {verdict === undefined ? (
          <button type="button" disabled={isBusy} onClick={onTest}>
            Test<span class="hidden"> {title}</span>
          </button>
        ) : (
          <span class={`verdict ${verdict.replaceAll(' ', '-')}`}>
            {signs[verdict]} {verdict}
          </span>
        )}
      </div>
      <p class="says">{sentence}</p>
      {number !== undefined && <p class="number">{number}</p>}
      {why !== undefined && <p>{why}</p>}
      <Chart claim={claim} />
      <Rows claim={claim} />
      <How claim={claim} />
    </li>
  );
}

/** A picture, so that nothing in it is markup of the page. */
function Chart({ claim: { chart, title, number } }: { readonly claim: ToldClaim }) {
  if (chart === undefined) return null;
  return (
    <img src={`data:image/svg+xml;utf8,${encodeURIComponent(chart)}`} alt={`${title}: ${number ?? ''}`} />
  );
}

function Rows({ claim: { rows = [], title } }: { readonly claim: ToldClaim }) {
  if (rows.length === 0) return null;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <details>
      <summary>
        Numbers<span class="hidden"> of {title}</span>
      </summary>
      <div class="scroll" role="region" aria-label={`Numbers of ${title}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, key) => (
              <tr key={key}>
                {columns.map((column) => (
                  <td key={column}>
                    {typeof row[column] === 'number' ? Number(row[column].toPrecision(4)) : row[column]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function How({ claim: { how, rule, wouldChange, command, title } }: { readonly claim: ToldClaim }) {
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
        <dt>What would change it</dt>
        <dd>{wouldChange}</dd>
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
