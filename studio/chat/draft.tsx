import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { GrowingText } from './growing-text.tsx';

/** Another text for what was said, in its place: to be sent, or not. */
export function Draft({
  text,
  onSend,
  onCancel,
}: {
  readonly text: Signal<string>;
  readonly onSend: (text: string) => void;
  readonly onCancel: () => void;
}) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.value.length, text.value.length);
  }, []);
  const isEmpty = text.value.trim() === '';
  const send = () => void (isEmpty || onSend(text.value.trim()));
  return (
    <form
      class="draft"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <GrowingText
        text={text}
        label="What you say instead"
        field={field}
        onEnter={send}
        onEscape={onCancel}
      />
      <div class="row">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="main" disabled={isEmpty}>
          Send
        </button>
      </div>
    </form>
  );
}
