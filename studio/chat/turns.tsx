import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sideOf } from '../core/digit-grid.ts';
import { branchesOf, type CalledTool, returnedCalls, type Turn } from '../core/conversation.ts';
import { DigitGrid, Verdict } from '../parts/digit-grid.tsx';
import type { ServedModel } from '../parts/model-picker.tsx';
import type { Player } from '../parts/player.ts';
import type { Values } from '../parts/field-input.tsx';
import { TokenCanvas } from '../parts/token-canvas.tsx';
import { Transport } from '../parts/transport.tsx';
import { visible } from '../../src/cli/terminal/visible.ts';
import { Called, Returned } from './called.tsx';
import { CopyButton, Markdown } from './markdown.tsx';
import type { Talk } from './talk.ts';

/** The turns of the branch that is seen, and the answer that is being written. */
export function Turns({
  talk,
  model,
  options,
}: {
  readonly talk: Talk;
  readonly model: ServedModel | undefined;
  readonly options: Values;
}) {
  const end = useRef<HTMLDivElement>(null);
  const path = talk.path.value;
  const writing = talk.writing.value;
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [path.length, writing]);
  return (
    <div class="turns">
      {path.map((turn) => (
        <TurnView
          key={`${talk.seen.value} ${turn.id}`}
          talk={talk}
          turn={turn}
          model={model}
          options={options}
        />
      ))}
      {writing && writing.in === talk.seen.value && (
        <article class="turn assistant">
          <h2>{model?.id ?? 'Model'}</h2>
          <TokenCanvas player={writing.player} question={textOf(path, writing.to)} />
        </article>
      )}
      <div ref={end} class="end" />
    </div>
  );
}

function TurnView({
  talk,
  turn,
  model,
  options,
}: {
  readonly talk: Talk;
  readonly turn: Turn;
  readonly model: ServedModel | undefined;
  readonly options: Values;
}) {
  const draft = useSignal<string | undefined>(undefined);
  const replay = useSignal(false);
  const recording = talk.recordings.get(`${talk.seen.value} ${turn.id}`);
  const isUser = turn.role === 'user';
  const isLast = talk.path.value.at(-1)?.id === turn.id;
  const save = () => {
    const text = draft.value?.trim() ?? '';
    draft.value = undefined;
    if (text !== '') void talk.say(text, turn.parent, model, options);
  };
  return (
    <article class={`turn ${turn.role}`}>
      <h2>{whoSaid(turn, returnedCalls(talk.path.value).get(turn.id))}</h2>
      {draft.value === undefined ? (
        <Said
          turn={turn}
          question={textOf(talk.path.value, turn.parent)}
          recording={replay.value ? recording : undefined}
        />
      ) : (
        <Draft draft={draft} onSave={save} />
      )}
      {isLast && turn.calls ? (
        <Returned
          calls={turn.calls}
          onReturn={(returned) => void talk.giveBack(returned, turn.id, model, options)}
        />
      ) : (
        turn.calls?.map((call) => <Called key={call.id} call={call} />)
      )}
      <div class="row">
        <Branches talk={talk} turn={turn} />
        <CopyButton text={turn.text} what={isUser ? 'what you said' : 'the answer'} />
        {isUser && <DraftButton draft={draft} text={turn.text} onSave={save} />}
        <AnswerButton talk={talk} turn={turn} onAnswer={(to) => void talk.answer(to, model, options)} />
        {recording && <ReplayButton replay={replay} recording={recording} />}
        <Speed recording={recording} />
      </div>
    </article>
  );
}

/** The text of a turn that is seen; nothing where there is none. */
const textOf = (path: readonly Turn[], turn: number | null): string =>
  path.find(({ id }) => id === turn)?.text ?? '';

/** Shows the way to an answer, from the beginning, in place of it. */
function ReplayButton({
  replay,
  recording,
}: {
  readonly replay: Signal<boolean>;
  readonly recording: Player;
}) {
  const toggle = () => {
    replay.value = !replay.value;
    if (!replay.value) return;
    recording.show(0);
    recording.play(1);
  };
  return (
    <button type="button" class="plain" aria-pressed={replay.value} onClick={toggle}>
      How it was written
    </button>
  );
}

function whoSaid({ role, model = 'Model' }: Turn, call: CalledTool | undefined): string {
  if (role === 'user') return 'You';
  if (role === 'assistant') return model;
  return call ? `${visible(call.name)} returned` : 'Returned';
}

/** Has it answered: once more what was answered already, or what stands at the end without an answer. */
function AnswerButton({
  talk,
  turn: { id, role, parent },
  onAnswer,
}: {
  readonly talk: Talk;
  readonly turn: Turn;
  readonly onAnswer: (to: number) => void;
}) {
  const isWaiting = talk.writing.value === undefined && talk.path.value.at(-1)?.id === id;
  if (role === 'assistant' ? parent === null : !isWaiting) return null;
  return (
    <button type="button" class="plain" onClick={() => onAnswer(role === 'assistant' ? parent! : id)}>
      {role === 'assistant' ? 'Retry' : 'Answer this'}
    </button>
  );
}

/** Another text for a turn, while it is typed. */
function Draft({
  draft,
  onSave,
}: {
  readonly draft: Signal<string | undefined>;
  readonly onSave: () => void;
}) {
  return (
    <label>
      <span class="hidden">What you say instead</span>
      <textarea
        rows={2}
        value={draft.value}
        autofocus
        onInput={({ currentTarget }) => (draft.value = currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') draft.value = undefined;
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onSave();
        }}
      />
    </label>
  );
}

function DraftButton({
  draft,
  text,
  onSave,
}: {
  readonly draft: Signal<string | undefined>;
  readonly text: string;
  readonly onSave: () => void;
}) {
  return draft.value === undefined ? (
    <button type="button" class="plain" onClick={() => (draft.value = text)}>
      Edit
    </button>
  ) : (
    <button type="button" class="plain" onClick={onSave}>
      Say this
    </button>
  );
}

function Said({
  turn: { role, text, calls },
  question,
  recording,
}: {
  readonly turn: Turn;
  /** What it answers. */
  readonly question: string;
  readonly recording: Player | undefined;
}) {
  if (recording)
    return (
      <>
        <TokenCanvas player={recording} question={question} />
        <Transport player={recording} />
      </>
    );
  if (text === '' && calls) return null;
  if (text === '')
    return (
      <div class="said">
        <em class="quiet">nothing</em>
      </div>
    );
  const isGrid = sideOf(text) !== undefined;
  if (isGrid && role === 'user')
    return (
      <div class="said">
        <DigitGrid text={text} question={text} />
      </div>
    );
  if (isGrid && text.length === question.length && sideOf(question) !== undefined)
    return (
      <div class="said">
        <DigitGrid text={text} question={question} />
        <Verdict answer={text} question={question} />
      </div>
    );
  return (
    <div class="said">
      {role !== 'assistant' ? <p class="plain-text">{visible(text)}</p> : <Markdown text={text} />}
    </div>
  );
}

/** How long an answer of this visit is, whether it ended for want of room, and how fast it was. */
function Speed({ recording }: { readonly recording: Player | undefined }) {
  const ending = recording?.ending.value;
  if (!ending) return null;
  const { finish, tokens, ms, tokensPerForward } = ending;
  const isCutOff = finish === 'length';
  const why = isCutOff
    ? '; no room was left: length under Options and the context of the model say how much'
    : '';
  return (
    <span class="speed quiet" title={`${tokensPerForward.toFixed(1)} tokens a forward of the network${why}`}>
      {isCutOff && <strong>cut off at </strong>}
      {tokens} tokens, {((1000 * tokens) / Math.max(1, ms)).toFixed(0)} a second
    </span>
  );
}

/** ‹ 2 / 3 ›: what was said at the same place. */
function Branches({ talk, turn }: { readonly talk: Talk; readonly turn: Turn }) {
  const branches = branchesOf(talk.conversation.value, turn);
  const index = branches.findIndex(({ id }) => id === turn.id);
  if (branches.length < 2) return null;
  return (
    <span class="branches" role="group" aria-label="Branches">
      <button
        type="button"
        class="plain"
        disabled={index === 0}
        onClick={() => talk.branch(branches[index - 1])}
        aria-label="The branch before"
      >
        ‹
      </button>
      {index + 1} / {branches.length}
      <button
        type="button"
        class="plain"
        disabled={index === branches.length - 1}
        onClick={() => talk.branch(branches[index + 1])}
        aria-label="The branch behind"
      >
        ›
      </button>
    </span>
  );
}
