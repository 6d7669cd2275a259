import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../client.ts';
import { bySize, type JsonSchema } from '../core/fields.ts';
import { loadOptions, optionSchemas } from '../parts/options.ts';
import { hasMistake, SchemaForm, type Values } from '../parts/schema-form.tsx';
import { Trouble } from '../parts/trouble.tsx';

type Kind = 'train' | 'finetune';

/** What this form asks for in its own way. */
const own = new Set(['run', 'text', 'data', 'from']);

const basic: Readonly<Record<Kind, readonly string[]>> = {
  train: ['size', 'steps', 'length', 'batch', 'learningRate', 'seed'],
  finetune: ['epochs', 'batch', 'learningRate', 'loraRank', 'length', 'seed'],
};

const examples: Readonly<Record<Kind, string>> = {
  train: 'Once upon a time there was a dog …',
  finetune: '{"prompt": "Hello", "answer": "Hi! How are you?"}',
};

/** Asks for what a new run needs. */
export function NewRun({ onStart }: { readonly onStart: (kind: Kind, options: object) => Promise<void> }) {
  const kind = useSignal<Kind>('train');
  const source = useSignal<'files' | 'text'>('files');
  const name = useSignal('');
  const files = useSignal('');
  const text = useSignal('');
  const from = useSignal('');
  const models = useSignal<readonly string[]>([]);
  const values = useSignal<Values>({});
  const problem = useSignal<unknown>(undefined);
  const isStarting = useSignal(false);
  useEffect(() => {
    const fail = (error: unknown) => (problem.value = error);
    loadOptions().catch(fail);
    get<{ models: readonly { name: string }[] }>('/unmask/models').then(
      ({ models: found }) => (models.value = found.map((model) => model.name)),
      fail,
    );
  }, []);
  const schemas = optionSchemas.value;

  const start = async () => {
    if (hasMistake()) return;
    const paths = files.value.split('\n').flatMap((path) => (path.trim() === '' ? [] : [path.trim()]));
    if (source.value === 'text' ? text.value.trim() === '' : paths.length === 0) {
      problem.value = new Error('Say what is to be learned: name a file or a folder, or type a text.');
      return;
    }
    isStarting.value = true;
    problem.value = undefined;
    try {
      await onStart(kind.value, {
        ...values.value,
        ...(name.value !== '' && { run: name.value.trim() }),
        ...(from.value !== '' && { from: from.value }),
        ...(source.value === 'text' ? { text: text.value } : { data: paths }),
      });
    } catch (error) {
      problem.value = error;
    }
    isStarting.value = false;
  };

  return (
    <form
      class="panel new-run"
      aria-label="New run"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div class="fields">
        <label class="field">
          <span>what is learned</span>
          <select
            value={kind.value}
            onChange={({ currentTarget }) => {
              kind.value = currentTarget.value as Kind;
              values.value = {};
            }}
          >
            <option value="train">text</option>
            <option value="finetune">answers, from conversations</option>
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
      {source.value === 'files' ? (
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
      ) : (
        <label class="field">
          <span>{kind.value === 'train' ? 'text' : 'conversations, one a line as JSON'}</span>
          <textarea
            rows={6}
            value={text.value}
            placeholder={examples[kind.value]}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
        </label>
      )}
      {schemas && (
        <SchemaForm
          key={kind.value}
          schema={bySize(withoutOwn(schemas[kind.value]), schemas.sizes[String(values.value.size ?? 'nano')])}
          basic={basic[kind.value]}
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

const withoutOwn = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([key]) => !own.has(key))),
});
