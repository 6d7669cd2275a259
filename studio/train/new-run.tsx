import { useEffect, useState } from 'preact/hooks';
import { bySize, type JsonSchema } from '../core/fields.ts';
import { trainingGroups } from '../core/option-groups.ts';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { type Kind, RunRequest } from './run-request.ts';

/** What this form asks for in its own way. */
const own = new Set(['run', 'text', 'data', 'from']);

const examples: Readonly<Record<Kind, string>> = {
  train: 'Once upon a time there was a dog …',
  finetune: '{"prompt": "Hello", "answer": "Hi! How are you?"}',
};

/** Asks for what a new run needs. */
export function NewRun({ onStart }: { readonly onStart: (kind: Kind, options: object) => Promise<void> }) {
  const [request] = useState(() => new RunRequest(onStart));
  const { kind, values, problem, isStarting } = request;
  useEffect(() => void request.load(), []);
  const schemas = optionSchemas.value;
  return (
    <form
      class="panel new-run"
      aria-label="New run"
      onSubmit={(event) => {
        event.preventDefault();
        void request.start();
      }}
    >
      <Beginning request={request} />
      <Source request={request} />
      {schemas && (
        <OptionsForm
          key={kind.value}
          schema={bySize(withoutOwn(schemas[kind.value]), schemas.sizes[String(values.value.size ?? 'nano')])}
          groups={trainingGroups}
          values={values.value}
          onChange={(next) => (values.value = next)}
        />
      )}
      <Trouble error={problem.value} />
      <button class="main" type="submit" disabled={isStarting.value}>
        Start
      </button>
    </form>
  );
}

/** What is learned, by which model, from where, and under which name. */
function Beginning({ request }: { readonly request: RunRequest }) {
  const { kind, from, models, source, name } = request;
  return (
    <div class="fields">
      <label class="field">
        <span>what is learned</span>
        <select
          value={kind.value}
          onChange={({ currentTarget }) => request.chooseKind(currentTarget.value as Kind)}
        >
          <option value="train">text</option>
          <option value="finetune">answers, from conversations (SFT)</option>
        </select>
      </label>
      <label class="field">
        <span>begin with</span>
        <select value={from.value} onChange={({ currentTarget }) => (from.value = currentTarget.value)}>
          <option value="">{kind.value === 'train' ? 'random weights' : 'choose a model'}</option>
          {models.value.map((model) => (
            <option key={model} value={model}>
              {model}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>where it is</span>
        <select
          value={source.value}
          onChange={({ currentTarget }) => (source.value = currentTarget.value as 'files' | 'text')}
        >
          <option value="files">files of the working directory</option>
          <option value="text">a text, typed here</option>
        </select>
      </label>
      <label class="field">
        <span>name</span>
        <input
          type="text"
          value={name.value}
          placeholder="one is found"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
      </label>
    </div>
  );
}

/** The text that is learned: names of files, or itself. */
function Source({ request: { kind, source, files, text } }: { readonly request: RunRequest }) {
  if (source.value === 'files')
    return (
      <label class="field">
        <span>files or folders, one a line</span>
        <textarea
          rows={2}
          value={files.value}
          placeholder={kind.value === 'train' ? 'corpus/\nstory.txt' : 'talk.jsonl'}
          spellcheck={false}
          onInput={({ currentTarget }) => (files.value = currentTarget.value)}
        />
      </label>
    );
  return (
    <label class="field">
      <span>{kind.value === 'train' ? 'text' : 'conversations, one a line as JSON'}</span>
      <textarea
        rows={6}
        value={text.value}
        placeholder={examples[kind.value]}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
      />
    </label>
  );
}

const withoutOwn = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([key]) => !own.has(key))),
});
