import type { Signal } from '@preact/signals';
import { keepsColours, marksBlanks } from './look.ts';

/** What the bars, colours and lines of a canvas mean, and what of them is shown. */
export function Legend() {
  return (
    <div class="legend" role="group" aria-label="Legend">
      <ul aria-label="What the canvas shows">
        <li>
          <span class="token mask" aria-hidden="true">
            <i />
          </span>{' '}
          mask: not written yet
        </li>
        <li class="scale">
          a guess <i aria-hidden="true" /> certain, when written
        </li>
        <li>
          <span class="token fresh final" aria-hidden="true">
            <i>word</i>
          </span>{' '}
          this step
        </li>
        <li>
          <span class="token" aria-hidden="true">
            <i>word</i>
          </span>{' '}
          may still change
        </li>
      </ul>
      <div class="row">
        <Check choice={keepsColours}>keep colours</Check>
        <Check choice={marksBlanks}>show tokens and line ends ↵</Check>
      </div>
    </div>
  );
}

function Check({ choice, children }: { readonly choice: Signal<boolean>; readonly children: string }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={choice.value}
        onChange={({ currentTarget }) => (choice.value = currentTarget.checked)}
      />{' '}
      {children}
    </label>
  );
}
