import type { Candidate } from '../core/recording.ts';
import { percent, tokenName } from '../core/shown.ts';

/** Tokens that are drawn. */
const drawn = 4;
const [width, height] = [300, 90];
/** Where the axis may end: small probabilities would else be a line along its foot. */
const tops = [0.1, 0.2, 0.5, 1];

const percentOf = (share: number): string => `${Math.round(100 * share)} %`;

type Told = { readonly frame: number; readonly tokens: readonly Candidate[] };

/** The probabilities of the tokens that were ever the likeliest, over the frames. */
export function PositionChart({
  history,
  from,
  to,
  at,
  stepOf,
}: {
  readonly history: readonly Told[];
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly stepOf: (frame: number) => number;
}) {
  const most = new Map<number, Candidate>();
  for (const candidate of history.flatMap(({ tokens }) => tokens))
    if (candidate.probability > (most.get(candidate.token)?.probability ?? 0))
      most.set(candidate.token, candidate);
  const tokens = [...most.values()].sort((a, b) => b.probability - a.probability).slice(0, drawn);
  const top = tops.find((one) => one >= tokens[0].probability) ?? 1;
  const x = (frame: number) => ((frame - from) / (to - from)) * width;
  const y = (probability: number) => (1 - probability / top) * (height - 4) + 2;
  return (
    <figure class="chart">
      <figcaption>Probability, by step</figcaption>
      <div class="plot">
        <span class="axis y" aria-hidden="true">
          <span>{percentOf(top)}</span>
          <span>{percentOf(top / 2)}</span>
          <span>0 %</span>
        </span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {[0, top / 2, top].map((line) => (
            <line key={line} class="grid" x1={0} x2={width} y1={y(line)} y2={y(line)} />
          ))}
          {tokens.map(({ token }, index) => (
            <polyline
              key={token}
              class={`series-${index}`}
              points={history
                .map((told) => `${x(told.frame).toFixed(1)},${y(probabilityOf(told, token)).toFixed(1)}`)
                .join(' ')}
            />
          ))}
          <line class="now" x1={x(Math.min(at, to))} x2={x(Math.min(at, to))} y1={0} y2={height} />
        </svg>
        <span class="axis x" aria-hidden="true">
          <span>step {stepOf(from)}</span>
          <span>step {stepOf(to)}</span>
        </span>
      </div>
      <Tokens tokens={tokens} />
    </figure>
  );
}

/** Which line is of which token, and how far it came. */
function Tokens({ tokens }: { readonly tokens: readonly Candidate[] }) {
  return (
    <ul class="tokens" aria-label="Highest probability of each">
      {tokens.map(({ token, text, probability }, index) => (
        <li key={token}>
          <i class={`series-${index}`} aria-hidden="true" />
          <code>{tokenName(token, text)}</code> {percent(probability)}
        </li>
      ))}
    </ul>
  );
}

/** Nothing where it was not among those that were told. */
const probabilityOf = ({ tokens }: Told, token: number): number =>
  tokens.find((candidate) => candidate.token === token)?.probability ?? 0;
