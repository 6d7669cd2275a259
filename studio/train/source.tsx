import { useSignal } from '@preact/signals';
import { grouped } from '../../src/base/format-count.ts';
import type { RunRequest } from './run-request.ts';

/** The text that is learned: files that are dropped or picked, a text that is pasted, or paths of the working directory. */
export function Source({ request }: { readonly request: RunRequest }) {
  const { paths, text } = request;
  const isOver = useSignal(false);
  return (
    <div class="source">
      <div
        class={isOver.value ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => (isOver.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          request.pick(event.dataTransfer?.files);
        }}
      >
        <Picker request={request} />
      </div>
      <div class="fields">
        <label class="field">
          <span>or paths of the working directory, one a line</span>
          <textarea
            rows={2}
            value={paths.value}
            placeholder={'corpus/\nstory.txt'}
            spellcheck={false}
            onInput={({ currentTarget }) => (paths.value = currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>or a text, pasted here</span>
          <textarea
            rows={8}
            value={text.value}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
          <small class="help">{request.textSize}</small>
        </label>
      </div>
    </div>
  );
}

function Picker({ request }: { readonly request: RunRequest }) {
  const { picked, objective } = request;
  return (
    <>
      <label class="file">
        Choose files
        <input
          type="file"
          multiple
          accept=".txt,.jsonl,.json,.gz,.md"
          onChange={({ currentTarget }) => {
            request.pick(currentTarget.files);
            currentTarget.value = '';
          }}
        />
      </label>{' '}
      <span class="quiet">or drop them here: {objective.value.text}</span>
      {picked.value.length > 0 && (
        <ul class="picked">
          {picked.value.map((file) => (
            <li key={file.name}>
              {file.name} <span class="quiet">{grouped(Math.ceil(file.size / 1000))} kB</span>{' '}
              <button
                type="button"
                class="plain"
                aria-label={`Remove ${file.name}`}
                onClick={() => (picked.value = picked.value.filter((one) => one !== file))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
