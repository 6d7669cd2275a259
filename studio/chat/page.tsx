import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { messagesOf, titleOf } from '../core/conversation.ts';
import { presetsFor, writingGroups } from '../core/option-groups.ts';
import type { PageProperties } from '../pages.ts';
import { ModelPicker, type ServedModel, servedModels, useLoading } from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import { saveFile } from '../parts/save.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Composer } from './composer.tsx';
import { Talk } from './talk.ts';
import { Turns } from './turns.tsx';

/** A conversation whose answers are unmasked while one looks on. */
export default function Chat({ settings }: PageProperties) {
  const talk = useMemo(() => new Talk(localStorage), []);
  const model = useSignal(typeof settings.model === 'string' ? settings.model : undefined);
  const options = useSignal<Values>({});
  const problem = useServed();
  useEffect(() => {
    return () => talk.stop();
  }, [talk]);

  useLoading();
  const chosen = servedModels.value.find(({ id }) => id === model.value) ?? likeliest(servedModels.value);
  const isWriting = talk.writing.value !== undefined;
  const conversation = talk.conversation.value;
  const last = talk.path.value.at(-1);
  return (
    <div class="chat">
      <h1>Chat</h1>
      <aside class="panel" aria-label="Conversations and settings">
        <Conversations talk={talk} />
        <ModelPicker value={chosen?.id} onChange={(name) => (model.value = name)} />
        {chosen?.chat === 'continuation' && (
          <p class="help">
            This model has not learned to answer: it goes on with the conversation as with a text.
          </p>
        )}
        <label class="field">
          <span>system prompt</span>
          <textarea
            rows={3}
            value={conversation.system}
            onInput={({ currentTarget }) => talk.setSystem(currentTarget.value)}
          />
        </label>
        {optionSchemas.value && (
          <OptionsForm
            schema={optionSchemas.value.sampling}
            groups={writingGroups}
            strategies={optionSchemas.value.strategies}
            presets={presetsFor(chosen?.defaults ?? {})}
            defaults={chosen?.defaults}
            values={options.value}
            onChange={(next) => (options.value = next)}
          />
        )}
        <ExportButton talk={talk} />
      </aside>
      <section class="talk" aria-label="Conversation">
        <Turns talk={talk} model={chosen?.id} options={options.value} />
        <Trouble error={problem.value ?? talk.problem.value} />
        <Composer
          isWriting={isWriting}
          onSay={(text) => {
            if (hasMistake()) return false;
            void talk.say(text, last?.id ?? null, chosen?.id, options.value);
            return true;
          }}
          onStop={() => talk.stop()}
        />
      </section>
    </div>
  );
}

/** The conversations that this browser keeps. */
function Conversations({ talk }: { readonly talk: Talk }) {
  const conversation = talk.conversation.value;
  return (
    <>
      <button type="button" onClick={() => talk.begin()}>
        New conversation
      </button>
      <ul class="conversations">
        {talk.all.value.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              class="plain"
              aria-current={one.id === conversation.id ? 'true' : undefined}
              onClick={() => talk.open(one.id)}
            >
              {titleOf(one)}
            </button>
            <button
              type="button"
              class="plain"
              aria-label={`Delete: ${titleOf(one)}`}
              onClick={() => talk.forget(one.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function ExportButton({ talk }: { readonly talk: Talk }) {
  return (
    <div class="row">
      <button
        type="button"
        disabled={talk.path.value.length === 0}
        onClick={() => {
          const row = `${JSON.stringify({ messages: messagesOf(talk.conversation.value) })}\n`;
          saveFile('conversation.jsonl', row, 'application/jsonl');
        }}
      >
        Export
      </button>
      <span class="help">as unmask finetune reads it</span>
    </div>
  );
}

/** The first model that answers, or else that may: whether it does is known once it was loaded. */
const likeliest = (models: readonly ServedModel[]): ServedModel | undefined =>
  models.find(({ chat }) => chat === 'template') ??
  models.find(({ state, chat }) => state === 'unloaded' && chat === undefined) ??
  models[0];
