import { Trouble } from '../parts/trouble.tsx';
import type { Desk } from './desk.ts';
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
export function Comparison({ desk }: { readonly desk: Desk }) {
  const lanes = desk.lanes.value;
  return (
    <section class="comparison" aria-label="Comparison">
      <div class="row spread">
        <label class="field name">
          <span class="hidden">Name of this comparison</span>
          <input
            type="text"
            placeholder="Name this comparison"
            value={desk.name.value}
            onInput={({ currentTarget }) => (desk.name.value = currentTarget.value)}
          />
        </label>
        <div class="row">
          <button
            type="button"
            disabled={!desk.isAllWritten || desk.quality.isJudging.value}
            onClick={() => void desk.judge()}
          >
            {desk.quality.isJudging.value ? 'Judging …' : 'Judge the texts'}
          </button>
          <button type="button" disabled={!desk.isAllWritten} onClick={() => desk.save()}>
            Save as a file
          </button>
        </div>
      </div>
      <div class="scroll" role="region" aria-label="The runs compared" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, unit }) => (
                <th key={name} scope="col">
                  {name} {unit && <span class="unit">{unit}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lanes.map((lane, index) => (
              <ComparedRow key={index} desk={desk} lane={lane} index={index} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="help">
        Same prompt, same seed, one after the other: no run slows another. Judge: how likely an outside model
        finds the text, fewer bits are better, while few different pairs of words mean that it repeats itself.
        Exact: −log p of the text under the model and sampler that wrote it.
      </p>
      {lanes.map((lane, index) => (
        <Unscored key={index} name={nameOf(index)} why={desk.quality.of(lane)?.unscored} />
      ))}
      <Trouble error={desk.quality.problem.value} />
    </section>
  );
}

/** Why a run has no exact number, where it was judged and has none. */
function Unscored({ name, why }: { readonly name: string; readonly why: string | undefined }) {
  if (why === undefined) return null;
  return (
    <p class="help">
      Run {name} has no exact number: {why}.
    </p>
  );
}

const columns: readonly { readonly name: string; readonly unit?: string }[] = [
  { name: 'run' },
  { name: 'options' },
  { name: 'time', unit: 's' },
  { name: 'speed', unit: 'tokens/s' },
  { name: 'forwards' },
  { name: 'tokens a forward' },
  { name: 'judge', unit: 'bits/character' },
  { name: 'diversity', unit: 'distinct-2' },
  { name: 'exact', unit: 'nats/token' },
  { name: '' },
];

function ComparedRow({
  desk,
  lane,
  index,
}: {
  readonly desk: Desk;
  readonly lane: Lane;
  readonly index: number;
}) {
  const figures = figuresOf(lane);
  const quality = desk.quality.of(lane);
  return (
    <tr>
      <th scope="row">
        {nameOf(index)} <span class="quiet">{lane.asked.value?.model ?? lane.served?.id}</span>
      </th>
      <td class="said">{saidOf(lane)}</td>
      <td>{rounded(figures?.seconds, 2)}</td>
      <td>{rounded(figures?.tokensPerSecond, 0)}</td>
      <td>{rounded(figures?.forwards, 0)}</td>
      <td>{rounded(figures?.tokensPerForward, 2)}</td>
      <td>{rounded(quality?.bitsPerCharacter, 2)}</td>
      <td>{rounded(quality?.distinct, 2)}</td>
      <td>
        {quality?.exact === undefined ? '–' : `${quality.isBound ? '≤ ' : ''}${quality.exact.toFixed(2)}`}
      </td>
      <td>
        {index > 0 && (
          <button
            type="button"
            class="plain"
            aria-label={`Remove run ${nameOf(index)}`}
            onClick={() => desk.remove(lane)}
          >
            ×
          </button>
        )}
      </td>
    </tr>
  );
}

/** What was asked for, or will be, beside the seed. */
function saidOf({ asked, options: set }: Lane): string {
  const { seed: _, ...options } = asked.value?.options ?? set.value;
  const said = Object.entries(options).map(([name, value]) => `${name} ${saidValue(value)}`);
  return said.length === 0 ? 'as the model says' : said.join(', ');
}

const saidValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export const nameOf = (index: number): string => 'ABCD'[index];
