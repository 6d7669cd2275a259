import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { holeLengthOf, typedLength } from '../core/filling.ts';
import { writingGroups } from '../core/option-groups.ts';
import { visible } from '../../src/cli/terminal/visible.ts';
import type { PageProperties } from '../pages.ts';
import {
  Elsewhere,
  learnDefaults,
  ModelPicker,
  type ServedModel,
  servedModels,
  useLoading,
} from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import { exampleFor } from '../parts/examples.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Doing, UndoButtons } from '../text/editor-parts.tsx';
import type { Proposal } from '../text/proposals.ts';
import { Filler, shownDefaults, retryTemperature } from './filler.ts';

/** A text in which any selection becomes a hole, and a model writes what stands there. */
export default function Fill({ settings }: PageProperties) {
  const filler = useMemo(() => new Filler(), []);
  const host = useRef<HTMLDivElement>(null);
  const model = useSignal(typeof settings.model === 'string' ? settings.model : undefined);
  const options = useSignal<Values>({});
  const problem = useServed();
  const given = typeof settings.text === 'string' ? settings.text : undefined;
  useEffect(() => {
    const { text, hole } = exampleFor(model.value);
    return given === undefined
      ? filler.open(host.current!, text, hole)
      : filler.open(host.current!, given, undefined);
  }, [filler]);

  useLoading();
  const chosen: ServedModel | undefined =
    model.value === undefined
      ? servedModels.value[0]
      : (servedModels.value.find(({ id }) => id === model.value) ?? { id: model.value, state: 'unloaded' });
  const fill = (holes: readonly Proposal[]) => {
    if (!hasMistake()) void filler.fill(holes, chosen, options.value).then(() => learnDefaults([chosen]));
  };
  const holes = filler.proposals.value;
  const open = holes.filter((hole) => hole.text === undefined);
  const fillAll = () => fill(open.length > 0 ? open : holes);
  filler.onAction(fillAll);
  return (
    <div class="texts">
      <h1>Fill</h1>
      <Intro />
      <div class="work">
        <Tools filler={filler} fillAll={fillAll} />
        <div ref={host} class="editor" />
        <Doing editor={filler} said={filler.sent.value} />
        <p class="hidden" aria-live="polite">
          {visible(filler.news.value)}
        </p>
        <Trouble error={problem.value ?? filler.problem.value} />
      </div>
      <aside class="panel" aria-label="Holes and settings">
        <h2>Holes</h2>
        {holes.length === 0 && <p class="quiet">None yet.</p>}
        <ol class="pieces">
          {holes.map((hole, n) => (
            <HoleRow key={hole.id} filler={filler} hole={hole} number={n + 1} fill={fill} />
          ))}
        </ol>
        <Settings filler={filler} model={model} chosen={chosen} options={options} />
      </aside>
    </div>
  );
}

/** The model that fills, and how. */
function Settings({
  filler,
  model,
  chosen,
  options,
}: {
  readonly filler: Filler;
  readonly model: Signal<string | undefined>;
  readonly chosen: ServedModel | undefined;
  readonly options: Signal<Values>;
}) {
  return (
    <>
      <ModelPicker
        value={model.value}
        onChange={(name) => {
          filler.exchange(exampleFor(model.value), exampleFor(name));
          model.value = name;
        }}
      />
      {optionSchemas.value && (
        <OptionsForm
          schema={optionSchemas.value.infill}
          groups={writingGroups}
          open=""
          strategies={optionSchemas.value.strategies}
          defaults={shownDefaults(chosen?.defaults)}
          values={options.value}
          onChange={(next) => (options.value = next)}
        />
      )}
      <Elsewhere />
    </>
  );
}

function Intro() {
  return (
    <div class="quiet intro">
      <p>
        Select words, press Make a hole, press Fill: the model writes what fits there, and everything else
        stays as it is.
      </p>
      <details>
        <summary>Holes can be typed, too</summary>
        <code>{'{{3}}'}</code> is a hole of three tokens, <code>{'{{4..24}}'}</code> of 4 to 24,{' '}
        <code>{'{{?}}'}</code> of any number.
      </details>
    </div>
  );
}

/** What can be done with the holes. */
function Tools({ filler, fillAll }: { readonly filler: Filler; readonly fillAll: () => void }) {
  const holes = filler.proposals.value;
  const filled = holes.filter((hole) => hole.text !== undefined);
  const busy = filler.isBusy.value;
  return (
    <div class="row tools" role="toolbar" aria-label="Holes">
      <button type="button" disabled={busy} onClick={() => (filler.makeHole(), filler.focus())}>
        Make a hole <kbd aria-hidden="true">Alt H</kbd>
      </button>
      {busy ? (
        <button type="button" onClick={() => filler.stop()}>
          Stop <kbd aria-hidden="true">esc</kbd>
        </button>
      ) : (
        <button type="button" class="main" disabled={holes.length === 0} onClick={fillAll}>
          {filled.length > 0 && filled.length === holes.length ? 'Fill again' : 'Fill'}{' '}
          <kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      )}
      {filled.length > 1 && (
        <>
          <button type="button" disabled={busy} onClick={() => filler.accept(filled)}>
            Accept all
          </button>
          <button type="button" disabled={busy} onClick={() => filler.reject(filled)}>
            Reject all
          </button>
        </>
      )}
      <UndoButtons editor={filler} />
    </div>
  );
}

function HoleRow({
  filler,
  hole,
  number,
  fill,
}: {
  readonly filler: Filler;
  readonly hole: Proposal;
  readonly number: number;
  readonly fill: (holes: readonly Proposal[]) => void;
}) {
  const [isWrong, setWrong] = useState(false);
  const busy = filler.isBusy.value;
  const old = filler.slice(hole);
  const name = `hole ${number}`;
  return (
    <li>
      <p class="old-and-new">
        {old.trim() === '' ? <span class="quiet">(new text)</span> : <span>“{visible(old.trim())}”</span>}
        {hole.text !== undefined && (
          <>
            {' → '}“<strong>{visible(hole.text.trim())}</strong>”
          </>
        )}
      </p>
      <div class="row">
        {hole.text === undefined ? (
          <LengthField filler={filler} hole={hole} name={name} isWrong={isWrong} onCheck={setWrong} />
        ) : (
          <>
            <button type="button" disabled={busy} onClick={() => filler.accept([hole])}>
              Accept<span class="hidden"> {name}</span>
            </button>
            <button
              type="button"
              disabled={busy}
              title={`another one, at temperature ${retryTemperature} unless you set it`}
              onClick={() => fill([hole])}
            >
              Retry<span class="hidden"> {name}</span>
            </button>
          </>
        )}
        <button type="button" disabled={busy} onClick={() => filler.reject([hole])}>
          {hole.text === undefined ? 'Remove' : 'Reject'}
          <span class="hidden"> {name}</span>
        </button>
      </div>
      {isWrong && <p class="help wrong">a number of tokens, a range as 2-8, or nothing for any</p>}
    </li>
  );
}

function LengthField({
  filler,
  hole,
  name,
  isWrong,
  onCheck,
}: {
  readonly filler: Filler;
  readonly hole: Proposal;
  readonly name: string;
  readonly isWrong: boolean;
  readonly onCheck: (isWrong: boolean) => void;
}) {
  const id = useId();
  return (
    <label class="length" for={id}>
      <span class="hidden">{name}: </span>tokens
      <input
        id={id}
        type="text"
        size={6}
        placeholder="any"
        title="a number, a range as 2-8, or nothing for any"
        disabled={filler.isBusy.value}
        aria-invalid={isWrong}
        value={typedLength(hole.length!)}
        onChange={({ currentTarget }) => {
          const length = holeLengthOf(currentTarget.value);
          onCheck(length === undefined);
          if (length) filler.setLength(hole, length);
        }}
      />
    </label>
  );
}
