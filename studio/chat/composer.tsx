import { useSignal } from '@preact/signals';

/** Where one types what to say: Enter sends it, Shift-Enter begins a line, Escape stops the answer. */
export function Composer({
  isWriting,
  onSay,
  onStop,
}: {
  readonly isWriting: boolean;
  /** @returns whether it was said */
  readonly onSay: (text: string) => boolean;
  readonly onStop: () => void;
}) {
  const text = useSignal('');
  const send = () => {
    if (text.value.trim() === '' || isWriting) return;
    if (onSay(text.value.trim())) text.value = '';
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label>
        <span class="hidden">What you say</span>
        <textarea
          rows={2}
          autofocus
          placeholder="Say something"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onStop();
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
      </label>
      {isWriting ? (
        <button type="button" onClick={onStop}>
          Stop <kbd aria-hidden="true">esc</kbd>
        </button>
      ) : (
        <button type="submit" class="main">
          Send <kbd aria-hidden="true">↵</kbd>
        </button>
      )}
    </form>
  );
}
