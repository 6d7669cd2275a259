import { useRef } from 'preact/hooks';
import { optionSchemas } from '../parts/options.ts';
import { SchemaForm } from '../parts/schema-form.tsx';
import type { Desk } from './desk.ts';
import { nameOf } from './figures.tsx';
import { LaneForm } from './lane-form.tsx';

/** How a run is sampled, and what else can be done with the runs. */
export function SettingsPanel({ desk }: { readonly desk: Desk }) {
  // beside the text there is room for all settings; above it, on a small screen, there is not
  const isWide = useRef(matchMedia('(min-width: 60rem)').matches);
  const { lanes, chosen, link } = desk;
  return (
    <aside aria-label="Settings">
      <details class="panel" open={isWide.current}>
        <summary>Settings</summary>
        {desk.isComparing && <RunPicker desk={desk} />}
        <LaneForm
          key={chosen.value}
          lane={lanes.value[chosen.value]}
          schema={optionSchemas.value?.sampling}
        />
        <SeedField desk={desk} />
        {desk.canCompare ? (
          <button type="button" onClick={() => desk.compare()}>
            Compare with a second run
          </button>
        ) : (
          <button type="button" onClick={() => desk.removeOthers()}>
            Remove run B
          </button>
        )}
        <FileButtons desk={desk} />
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
  );
}

function RunPicker({ desk: { lanes, chosen } }: { readonly desk: Desk }) {
  return (
    <div class="row" role="group" aria-label="Run that is set">
      {lanes.value.map((_, index) => (
        <button
          key={index}
          type="button"
          aria-pressed={chosen.value === index}
          onClick={() => (chosen.value = index)}
        >
          Run {nameOf(index)}
        </button>
      ))}
    </div>
  );
}

function SeedField({ desk: { seed } }: { readonly desk: Desk }) {
  const properties = optionSchemas.value?.sampling?.properties;
  if (!properties) return null;
  return (
    <SchemaForm
      schema={{ properties: { seed: properties.seed } }}
      basic={['seed']}
      values={{ seed: seed.value }}
      defaults={{ seed: 'a new one each time' }}
      onChange={(values) => (seed.value = values.seed as number | undefined)}
    />
  );
}

function FileButtons({ desk }: { readonly desk: Desk }) {
  return (
    <div class="row">
      <button type="button" onClick={() => void desk.copyLink()}>
        Copy link
      </button>
      <label class="file">
        Open a recording
        <input
          type="file"
          accept=".json,application/json"
          onChange={({ currentTarget }) => {
            void desk.open(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
    </div>
  );
}
