import { useSignal } from '@preact/signals';
import { notesOf, tagsOf } from '../core/run-rows.ts';
import { Trouble } from '../parts/trouble.tsx';
import type { RunDetails, Runs } from './runs.ts';

/** What a person writes down of a run: kept beside it, found by the filter of the table. */
export function Notes({ run, runs }: { readonly run: RunDetails; readonly runs: Runs }) {
  const text = useSignal(notesOf(run));
  const tags = useSignal(tagsOf(run).join(', '));
  const state = useSignal('');
  const problem = useSignal<unknown>(undefined);
  const save = async () => {
    const words = tags.value.split(',').flatMap((tag) => (tag.trim() === '' ? [] : [tag.trim()]));
    try {
      await runs.note(run.name, { text: text.value, tags: words });
      state.value = 'kept';
      problem.value = undefined;
    } catch (error) {
      problem.value = error;
    }
  };
  return (
    <div class="notes">
      <div class="fields">
        <label class="field">
          <span>notes</span>
          <textarea
            rows={2}
            value={text.value}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
            onChange={() => void save()}
          />
        </label>
        <label class="field">
          <span>tags, with commas between</span>
          <input
            type="text"
            value={tags.value}
            onInput={({ currentTarget }) => (tags.value = currentTarget.value)}
            onChange={() => void save()}
          />
        </label>
      </div>
      <p class="help" role="status">
        {state.value}
      </p>
      <Trouble error={problem.value} />
    </div>
  );
}
