import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { fragmentOf } from '../core/link.ts';
import type { PageProperties } from '../pages.ts';
import { learnDefaults, useLoading } from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import { hasMistake, SchemaForm } from '../parts/schema-form.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Comparison, nameOf } from './figures.tsx';
import { Lane } from './lane.ts';
import { LaneForm } from './lane-form.tsx';
import { LaneView } from './lane-view.tsx';
import { Legend } from './legend.tsx';
import { keep, maxRuns, type Settings, settingsFrom } from './settings.ts';
import { useKeys } from './keys.ts';

/** Writes a text, or two at once, and shows how. */
export default function Write({ settings }: PageProperties) {
  const asked = useRef<Settings>();
  asked.current ??= settingsFrom(settings, sessionStorage);
  const prompt = useSignal(asked.current.prompt);
  const seed = useSignal(asked.current.seed);
  const lanes = useSignal<readonly Lane[]>([]);
  if (lanes.peek().length === 0) lanes.value = asked.current.runs.map((run) => new Lane(run));
  const set = useSignal(0);
  const problem = useServed();
  const link = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  // beside the text there is room for all settings; above it, on a small screen, there is not
  const wide = useRef(matchMedia('(min-width: 60rem)').matches);

  useEffect(() => {
    field.current?.focus();
    return () => lanes.peek().forEach((lane) => lane.dispose());
  }, []);
  useLoading();

  const now = (): Settings => ({
    prompt: prompt.value,
    seed: seed.value,
    runs: lanes.value.map((lane) => lane.settings),
  });
  const stop = () => lanes.value.forEach((lane) => lane.stop());
  const write = async (withSeed = seed.value ?? newSeed()) => {
    if (hasMistake()) return;
    problem.value = undefined;
    keep(now(), sessionStorage);
    await Promise.all(lanes.value.map((lane) => lane.write(prompt.value, withSeed)));
    await learnDefaults(lanes.value.map(({ served }) => served));
  };
  const compare = () => {
    const [first] = lanes.value;
    const { model, options } = first.settings;
    // what fewer steps cost is the first question; another model is a choice away
    const run = { model, options: { ...options, steps: Math.ceil(first.length / 2) } };
    lanes.value = [...lanes.value, new Lane(run)];
    set.value = lanes.value.length - 1;
  };
  const remove = () => {
    lanes.value.slice(1).forEach((lane) => lane.dispose());
    lanes.value = lanes.value.slice(0, 1);
    set.value = 0;
  };
  const copy = async () => {
    const address = `${location.href.split('#')[0]}${fragmentOf({ page: 'write', settings: { ...now() } })}`;
    link.value = address;
    await navigator.clipboard?.writeText(address).catch(() => {});
  };
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      problem.value = undefined;
      lanes.value[0].open(await file.text());
    } catch (error) {
      problem.value = error;
    }
  };
  useKeys(lanes, stop);

  const isWriting = lanes.value.some((lane) => lane.isWriting.value);
  const lastSeed = lanes.value[0].asked.value?.options.seed;
  const schema = optionSchemas.value?.sampling;
  const isOne = lanes.value.length === 1;
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        void write();
      }}
    >
      <h1 class="hidden">Write</h1>
      <div class="ask">
        <label class="field">
          <span>prompt</span>
          <textarea
            ref={field}
            rows={2}
            value={prompt.value}
            onInput={({ currentTarget }) => (prompt.value = currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              void write();
            }}
          />
        </label>
        <div class="row">
          <button class="main" type="submit">
            Write <kbd aria-hidden="true">↵</kbd>
          </button>
          {isWriting && (
            <button type="button" onClick={stop}>
              Stop <kbd aria-hidden="true">esc</kbd>
            </button>
          )}
          {!isWriting && typeof lastSeed === 'number' && (
            <>
              <button type="button" onClick={() => void write(newSeed())}>
                Again, new seed
              </button>
              <button type="button" onClick={() => void write(lastSeed)}>
                Again, same seed
              </button>
            </>
          )}
        </div>
      </div>
      <aside aria-label="Settings">
        <details class="panel" open={wide.current}>
          <summary>Settings</summary>
          {!isOne && (
            <div class="row" role="group" aria-label="Run that is set">
              {lanes.value.map((_, index) => (
                <button
                  key={index}
                  type="button"
                  aria-pressed={set.value === index}
                  onClick={() => (set.value = index)}
                >
                  Run {nameOf(index)}
                </button>
              ))}
            </div>
          )}
          <LaneForm key={set.value} lane={lanes.value[set.value]} schema={schema} />
          {schema?.properties && (
            <SchemaForm
              schema={{ properties: { seed: schema.properties.seed } }}
              basic={['seed']}
              values={{ seed: seed.value }}
              defaults={{ seed: 'a new one each time' }}
              onChange={(values) => (seed.value = values.seed as number | undefined)}
            />
          )}
          {lanes.value.length < maxRuns ? (
            <button type="button" onClick={compare}>
              Compare with a second run
            </button>
          ) : (
            <button type="button" onClick={remove}>
              Remove run B
            </button>
          )}
          <div class="row">
            <button type="button" onClick={() => void copy()}>
              Copy link
            </button>
            <label class="file">
              Open a recording
              <input
                type="file"
                accept=".json,application/json"
                onChange={({ currentTarget }) => {
                  void open(currentTarget.files?.[0]);
                  currentTarget.value = '';
                }}
              />
            </label>
          </div>
          {link.value !== undefined && (
            <label class="field">
              <span>This link opens the page as it is set</span>
              <input readOnly value={link.value} onFocus={({ currentTarget }) => currentTarget.select()} />
            </label>
          )}
          <p class="help">
            <kbd>space</kbd> plays and pauses, <kbd>←</kbd> <kbd>→</kbd> step, <kbd>shift</kbd> with them goes
            from token to token, <kbd>esc</kbd> stops.
          </p>
        </details>
      </aside>
      <div class="work">
        <Trouble error={problem.value} />
        {!isOne && <Comparison lanes={lanes.value} />}
        <Legend />
        <div class={isOne ? 'lanes' : 'lanes two'}>
          {lanes.value.map((lane, index) => (
            <LaneView
              key={index}
              lane={lane}
              prompt={prompt.value}
              name={isOne ? undefined : nameOf(index)}
            />
          ))}
        </div>
      </div>
    </form>
  );
}

/** Short enough to be told to somebody. */
const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
