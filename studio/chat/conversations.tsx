import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type Conversation, messagesOf, titleOf } from '../core/conversation.ts';
import { focusSoon } from '../parts/focus-soon.ts';
import { Icon, IconButton } from '../parts/icon.tsx';
import { saveFile } from '../parts/save.ts';
import type { Talk } from './talk.ts';

/** The conversations that this browser keeps: found by what was said, named, kept as files, deleted. */
export function Conversations({ talk }: { readonly talk: Talk }) {
  // beside the conversation there is room for the list; above it, on a small screen, there is not
  const isWide = useRef(matchMedia('(min-width: 50rem)').matches);
  const wanted = useSignal('');
  const all = talk.all.value;
  const found = all.filter((one) => isFound(one, wanted.value.trim().toLowerCase()));
  return (
    <aside class="conversations" aria-label="Conversations">
      <button type="button" class="wide" onClick={() => talk.begin()}>
        New conversation
      </button>
      <details open={isWide.current}>
        <summary>Conversations</summary>
        {(all.length > 1 || wanted.value !== '') && (
          <label>
            <span class="hidden">Search conversations</span>
            <input
              type="search"
              class="wide"
              placeholder="Search"
              value={wanted.value}
              onInput={({ currentTarget }) => (wanted.value = currentTarget.value)}
            />
          </label>
        )}
        <ul>
          {found.map((one) => (
            <Row key={one.id} talk={talk} one={one} />
          ))}
        </ul>
        {found.length === 0 && <p class="quiet">None has these words.</p>}
        <p class="help">What is said stays in this browser.</p>
      </details>
    </aside>
  );
}

const isFound = (one: Conversation, wanted: string): boolean =>
  wanted === '' ||
  titleOf(one).toLowerCase().includes(wanted) ||
  one.turns.some(({ text }) => text.toLowerCase().includes(wanted));

function Row({ talk, one }: { readonly talk: Talk; readonly one: Conversation }) {
  const name = useSignal<string | undefined>(undefined);
  const title = useRef<HTMLButtonElement>(null);
  const isSeen = one.id === talk.seen.value;
  const toTitle = () => focusSoon(title);
  if (name.value !== undefined) return <Naming talk={talk} id={one.id} name={name} onEnd={toTitle} />;
  return (
    <li class={isSeen ? 'seen' : undefined}>
      <button
        ref={title}
        type="button"
        class="plain title"
        aria-current={isSeen ? 'true' : undefined}
        onClick={() => talk.open(one.id)}
      >
        {titleOf(one)}
        {!isSeen && talk.isWriting(one.id) && <span class="quiet"> · being answered …</span>}
      </button>
      {isSeen && one.turns.length > 0 && (
        <Acts talk={talk} one={one} onRename={() => (name.value = titleOf(one))} onEnd={toTitle} />
      )}
    </li>
  );
}

function Acts({
  talk,
  one,
  onRename,
  onEnd,
}: {
  readonly talk: Talk;
  readonly one: Conversation;
  readonly onRename: () => void;
  /** Called where something that was begun is left as it was. */
  readonly onEnd: () => void;
}) {
  const title = titleOf(one);
  const save = () => {
    const row = `${JSON.stringify({ messages: messagesOf(one) })}\n`;
    saveFile('conversation.jsonl', row, 'application/jsonl');
  };
  const isAsked = useSignal(false);
  const kept = useRef<HTMLButtonElement>(null);
  const ask = () => {
    isAsked.value = true;
    focusSoon(kept);
  };
  const keep = () => {
    isAsked.value = false;
    onEnd();
  };
  if (isAsked.value)
    return (
      <span class="acts">
        <button type="button" class="plain" onClick={() => talk.forget(one.id)}>
          Delete it for good
        </button>
        <button ref={kept} type="button" class="plain" onClick={keep}>
          Keep it
        </button>
      </span>
    );
  return (
    <span class="acts">
      <IconButton icon="edit" name={`Rename: ${title}`} hint="Rename" onClick={onRename} />
      <button
        type="button"
        class="plain export"
        aria-label={`Export as JSONL: ${title}`}
        title="Export: a line of JSON, as unmask finetune reads it"
        onClick={save}
      >
        <Icon name="save" /> JSONL
      </button>
      <IconButton icon="remove" name={`Delete: ${title}`} hint="Delete" onClick={ask} />
    </span>
  );
}

/** A name while it is typed: Enter keeps it, and so does going elsewhere; Escape doesn't. */
function Naming({
  talk,
  id,
  name,
  onEnd,
}: {
  readonly talk: Talk;
  readonly id: string;
  readonly name: Signal<string | undefined>;
  /** Called where a key ended it: whoever went elsewhere is there. */
  readonly onEnd: () => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const end = (isKept: boolean) => {
    if (isKept && name.value !== undefined) talk.rename(id, name.value);
    name.value = undefined;
  };
  return (
    <li>
      <label class="wide">
        <span class="hidden">Name of the conversation</span>
        <input
          ref={field}
          class="wide"
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          onKeyDown={({ key }) => {
            if (key !== 'Enter' && key !== 'Escape') return;
            end(key === 'Enter');
            onEnd();
          }}
          onBlur={() => end(true)}
        />
      </label>
    </li>
  );
}
