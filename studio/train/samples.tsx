import { useSignal } from '@preact/signals';
import { grouped } from '../../src/base/format-count.ts';
import type { RunDetails } from './runs.ts';

/** The texts that a run wrote on its way, the latest first; the slider goes back in time. */
export function Samples({ samples }: { readonly samples: RunDetails['samples'] }) {
  // the latest is shown as others come, until somebody looks back: then that step stays
  const chosen = useSignal<number | undefined>(undefined);
  if (samples.length === 0)
    return <p class="quiet">No sample text yet: one is written every so many updates.</p>;
  const last = samples.length - 1;
  const found = samples.findIndex((sample) => sample.step === chosen.value);
  const at = found < 0 ? last : found;
  const { step, text } = samples[at];
  return (
    <div class="samples">
      <label class="row">
        <span>What it wrote after {grouped(step)} updates</span>
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          aria-label="Sample text"
          aria-valuetext={`${step} updates, text ${at + 1} of ${samples.length}`}
          onInput={({ currentTarget }) => {
            const to = Number(currentTarget.value);
            chosen.value = to === last ? undefined : samples[to].step;
          }}
        />
      </label>
      <pre class="sample" role="group" tabIndex={0} aria-label={`Text after ${step} updates`}>
        {text.trim()}
      </pre>
    </div>
  );
}
