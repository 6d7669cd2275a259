import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { fragmentOf } from '../core/link.ts';
import { useWhileShown } from '../parts/kept-page.tsx';
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
  useWhileShown(() => models.lookAnew());
  usePolling(
    (signal) => models.look(signal),
    pauseMs,
    (error) => (problem.value = error),
  );
  return (
    <>
      <div class="page-head">
        <h1>Models</h1>
        <p class="quiet">What is on this machine, what each is good for, and more of them below.</p>
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
              onUse={async (page, used) => {
                await models.serve(used);
                location.hash = fragmentOf({ page, settings: { model: used.name } });
              }}
            />
          ))}
        </ul>
      )}
      <Pull models={models} />
    </>
  );
}

/** Models of the hub to begin with: what they are, and what their files take. */
const examples = [
  { repository: 'dllm-hub/Qwen3-0.6B-diffusion-mdlm-v0.1', says: '0.75 B, answers', sizeGB: 1.5 },
  { repository: 'Dream-org/Dream-v0-Instruct-7B', says: '7 B, answers', sizeGB: 15.2 },
  { repository: 'GSAI-ML/LLaDA-8B-Instruct', says: '8 B, answers', sizeGB: 16 },
  { repository: 'inclusionAI/LLaDA2.0-mini', says: '16 B, 1.4 B for each token, answers', sizeGB: 32.5 },
] as const;

/** Has a model downloaded, by the name that it has on the hub. */
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
      class="panel pull"
      aria-label="Download a model"
      onSubmit={(event) => {
        event.preventDefault();
        void pull();
      }}
    >
      <h2>Download from Hugging Face</h2>
      <div class="row">
        <label>
          <span class="hidden">Its name on Hugging Face</span>
          <input
            type="text"
            required
            value={repository.value}
            placeholder="org/name, or org/name:file.gguf"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => (repository.value = currentTarget.value)}
          />
        </label>
        <button type="submit" class="main">
          Download
        </button>
      </div>
      <Trouble error={problem.value} />
      <Examples onChoose={(name) => (repository.value = name)} />
    </form>
  );
}

/** Names that are known to work; one is put into the field, and nothing begins. */
function Examples({ onChoose }: { readonly onChoose: (repository: string) => void }) {
  return (
    <ul class="examples" aria-label="Models to begin with">
      {examples.map(({ repository, says, sizeGB }) => (
        <li key={repository}>
          <button type="button" onClick={() => onChoose(repository)}>
            <strong>{repository}</strong>
            <span class="quiet">
              {says} · {sizeGB} GB
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
