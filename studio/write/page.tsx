import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { stream } from '../client.ts';
import type { PageProperties } from '../pages.ts';
import { ModelPicker, refreshModels, servedModels } from '../parts/model-picker.tsx';
import { loadOptions, optionSchemas } from '../parts/options.ts';
import { Player, type StreamEvent } from '../parts/player.ts';
import { SchemaForm, type Values } from '../parts/schema-form.tsx';
import { TokenCanvas } from '../parts/token-canvas.tsx';
import { Transport } from '../parts/transport.tsx';
import { Trouble } from '../parts/trouble.tsx';

/** Writes a text, and shows how. */
export default function Write({ settings }: PageProperties) {
  const prompt = useSignal(typeof settings.prompt === 'string' ? settings.prompt : 'Once upon a time');
  const model = useSignal(typeof settings.model === 'string' ? settings.model : undefined);
  const values = useSignal<Values>({});
  const problem = useSignal<unknown>(undefined);
  const player = useSignal(new Player());
  const aborting = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    Promise.all([refreshModels(), loadOptions()]).catch((error: unknown) => (problem.value = error));
    return () => aborting.current?.abort();
  }, []);

  const write = async () => {
    aborting.current?.abort();
    aborting.current = new AbortController();
    player.value.dispose();
    player.value = new Player();
    await player.value.watch(
      stream<StreamEvent>(
        '/v1/completions',
        {
          model: model.value ?? servedModels.value[0]?.id,
          prompt: prompt.value,
          ...values.value,
          stream_options: { include_usage: true },
        },
        aborting.current.signal,
      ),
    );
  };

  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        void write();
      }}
    >
      <h1>Write</h1>
      <label class="field">
        <span>prompt</span>
        <textarea
          rows={2}
          value={prompt.value}
          autofocus
          onInput={({ currentTarget }) => (prompt.value = currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            void write();
          }}
        />
      </label>
      <ModelPicker value={model.value} onChange={(name) => (model.value = name)} />
      <button class="main" type="submit">
        Write <kbd aria-hidden="true">↵</kbd>
      </button>
      <Trouble error={problem.value ?? player.value.problem.value} />
      <TokenCanvas player={player.value} given={prompt.value} />
      <Transport player={player.value} />
      {optionSchemas.value && (
        <SchemaForm
          schema={optionSchemas.value.sampling}
          basic={['length', 'steps', 'blockLength', 'temperature', 'strategy', 'seed']}
          values={values.value}
          onChange={(next) => (values.value = next)}
        />
      )}
    </form>
  );
}
