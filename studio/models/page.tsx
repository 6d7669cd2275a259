import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { fragmentOf } from '../core/link.ts';
import { usePolling } from '../parts/polling.ts';
import { isAnyAtWork } from '../parts/tasks.ts';
import { Trouble } from '../parts/trouble.tsx';
import { ModelCard } from './model-card.tsx';
import { Models } from './models.ts';
import { TaskList } from './task-list.tsx';

const pauseMs = () => (isAnyAtWork.value ? 1000 : 5000);

/** What models are here, what they take, and more of them. */
export default function ModelsPage() {
  const [models] = useState(() => new Models());
  const problem = useSignal<unknown>(undefined);
  usePolling(
    (signal) => models.look(signal),
    pauseMs,
    (error) => (problem.value = error),
  );
  return (
    <>
      <div class="row spread models-head">
        <h1>Models</h1>
        <Pull models={models} />
      </div>
      <Trouble error={problem.value} />
      <TaskList onProblem={(error) => (problem.value = error)} />
      {models.list.value === undefined ? (
        problem.value === undefined && <p class="quiet">Looking at the models that are here …</p>
      ) : (
        <ul class="models">
          {models.list.value.map((model) => (
            <ModelCard
              key={model.name}
              model={model}
              models={models}
              onUse={async (page) => {
                await models.serve(model);
                location.hash = fragmentOf({ page, settings: { model: model.name } });
              }}
            />
          ))}
        </ul>
      )}
    </>
  );
}

function Pull({ models }: { readonly models: Models }) {
  const repository = useSignal('');
  const problem = useSignal<unknown>(undefined);
  const pull = async () => {
    problem.value = undefined;
    try {
      await models.pull(repository.value.trim());
      repository.value = '';
    } catch (error) {
      problem.value = error;
    }
  };
  return (
    <form
      class="pull"
      aria-label="Pull a model"
      onSubmit={(event) => {
        event.preventDefault();
        void pull();
      }}
    >
      <div class="row">
        <label>
          <span class="hidden">from the Hugging Face hub</span>
          <input
            type="text"
            required
            value={repository.value}
            placeholder="From Hugging Face: org/name"
            title="org/name of the Hugging Face hub, org/name:file.gguf for a file of that kind"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => (repository.value = currentTarget.value)}
          />
        </label>
        <button type="submit" class="main">
          Pull
        </button>
      </div>
      <Trouble error={problem.value} />
    </form>
  );
}
