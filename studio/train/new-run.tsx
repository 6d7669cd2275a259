import { useEffect } from 'preact/hooks';
import { bySize, type JsonSchema } from '../core/fields.ts';
import { objectives } from '../core/objectives.ts';
import { trainingGroups } from '../core/option-groups.ts';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { ObjectiveCards } from './objective-cards.tsx';
import type { RunRequest } from './run-request.ts';
import { Source } from './source.tsx';

/** What this form asks for in its own way. */
const own = new Set(['run', 'text', 'data', 'from', 'objective', 'learn', 'minutes', 'sweep', 'seeds']);

/** Asks for what a new run needs: what is learned, from what, and for how long. */
export function NewRun({ request }: { readonly request: RunRequest }) {
  const { problem, isStarting, isReady, objective } = request;
  useEffect(() => request.open(), [request]);
  return (
    <form
      class="panel new-run"
      aria-label="New run"
      onSubmit={(event) => {
        event.preventDefault();
        void request.start();
        // it is seen, and may be typed into
        if (request.isRefused.value)
          event.currentTarget.querySelector<HTMLElement>('.source label:last-of-type textarea')?.focus();
      }}
    >
      <h2>1. What is learned</h2>
      <ObjectiveCards
        objectives={objectives}
        value={objective.value}
        onChange={(next) => request.choose(next)}
      />
      {objective.value.verb !== 'train' && (
        <From request={request} label="The model that learns" none="choose a model" />
      )}
      <h2>2. From what</h2>
      <Source request={request} />
      <h2>3. For how long</h2>
      <Time request={request} />
      <More request={request} />
      <div class="begin">
        <Trouble error={problem.value ?? (request.isRefused.value ? request.sourceProblem : undefined)} />
        <div class="row">
          <button
            class={request.hasSource ? 'main' : ''}
            type="submit"
            disabled={isStarting.value || !isReady.value}
          >
            {isStarting.value ? request.progress.value : 'Start'}
          </button>
          <span class="quiet">
            {[request.promise, !request.hasSource && 'choose a text first'].filter(Boolean).join(' · ')}
          </span>
        </div>
      </div>
    </form>
  );
}

function From({
  request: { from, models },
  label,
  none,
}: {
  readonly request: RunRequest;
  readonly label: string;
  readonly none: string;
}) {
  return (
    <label class="field short">
      <span>{label}</span>
      <select value={from.value} onChange={({ currentTarget }) => (from.value = currentTarget.value)}>
        <option value="">{none}</option>
        {models.value.map((model) => (
          <option key={model} value={model}>
            {model}
          </option>
        ))}
      </select>
    </label>
  );
}

const times = [1, 5, 20, 60];

/** A new model may be given a time; what learns further is given updates or epochs. */
function Time({ request }: { readonly request: RunRequest }) {
  const { time } = request;
  if (!request.canBeTimed)
    return (
      <p class="help">
        Steps or epochs are set among the options below; the time left is shown once it runs.
      </p>
    );
  return (
    <>
      <div class="segments times" role="group" aria-label="Time">
        {times.map((some) => (
          <button
            key={some}
            type="button"
            aria-pressed={time === some}
            onClick={() => request.giveTime(some)}
          >
            {some === 60 ? 'an hour' : `${some} min`}
          </button>
        ))}
        <button type="button" aria-pressed={time === undefined} onClick={() => request.giveTime(undefined)}>
          my own
        </button>
      </div>
      <p class="help">
        {time === undefined
          ? 'You say how large it is and how many steps it takes, below.'
          : request.size === undefined
            ? 'The largest model that this machine can teach well in that time: it is measured first.'
            : `A model of the size ${request.size}, as set below, for as many steps as that time allows: it is measured first.`}
      </p>
      <p class="expectation">{request.expectation}</p>
    </>
  );
}

/** Everything else, folded away. */
function More({ request }: { readonly request: RunRequest }) {
  const { objective, values, name } = request;
  const schemas = optionSchemas.value;
  const { verb } = objective.value;
  const size = String(values.value.size ?? 'nano');
  return (
    <details class="more" open={request.time === undefined}>
      <summary>Options, name, sweep</summary>
      <div class="fields">
        <label class="field">
          <span>name</span>
          <input
            type="text"
            value={name.value}
            placeholder="chosen automatically"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          />
        </label>
        {verb === 'train' && <From request={request} label="begin with" none="random weights" />}
      </div>
      {schemas && (
        <OptionsForm
          key={objective.value.name}
          schema={bySize(withoutOwn(schemas[verb]), schemas.sizes[size])}
          groups={trainingGroups}
          unchanged="All as by default."
          values={values.value}
          onChange={(next) => (values.value = next)}
        />
      )}
      {verb === 'train' && <Sweep request={request} />}
    </details>
  );
}

function Sweep({ request: { sweep } }: { readonly request: RunRequest }) {
  return (
    <label class="field">
      <span>sweep: a run for each value, one option a line</span>
      <textarea
        rows={2}
        value={sweep.value}
        placeholder={'objective: masked-diffusion, autoregressive\nlearning rate: 5e-4, 1e-3'}
        spellcheck={false}
        onInput={({ currentTarget }) => (sweep.value = currentTarget.value)}
      />
    </label>
  );
}

const withoutOwn = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([key]) => !own.has(key))),
});
