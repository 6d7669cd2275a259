import type { Signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { useWhileShown } from '../parts/kept-page.tsx';
import { GrowingText } from './growing-text.tsx';

interface ComposerProperties {
  readonly text: Signal<string>;
  /** The one that is seen: in another, too, one types at once. */
  readonly conversation: string;
  readonly isWriting: boolean;
  /** @returns whether it was said */
  readonly onSay: (text: string) => boolean;
  readonly onStop: () => void;
}

/** Where one types what to say, with the button that sends it, or stops the answer, in the same box. */
export function Composer({ text, conversation, isWriting, onSay, onStop }: ComposerProperties) {
  const field = useRef<HTMLTextAreaElement>(null);
  useWhileShown(() => {
    // where it is touched, a keyboard would cover half of the window
    if (matchMedia('(hover: hover)').matches) field.current?.focus();
  }, [conversation]);
  const send = () => {
    const said = text.value.trim();
    if (said !== '' && !isWriting && onSay(said)) text.value = '';
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <GrowingText
        text={text}
        label="What you say"
        placeholder="Say something"
        field={field}
        onEnter={send}
        onEscape={onStop}
      />
      {/* by their keys an element of its own each: one that became the other within a click would send the form */}
      {isWriting ? (
        <button key="stop" type="button" class="round stop" title="Stop (Esc)" onClick={onStop}>
          <Icon name="stop" />
          <span class="hidden">Stop</span>
        </button>
      ) : (
        <button
          key="send"
          type="submit"
          class="main round"
          title="Send (Enter)"
          disabled={text.value.trim() === ''}
        >
          <Icon name="send" />
          <span class="hidden">Send</span>
        </button>
      )}
    </form>
  );
}
