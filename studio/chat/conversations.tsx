import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Conversation, fileNameOf, messagesOf, titleOf } from '../core/conversation.ts';
import { focusSoon } from '../parts/focus-soon.ts';
import { Icon, IconButton } from '../parts/icon.tsx';
import { saveFile } from '../parts/save.ts';
import type { Talk } from './talk.ts';

/** The conversations that this browser keeps: found by what was said, named, kept as files, deleted. */
export function Conversations({ talk }: { readonly talk: Talk }) {
  // beside the conversation there is room for the list; above it, on a small screen, there is not
  const isWide = useRef(matchMedia('(min-width: 50rem)').matches);
  const wanted = useSignal('');
  /** The one whose name is typed, and what is typed. */
  const named = useSignal<string | undefined>(undefined);
  const title = useRef<HTMLButtonElement>(null);
  const all = talk.all.value;
  const seen = all.find(({ id }) => id === talk.seen.value);
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
        {seen && seen.turns.length > 0 && (
          <Acts
            key={seen.id}
            talk={talk}
            one={seen}
            onRename={() => (named.value = titleOf(seen))}
            onEnd={() => focusSoon(title)}
          />
        )}
        <ul>
          {found.map((one) => (
            <Row key={one.id} talk={talk} one={one} name={named} title={title} />
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

function Row({
  talk,
  one,
  name,
  title,
}: {
  readonly talk: Talk;
  readonly one: Conversation;
  /** That of the one that is seen, while it is typed. */
  readonly name: Signal<string | undefined>;
  /** What the one that is seen is chosen by. */
  readonly title: RefObject<HTMLButtonElement>;
}) {
  const isSeen = one.id === talk.seen.value;
  if (isSeen && name.value !== undefined)
    return <Naming talk={talk} id={one.id} name={name} onEnd={() => focusSoon(title)} />;
  return (
    <li>
      <button
        ref={isSeen ? title : undefined}
        type="button"
        class="plain title"
        aria-current={isSeen ? 'true' : undefined}
        onClick={() => talk.open(one.id)}
      >
        <span>{titleOf(one)}</span>
        {!isSeen && talk.isWriting(one.id) && <span class="quiet"> · being answered …</span>}
      </button>
    </li>
  );
}

/** What can be done with the conversation that is seen: always at one place, where choosing another moves nothing. */
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
    saveFile(fileNameOf(one), row, 'application/jsonl');
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
      <div class="acts">
        <button type="button" class="plain" onClick={() => talk.forget(one.id)}>
          Delete it for good
        </button>
        <button ref={kept} type="button" class="plain" onClick={keep}>
          Keep it
        </button>
      </div>
    );
  return (
    <div class="acts">
      <span class="quiet">This one:</span>
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
    </div>
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
