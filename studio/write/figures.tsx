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

/** Two runs in figures, side by side. */
export function Comparison({ lanes }: { readonly lanes: readonly Lane[] }) {
  const both = lanes.map(figuresOf);
  if (both.length < 2 || both.some((figures) => figures === undefined)) return null;
  return (
    <div class="scroll">
      <table class="comparison">
        <caption>
          The runs compared. They ran at once and shared the machine: times are to be compared with each other
          only.
        </caption>
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">model</th>
            <th scope="col">options</th>
            <th scope="col">time</th>
            <th scope="col">tokens/s</th>
            <th scope="col">forwards</th>
            <th scope="col">tokens a forward</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane, index) => (
            <tr key={index}>
              <th scope="row">{nameOf(index)}</th>
              <td>{lane.asked.value?.model}</td>
              <td>{saidOf(lane)}</td>
              <td>{rounded(both[index]?.seconds, 2)} s</td>
              <td>{rounded(both[index]?.tokensPerSecond, 0)}</td>
              <td>{rounded(both[index]?.forwards, 0)}</td>
              <td>{rounded(both[index]?.tokensPerForward, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was asked for beside the seed. */
function saidOf({ asked }: Lane): string {
  const { seed: _, ...options } = asked.value?.options ?? {};
  const said = Object.entries(options).map(([name, value]) => `${name} ${saidValue(value)}`);
  return said.length === 0 ? 'as the model says' : said.join(', ');
}

const saidValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export const nameOf = (index: number): string => 'AB'[index];
