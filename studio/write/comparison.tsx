import { bestOf, type Measured } from '../core/best.ts';
import type { TextQuality } from '../core/comparison-file.ts';
import { labelOf } from '../core/fields.ts';
import { unscoredWords } from '../core/unscored.ts';
import { verdictOn, type WeighedRun } from '../core/verdict.ts';
import { NotHere } from '../parts/model-picker.tsx';
import { Trouble } from '../parts/trouble.tsx';
import type { Desk } from './desk.ts';
import { type Figures, figuresOf, nameOf, rounded } from './figures.tsx';
import type { Lane } from './lane.ts';

/** Runs in figures, one below the other. */
export function Comparison({ desk }: { readonly desk: Desk }) {
  const lanes = desk.lanes.value;
  const runs = lanes.map((lane): Run => ({ lane, figures: figuresOf(lane), quality: desk.quality.of(lane) }));
  // a column of what nobody has asked for yet, or of what none has, says nothing
  const shown = columns.filter(({ tell }) => runs.some((run) => tell(run) !== '–'));
  const best = shown.map(({ best }) => best && bestOf(runs.map(best.of), best.is));
  return (
    <section class="comparison" aria-label="Comparison">
      <Tools desk={desk} />
      <div class="scroll" role="region" aria-label="The runs compared" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">run</th>
              {shown.map(({ name, unit }) => (
                <th key={name} scope="col">
                  {name} {unit && <span class="unit">{unit}</span>}
                </th>
              ))}
              <th scope="col">
                <span class="hidden">remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run, index) => (
              <ComparedRow key={index} desk={desk} run={run} index={index} columns={shown} best={best} />
            ))}
          </tbody>
        </table>
      </div>
      {runs.slice(1).map((run, index) => (
        <Verdict key={index} run={weighed(run, index + 1)} beside={weighed(runs[0], 0)} />
      ))}
      <Explained />
      {unscoredWords(runs.map(({ quality }, index) => ({ ...quality, name: nameOf(index) }))).map((words) => (
        <p key={words} class="help">
          {words}
        </p>
      ))}
      <Trouble error={desk.quality.problem.value} />
    </section>
  );
}

/** What the comparison is called, and what can be done with it. */
function Tools({ desk }: { readonly desk: Desk }) {
  return (
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
  );
}

function Verdict({ run, beside }: { readonly run: WeighedRun; readonly beside: WeighedRun }) {
  const verdict = verdictOn(run, beside);
  return verdict === undefined ? null : <p class="verdict">{verdict}</p>;
}

const weighed = ({ lane, figures, quality }: Run, index: number): WeighedRun => ({
  name: nameOf(index),
  isStopped: lane.player.value.isStopped.value,
  tokensPerForward: figures?.tokensPerForward,
  bits: bitsOf(quality),
});

const Explained = () => (
  <>
    <p class="help">
      Judge: bits that the model <em>judge</em> needs to guess the next character; 1 bit is one of two, and
      fewer are better. ★ is best by more than twice the error.
    </p>
    <details class="help">
      <summary>What the numbers are</summary>
      <p>
        All have the same prompt and are written one after the other: no run slows another. Tokens are those
        of the text: what stands behind its end isn’t counted, but takes forwards. The error of a speed is
        about a twentieth.
      </p>
      <p>
        The judge is a small causal model by others that has read simple stories, and has no part in the
        models here: real stories take 1.2 bits, of other text it says little. Diversity: different pairs of
        words, as a share; few mean that a text repeats itself, and then fewer bits say nothing. Exact: −log p
        of the text under the model and sampler that wrote it.
      </p>
    </details>
  </>
);

/** What is told of a run; of some of it more or less is better. */
interface Column {
  readonly name: string;
  readonly unit?: string;
  readonly tell: (run: Run) => string;
  readonly best?: { readonly is: 'higher' | 'lower'; readonly of: (run: Run) => Measured | undefined };
}

const columns: readonly Column[] = [
  { name: 'options', tell: ({ lane }) => saidOf(lane) },
  { name: 'seed', tell: ({ lane }) => String(lane.asked.value?.options.seed ?? '–') },
  { name: 'tokens', tell: ({ figures }) => rounded(figures?.tokens, 0) },
  { name: 'time', unit: 's', tell: ({ figures }) => rounded(figures?.seconds, 2) },
  // of a single time nobody knows the error: none is best
  { name: 'speed', unit: 'tokens/s', tell: ({ figures }) => rounded(figures?.tokensPerSecond, 0) },
  { name: 'forwards', tell: ({ figures }) => rounded(figures?.forwards, 0) },
  {
    name: 'tokens a forward',
    tell: ({ figures }) => rounded(figures?.tokensPerForward, 2),
    best: { is: 'higher', of: ({ figures }) => counted(figures?.tokensPerForward) },
  },
  {
    name: 'judge',
    unit: 'bits/character',
    tell: ({ quality }) =>
      rounded(quality?.bitsPerCharacter, 2) +
      (quality?.standardError === undefined ? '' : ` ± ${quality.standardError.toFixed(2)}`),
    best: {
      is: 'lower',
      of: ({ quality }) => bitsOf(quality),
    },
  },
  { name: 'diversity', unit: 'distinct-2', tell: ({ quality }) => rounded(quality?.distinct, 2) },
  {
    name: 'exact',
    unit: 'nats/token',
    tell: ({ quality }) =>
      quality?.exact === undefined ? '–' : `${quality.isBound ? '≤ ' : ''}${quality.exact.toFixed(2)}`,
  },
];

/** A run that is compared, and what is known of it. */
interface Run {
  readonly lane: Lane;
  readonly figures: Figures | undefined;
  readonly quality: TextQuality | undefined;
}

const bitsOf = (quality: TextQuality | undefined): Measured | undefined =>
  quality?.bitsPerCharacter === undefined
    ? undefined
    : { value: quality.bitsPerCharacter, error: quality.standardError ?? NaN };

/** What stands behind the end of a text takes forwards, too: about a hundredth is chance. */
const counted = (value: number | undefined): Measured | undefined =>
  value === undefined ? undefined : { value, error: 0.01 * value };

function ComparedRow({
  desk,
  run,
  index,
  columns: shown,
  best,
}: {
  readonly desk: Desk;
  readonly run: Run;
  readonly index: number;
  readonly columns: readonly Column[];
  /** Of each column the run that is best in it. */
  readonly best: readonly (number | undefined)[];
}) {
  const { lane } = run;
  return (
    <tr>
      <th scope="row">
        {nameOf(index)} <span class="quiet">{lane.writer}</span> <NotHere model={lane.writer} />
      </th>
      {shown.map(({ name, tell }, column) => (
        <td key={name} class={name === 'options' ? 'said' : undefined}>
          {best[column] === index ? (
            <strong title="the best of these runs, beyond the error">
              {tell(run)} <span aria-hidden="true">★</span>
              <span class="hidden"> best</span>
            </strong>
          ) : (
            tell(run)
          )}
        </td>
      ))}
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
export function saidOf({ asked, options: set }: Lane): string {
  const { seed: _, ...options } = asked.value?.options ?? set.value;
  const said = Object.entries(options).map(([name, value]) => `${labelOf(name)} ${saidValue(value)}`);
  return said.length === 0 ? 'as the model says' : said.join(', ');
}

const saidValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
