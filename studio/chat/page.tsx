import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { isObject } from '../../src/base/is-object.ts';
import { writingGroups } from '../core/option-groups.ts';
import type { PageProperties } from '../pages.ts';
import { draftOf, keepDraft } from '../parts/draft.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';
import { useFollowed } from '../parts/kept-page.tsx';
import {
  Elsewhere,
  ModelPicker,
  type ServedModel,
  servedModels,
  useLoading,
  waysOf,
} from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Composer } from './composer.tsx';
import { Conversations } from './conversations.tsx';
import { FirstLines, ModelFacts } from './model-facts.tsx';
import { Talk } from './talk.ts';
import { Turns } from './turns.tsx';

/** A conversation whose answers are unmasked while one looks on. */
export default function Chat(properties: PageProperties) {
  const { talk, model, options } = useKept(properties);
  const areOptionsOpen = useSignal(false);
  const problem = useServed();
  useLoading();
  const chosen = modelOf(model.value);
  const last = talk.path.value.at(-1);
  const say = (text: string): boolean => {
    if (hasMistake()) return false;
    void talk.say(text, last?.id ?? null, chosen, options.value);
    return true;
  };
  return (
    <div class={areOptionsOpen.value ? 'chat with-options' : 'chat'}>
      <h1 class="hidden">Chat</h1>
      <Conversations talk={talk} />
      <section class="talk" aria-label="Conversation">
        <div class="row spread bar">
          <ModelPicker value={chosen?.id} onChange={(name) => (model.value = name)} />
          <ContextMeter talk={talk} model={chosen} options={options.value} />
          <button
            type="button"
            aria-expanded={areOptionsOpen.value}
            onClick={() => (areOptionsOpen.value = !areOptionsOpen.value)}
          >
            Options
          </button>
        </div>
        <div class="scrolled">
          {talk.path.value.length === 0 && talk.writing.value === undefined && (
            <Welcome model={chosen} onChoose={say} />
          )}
          <Turns talk={talk} model={chosen} options={options.value} />
        </div>
        <Trouble error={problem.value ?? talk.problem.value} />
        <Composer
          text={talk.draftIn(talk.seen.value)}
          conversation={talk.seen.value}
          isWriting={talk.writing.value !== undefined}
          onSay={say}
          onStop={() => talk.stop()}
        />
      </section>
      {areOptionsOpen.value && (
        <Settings
          talk={talk}
          chosen={chosen}
          values={options.value}
          onChange={(next) => (options.value = next)}
          onClose={() => (areOptionsOpen.value = false)}
        />
      )}
    </div>
  );
}

/** Who answers, and what may be said first. */
const Welcome = ({
  model,
  onChoose,
}: {
  readonly model: ServedModel | undefined;
  readonly onChoose: (line: string) => void;
}) => (
  <div class="welcome">
    <ModelFacts model={model} />
    <FirstLines model={model} onChoose={onChoose} />
  </div>
);

/** The conversations, the model and the options: as they were left, and as a link asks for. */
function useKept({ settings, isNew }: PageProperties) {
  const begun = useMemo(() => {
    const draft = draftOf('chat');
    return { ...draft, ...((isNew || draft.model === undefined) && settings) };
  }, []);
  const talk = useMemo(() => talkAsLeft(begun), []);
  const model = useSignal(typeof begun.model === 'string' ? begun.model : undefined);
  const options = useSignal<Values>(isObject(begun.options) ? begun.options : {});
  useEffect(
    () =>
      keepDraft('chat', () => ({
        model: model.value,
        options: options.value,
        seen: talk.seen.value,
        texts: textsOf(talk.drafts),
        edits: textsOf(talk.edits.value),
      })),
    [],
  );
  useFollowed(settings, (link) => {
    if (typeof link.model === 'string') model.value = link.model;
  });
  return { talk, model, options };
}

/** With the conversation seen that was, and all that was being typed: in each, and in the place of turns. */
function talkAsLeft({ seen, texts, edits }: Values): Talk {
  const talk = new Talk(localStorage);
  const ids = new Set(talk.all.value.map(({ id }) => id));
  if (typeof seen === 'string' && ids.has(seen)) talk.open(seen);
  for (const [id, text] of textsIn(texts)) if (ids.has(id)) talk.draftIn(id).value = text;
  for (const [turn, text] of textsIn(edits)) talk.edit(turn, text);
  return talk;
}

const textsOf = (texts: ReadonlyMap<string, Signal<string>>): object =>
  Object.fromEntries([...texts].map(([place, text]) => [place, text.value]));

const textsIn = (kept: unknown): [string, string][] =>
  Object.entries(isObject(kept) ? kept : {}).filter(
    (one): one is [string, string] => typeof one[1] === 'string',
  );

const exampleTool = `{"name": "weather",
 "parameters": {"type": "object",
  "properties": {"city": {"type": "string"}},
  "required": ["city"]}}`;

/** Functions that an answer may call. */
function Tools({ talk }: { readonly talk: Talk }) {
  return (
    <details>
      <summary>
        Tools{(talk.conversation.value.tools ?? '') !== '' && <span class="count"> set</span>}
      </summary>
      <label class="field">
        <span class="hidden">Functions that an answer may call</span>
        <textarea
          rows={4}
          class="code-text"
          spellcheck={false}
          placeholder={exampleTool}
          value={talk.conversation.value.tools ?? ''}
          onInput={({ currentTarget }) => talk.setTools(currentTarget.value)}
        />
        <small class="help">
          functions that an answer may call, as JSON; a call is shown, and you say what it returned
        </small>
      </label>
    </details>
  );
}

function Settings({
  talk,
  chosen,
  values,
  onChange,
  onClose,
}: {
  readonly talk: Talk;
  readonly chosen: ServedModel | undefined;
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  readonly onClose: () => void;
}) {
  return (
    <aside class="panel settings" aria-label="Options">
      <button type="button" class="close" onClick={onClose}>
        Close
      </button>
      <ModelFacts model={chosen} />
      <label class="field">
        <span>system prompt</span>
        <textarea
          rows={3}
          value={talk.conversation.value.system}
          onInput={({ currentTarget }) => talk.setSystem(currentTarget.value)}
        />
      </label>
      <Tools talk={talk} />
      {optionSchemas.value && (
        <OptionsForm
          schema={optionSchemas.value.sampling}
          groups={writingGroups}
          strategies={optionSchemas.value.strategies}
          presets={waysOf(chosen, values.length)}
          defaults={chosen?.defaults ? { ...chosen.defaults, seed: 'new each time' } : 'unknown'}
          values={values}
          onChange={onChange}
        />
      )}
      <Elsewhere />
    </aside>
  );
}

/** How full the context is, and what of the conversation the model no longer sees. */
function ContextMeter({
  talk,
  model,
  options,
}: {
  readonly talk: Talk;
  readonly model: ServedModel | undefined;
  readonly options: Values;
}) {
  const counted = talk.context.value;
  const context = counted?.model === model?.id ? counted : undefined;
  const path = talk.path.value;
  const writing = talk.writing.value;
  const most = context?.most ?? model?.context_length;
  const isUncounted = path.length > 0 && (context === undefined || context.isBehind);
  const canCount = model?.state === 'loaded' && writing === undefined;
  useEffect(() => {
    // without a number there is no meter, which is no reason for an alarm
    if (isUncounted && canCount) talk.count(model, options).catch(() => {});
  }, [isUncounted, canCount, path, model?.id]);
  if (most === undefined || (context === undefined && path.length > 0)) return null;
  // an answer takes room while it is written, too; the end of the last one is counted, for which there needn't be room
  const written = writing?.player.facts.value?.written ?? 0;
  const tokens = Math.min((context?.tokens ?? 0) + written, most);
  return (
    <div class="context">
      <meter min={0} max={most} value={tokens} aria-label="Context used" />
      <span class="quiet">
        {context?.isEstimate && 'about '}
        {tokens} of {most} tokens
        {context && context.dropped > 0 && `; the oldest ${context.dropped} messages are no longer read`}
      </span>
    </div>
  );
}

/** The model of a name, whether it is served or not; without one the likeliest. */
const modelOf = (name: string | undefined): ServedModel | undefined =>
  name === undefined
    ? likeliest(servedModels.value)
    : (servedModels.value.find(({ id }) => id === name) ?? { id: name, state: 'missing' });

/** The first model that answers, or else that may: whether it does is known once it was loaded. */
const likeliest = (models: readonly ServedModel[]): ServedModel | undefined =>
  models.find(({ chat }) => chat === 'template') ??
  models.find(({ id, state, chat }) => id === 'talk' && state === 'unloaded' && chat === undefined) ??
  models.find(({ state, chat }) => state === 'unloaded' && chat === undefined) ??
  models[0];
