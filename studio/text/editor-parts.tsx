import type { ReadonlySignal } from '@preact/signals';
import type { ProposalEditor } from './proposal-editor.ts';

type Undoable = Pick<ProposalEditor<string>, 'canUndo' | 'canRedo' | 'isBusy' | 'undo' | 'redo'>;

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
  readonly editor: Pick<ProposalEditor<string>, 'doing'>;
  readonly said?: string;
}) {
  return (
    <p class={doing.value === '' && said === '' ? 'hidden' : 'doing help'} role="status">
      {doing.value !== '' && <progress aria-label="Progress" />} {doing.value} {said}
    </p>
  );
}
