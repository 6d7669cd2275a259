import type { Signal } from '@preact/signals';
import type { Ref } from 'preact';

/** A field that is as tall as its text, up to a third of the window: Enter ends it, Shift-Enter begins a line, Escape leaves it. */
export function GrowingText({
  text,
  label,
  placeholder,
  field,
  onEnter,
  onEscape,
}: {
  readonly text: Signal<string>;
  readonly label: string;
  readonly placeholder?: string;
  readonly field: Ref<HTMLTextAreaElement>;
  readonly onEnter: () => void;
  readonly onEscape: () => void;
}) {
  return (
    <label class="growing" data-text={text.value}>
      <span class="hidden">{label}</span>
      <textarea
        ref={field}
        rows={1}
        placeholder={placeholder}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onEscape();
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onEnter();
        }}
      />
    </label>
  );
}
