import type { ReadonlySignal } from '@preact/signals';
import { visible } from '../../src/cli/terminal/visible.ts';
import type { HoleEditor } from './hole-editor.ts';
import type { ProposalEditor } from './proposal-editor.ts';
import type { Proposal } from './proposals.ts';

type Undoable = Pick<ProposalEditor, 'canUndo' | 'canRedo' | 'isBusy' | 'undo' | 'redo'>;

/** Takes back what was done to a text, and does it again. */
export function UndoButtons({ editor }: { readonly editor: Undoable }) {
  const button = (sign: string, name: string, can: ReadonlySignal<boolean>, act: () => void) => (
    <button
      type="button"
      class="plain sign"
      aria-label={name}
      title={name}
      disabled={editor.isBusy.value || !can.value}
      onClick={act}
    >
      {sign}
    </button>
  );
  return (
    <span class="row undo">
      {button('↶', 'Undo', editor.canUndo, () => editor.undo())}
      {button('↷', 'Redo', editor.canRedo, () => editor.redo())}
    </span>
  );
}

/** What is under way, and what else is to be said of it. */
export function Doing({
  editor: { doing },
  said = '',
}: {
  readonly editor: Pick<ProposalEditor, 'doing'>;
  readonly said?: string;
}) {
  return (
    <p class={doing.value === '' && said === '' ? 'hidden' : 'doing help'} role="status">
      {doing.value !== '' && <progress aria-label="Progress" />} {doing.value} {said}
    </p>
  );
}

/** What else was written for a proposal; a click takes it. */
export function Others({
  editor,
  proposal,
  name,
}: {
  readonly editor: Pick<HoleEditor, 'others' | 'choose' | 'isBusy'>;
  readonly proposal: Proposal;
  readonly name: string;
}) {
  const others = editor.others(proposal);
  if (others.length === 0) return null;
  return (
    <div class="others" role="group" aria-label={`others for ${name}`}>
      {others.map((other) => (
        <button
          key={other.text}
          type="button"
          disabled={editor.isBusy.value}
          onClick={() => editor.choose(proposal, other)}
        >
          {visible(other.text.trim()) || '(nothing)'}
        </button>
      ))}
    </div>
  );
}

/** Has others written. */
export const OthersButton = ({
  editor,
  name,
  onClick,
}: {
  readonly editor: Pick<HoleEditor, 'isBusy'>;
  readonly name: string;
  readonly onClick: () => void;
}) => (
  <button type="button" disabled={editor.isBusy.value} title="a few more, to choose from" onClick={onClick}>
    Others<span class="hidden"> for {name}</span>
  </button>
);
