import type { Lane } from './lane.ts';

/** What a run came to, or has come to so far. */
export interface Figures {
  readonly seconds: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly steps: number;
  /** Known once it has ended. */
  readonly forwards?: number;
  readonly tokensPerForward?: number;
}

/** Undefined before the first frame. */
export function figuresOf({ player }: Lane): Figures | undefined {
  const { size, ending, recording } = player.value;
  if (size.value === 0) return undefined;
  const last = recording.facts(size.value - 1);
  const ms = ending.value?.ms ?? last.ms;
  const tokens = ending.value?.tokens ?? last.written;
  return {
    seconds: ms / 1000,
    tokens,
    tokensPerSecond: tokens / Math.max(0.001, ms / 1000),
    steps: last.step,
    forwards: ending.value?.forwards,
    tokensPerForward: ending.value?.tokensPerForward,
  };
}

const rounded = (value: number | undefined, digits: number): string =>
  value === undefined ? '–' : value.toFixed(digits);

/** A row of figures, under the canvas. */
export function FiguresRow({ lane }: { readonly lane: Lane }) {
  const figures = figuresOf(lane);
  const seed = lane.asked.value?.options.seed;
  return (
    <dl class="figures">
      <Figure name="tokens/s" value={rounded(figures?.tokensPerSecond, 0)} />
      <Figure name="tokens" value={rounded(figures?.tokens, 0)} />
      <Figure name="steps" value={rounded(figures?.steps, 0)} />
      <Figure name="forwards" value={rounded(figures?.forwards, 0)} />
      <Figure name="tokens a forward" value={rounded(figures?.tokensPerForward, 2)} />
      <Figure name="time" value={figures ? `${rounded(figures.seconds, 2)} s` : '–'} />
      <Figure name="seed" value={typeof seed === 'number' ? String(seed) : '–'} />
    </dl>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Runs in figures, one below the other. */
export function Comparison({ lanes }: { readonly lanes: readonly Lane[] }) {
  return (
    <div class="scroll" role="region" aria-label="The runs compared" tabIndex={0}>
      <table class="comparison">
        <thead>
          <tr>
            {['run', 'model', 'options', 'time', 'tokens/s', 'forwards', 'tokens a forward'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane, index) => {
            const figures = figuresOf(lane);
            return (
              <tr key={index}>
                <th scope="row">{nameOf(index)}</th>
                <td>{lane.asked.value?.model ?? lane.served?.id}</td>
                <td class="said">{saidOf(lane)}</td>
                <td>{rounded(figures?.seconds, 2)} s</td>
                <td>{rounded(figures?.tokensPerSecond, 0)}</td>
                <td>{rounded(figures?.forwards, 0)}</td>
                <td>{rounded(figures?.tokensPerForward, 2)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="help">
        Same prompt, same seed. Both run at once and share this machine: compare their times with each other.
      </p>
    </div>
  );
}

/** What was asked for, or will be, beside the seed. */
function saidOf({ asked, options: set }: Lane): string {
  const { seed: _, ...options } = asked.value?.options ?? set.value;
  const said = Object.entries(options).map(([name, value]) => `${name} ${saidValue(value)}`);
  return said.length === 0 ? 'as the model says' : said.join(', ');
}

const saidValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export const nameOf = (index: number): string => 'AB'[index];
