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

/** A number as it is shown; a dash for none. */
export const rounded = (value: number | undefined, digits: number): string =>
  value === undefined ? '–' : value.toFixed(digits);

/** A row of figures, under the canvas. */
export function FiguresRow({ lane }: { readonly lane: Lane }) {
  const figures = figuresOf(lane);
  const seed = lane.asked.value?.options.seed;
  return (
    <dl class="figures">
      <Figure name="model" value={lane.asked.value?.model ?? '–'} />
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

/** What a run is called. */
export const nameOf = (index: number): string => 'ABCD'[index];
