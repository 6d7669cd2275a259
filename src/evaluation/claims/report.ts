import { join } from 'node:path';
import { grouped } from '../../base/format-count.ts';
import { escapeXml } from '../../base/svg-chart.ts';
import { csvOf } from '../../base/csv.ts';
import { writeTextFile } from '../../checkpoint/write-text-file.ts';
import { budgets } from './budget.ts';
import { windowLength } from './corpus.ts';
import { type ClaimsReport, claimWords, type TestedClaim, type Verdict } from './claim.ts';
import { columnName } from '../../base/column-name.ts';
import { resultCell } from '../../base/result-cell.ts';

/** Writes claims.json, claims.csv, an SVG for each claim, and report.html, which needs none of the others. */
export async function writeReport(report: ClaimsReport): Promise<void> {
  const { folder, budget, data, tested } = report;
  const place = (name: string): string => join(folder, name);
  const records = tested.map(({ claim, chart: _chart, ...found }) => ({ ...claimWords(claim), ...found }));
  await writeTextFile(
    place('claims.json'),
    `${JSON.stringify({ budget, data, claims: records }, undefined, 2)}\n`,
  );
  const rows = tested.flatMap(({ claim, verdict, rows: all }) =>
    all.map((row) => ({ claim: claim.letter, verdict, ...row })),
  );
  await writeTextFile(place('claims.csv'), csvOf(rows));
  for (const { claim, chart } of tested) await writeTextFile(place(`claim-${claim.letter}.svg`), chart);
  await writeTextFile(place('report.html'), reportPage(report));
}

const signs: Readonly<Record<Verdict, string>> = { shown: '✓', refuted: '✗', 'not at this scale': '?' };
const classes: Readonly<Record<Verdict, string>> = {
  shown: 'shown',
  refuted: 'refuted',
  'not at this scale': 'open',
};

/** The report as one page that needs nothing else, for light and dark ground and for paper. */
export function reportPage({ budget, data, tested }: ClaimsReport): string {
  const { seeds, layers, width, updates, batch } = budgets[budget];
  const text = data ? data.join(', ') : 'the stories that ship with unmask';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What is said of diffusion language models</title>
<style>${style}</style>
<h1>What is said of diffusion language models, put to the test</h1>
<p class="sum">${verdictCounts(tested)}</p>
<p>${tested.length === 1 ? 'A claim' : `${tested.length} claims`} of the field, measured with the budget <b>${budget}</b>: networks of ${layers} layers and width ${width}, ${grouped(updates)} updates of ${grouped(batch * windowLength)} tokens, ${seeds} seeds each, on ${escapeXml(text)}. Both kinds of model have the same network, the same text and as many updates, and each its own tuned learning rate; diffusion draws its times from a bell (claim l says what that is worth). Errors are one standard error, over held-out items and over seeds. The rule for each verdict was written down before anything was measured, unless a claim says otherwise.</p>
<p><b>These are very small models.</b> <i>Shown</i> and <i>refuted</i> are about them; what would change the verdict is said with each.</p>
<table class="overview"><tr><th>claim<th>verdict<th>what was measured</tr>
${tested.map(overviewRow).join('\n')}
</table>
${tested.map((one) => section(one, budget)).join('\n')}
</html>
`;
}

/** How many claims have each verdict. */
const verdictCounts = (tested: readonly TestedClaim[]): string =>
  (Object.keys(signs) as Verdict[])
    .map((verdict) => `${tested.filter((one) => one.verdict === verdict).length} ${badge(verdict)}`)
    .join(' &nbsp; ');

const overviewRow = ({ claim, verdict, number }: TestedClaim): string =>
  `<tr><td><a href="#${claim.letter}">(${claim.letter}) ${escapeXml(claim.title)}</a><br><span class="said">${escapeXml(claim.sentence)}</span><td>${badge(verdict)}<td>${escapeXml(sentenceOf(number))}</tr>`;

const sentenceOf = (number: string): string => number[0].toUpperCase() + number.slice(1);

const badge = (verdict: Verdict): string =>
  `<span class="verdict ${classes[verdict]}">${signs[verdict]}&nbsp;${verdict}</span>`;

function section(
  { claim, verdict, number, why, rows, chart, command }: TestedClaim,
  budget: ClaimsReport['budget'],
): string {
  return `<section id="${claim.letter}">
<h2>(${claim.letter}) ${escapeXml(claim.title)} ${badge(verdict)}</h2>
<p class="said">${escapeXml(claim.sentence)} (${sourceOf(claim)})</p>
<p><b>${escapeXml(sentenceOf(number))}.</b> ${escapeXml(why)}</p>
<img alt="${escapeXml(claim.title)}: ${escapeXml(number)}" src="data:image/svg+xml;base64,${Buffer.from(chart).toString('base64')}">
<dl>
<dt>How it is measured<dd>${escapeXml(claim.how)}
<dt>Rule for the verdict<dd>${escapeXml(claim.rule)}
<dt>What would change the verdict<dd>${escapeXml(claim.wouldChange)}
<dt>Measured on<dd>${escapeXml(claim.basis(budgets[budget]))}; ± is one standard error
<dt>Command<dd><code>${escapeXml(command)}</code>
</dl>
<details><summary>The numbers</summary>${numbers(rows)}</details>
</section>`;
}

/** Where a claim is said, with its address, which is read on paper, too. */
const sourceOf = ({ source: { name, url } }: TestedClaim['claim']): string =>
  escapeXml(url === undefined ? name : `${name}, ${url}`);

function numbers(rows: TestedClaim['rows']): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = keys.map((key) => `<th>${escapeXml(columnName(key))}`).join('');
  const body = rows.map(
    (row) => `<tr>${keys.map((key) => `<td>${escapeXml(resultCell(row, key))}`).join('')}</tr>`,
  );
  return `<table><tr>${head}</tr>${body.join('')}</table>`;
}

const style = `
:root{color-scheme:light dark;--ink:#222;--ground:#fff;--soft:#666;--line:#ddd}
@media (prefers-color-scheme:dark){:root{--ink:#ddd;--ground:#111;--soft:#999;--line:#333}}
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--ground)}
h2{margin-top:3rem}.sum{font-weight:600}.said{font-style:italic;color:var(--soft)}
table{border-collapse:collapse;font-size:.9rem;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
a{color:inherit}img{width:100%;height:auto}dt{font-weight:600;margin-top:.6rem}dd{margin:0}code{overflow-wrap:anywhere}
.verdict{font-size:.85rem;font-weight:600;white-space:nowrap;padding:.1rem .5rem;border-radius:1rem;border:1px solid}
.shown{color:#2f855a}.refuted{color:#c53030}.open{color:#b7791f}
details{overflow-x:auto;margin-top:.6rem}
@media print{body{max-width:none;margin:0}section{break-inside:avoid}details{display:none}:root{--ink:#000;--ground:#fff;--line:#bbb}}
`;
