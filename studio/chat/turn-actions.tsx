import type { Signal } from '@preact/signals';
import { branchesOf, type Turn } from '../core/conversation.ts';
import { IconButton } from '../parts/icon.tsx';
import { CopyButton } from './markdown.tsx';
import type { Talk, Written } from './talk.ts';

/** What may be done with a turn, quietly below it. */
export function TurnActions({
  talk,
  turn,
  written,
  isReplayed,
  onEdit,
  onAnswer,
  onGoOn,
}: {
  readonly talk: Talk;
  readonly turn: Turn;
  /** The way to it, where this visit has seen it. */
  readonly written: Written | undefined;
  readonly isReplayed: Signal<boolean>;
  readonly onEdit: () => void;
  readonly onAnswer: (to: number) => void;
  readonly onGoOn: () => void;
}) {
  const { id, role, parent, text } = turn;
  const isLast = talk.writing.value === undefined && talk.path.value.at(-1)?.id === id;
  const { ending, isStopped } = written?.player ?? {};
  const isUnfinished = ending?.value?.finish === 'length' || isStopped?.value === true;
  const replay = () => {
    isReplayed.value = !isReplayed.value;
    if (!isReplayed.value) return;
    written?.player.show(0);
    written?.player.play(1);
  };
  return (
    <div class="row acts">
      <Branches talk={talk} turn={turn} />
      {text !== '' && <CopyButton text={text} what={role === 'user' ? 'what you said' : 'the answer'} />}
      {role === 'user' && <IconButton icon="edit" name="Edit" onClick={onEdit} />}
      {role === 'assistant' && parent !== null && (
        <IconButton
          icon="again"
          name="Retry"
          hint="Retry: answer once more"
          onClick={() => onAnswer(parent)}
        />
      )}
      {role !== 'assistant' && isLast && (
        <button type="button" class="plain" onClick={() => onAnswer(id)}>
          Answer this
        </button>
      )}
      {written && written.player.size.value > 0 && (
        <IconButton icon="play" name="How it was written" aria-pressed={isReplayed.value} onClick={replay} />
      )}
      <Speed written={written} />
      {role === 'assistant' && isLast && isUnfinished && text !== '' && !turn.calls && (
        <button type="button" class="plain go-on" onClick={onGoOn}>
          Go on
        </button>
      )}
    </div>
  );
}

/** How long an answer of this visit is, whether it ended for want of room, and how fast it was. */
function Speed({ written }: { readonly written: Written | undefined }) {
  if (written?.player.isStopped.value) return <strong class="speed quiet">stopped</strong>;
  const ending = written?.player.ending.value;
  if (!ending) return null;
  const { finish, tokens, ms, tokensPerForward } = ending;
  const isCutOff = finish === 'length';
  const why = isCutOff
    ? '; no room was left: length under Options and the context of the model say how much'
    : '';
  return (
    <span class="speed quiet" title={`${tokensPerForward?.toFixed(1)} tokens a forward of the network${why}`}>
      {isCutOff && <strong>cut off at </strong>}
      {tokens} {written.begun !== '' && 'more '}tokens, {((1000 * tokens) / Math.max(1, ms)).toFixed(0)} a
      second
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
      <IconButton
        icon="before"
        name="The branch before"
        disabled={index === 0}
        onClick={() => talk.branch(branches[index - 1])}
      />
      {index + 1} / {branches.length}
      <IconButton
        icon="next"
        name="The branch behind"
        disabled={index === branches.length - 1}
        onClick={() => talk.branch(branches[index + 1])}
      />
    </span>
  );
}
