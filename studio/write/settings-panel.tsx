import { useRef } from 'preact/hooks';
import { Elsewhere } from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import type { Desk } from './desk.ts';
import { nameOf } from './figures.tsx';
import { LaneForm } from './lane-form.tsx';

/** How a run is sampled. */
export function SettingsPanel({ desk }: { readonly desk: Desk }) {
  // beside the text there is room for all options; above it, on a small screen, there is not
  const isWide = useRef(matchMedia('(min-width: 60rem)').matches);
  const { lanes, chosen } = desk;
  return (
    <aside aria-label="Options">
      <details class="panel" open={isWide.current}>
        <summary>Options</summary>
        {desk.isComparing && <RunPicker desk={desk} />}
        <LaneForm
          key={chosen.value}
          desk={desk}
          lane={lanes.value[chosen.value]}
          schema={optionSchemas.value?.sampling}
        />
        <Elsewhere />
      </details>
      <p class="help keys">
        <kbd>space</kbd> plays and pauses, <kbd>←</kbd> <kbd>→</kbd> step, <kbd>shift</kbd> with them goes
        from token to token, <kbd>esc</kbd> stops.
      </p>
    </aside>
  );
}

function RunPicker({ desk: { lanes, chosen } }: { readonly desk: Desk }) {
  return (
    <div class="segments" role="group" aria-label="Run that is set">
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
