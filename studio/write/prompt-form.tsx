import { useEffect, useRef } from 'preact/hooks';
import { type Desk, newSeed } from './desk.ts';

/** The prompt, and the buttons that have it gone on with. */
export function PromptForm({ desk }: { readonly desk: Desk }) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <div class="ask">
      <label class="field">
        <span>prompt</span>
        <textarea
          ref={field}
          rows={2}
          value={desk.prompt.value}
          onInput={({ currentTarget }) => (desk.prompt.value = currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void desk.write();
          }}
        />
      </label>
      <div class="row">
        <button class="main" type="submit">
          Write <kbd aria-hidden="true">↵</kbd>
        </button>
        {desk.isWriting.value ? (
          <button type="button" onClick={() => desk.stop()}>
            Stop <kbd aria-hidden="true">esc</kbd>
          </button>
        ) : (
          <AgainButtons desk={desk} />
        )}
      </div>
    </div>
  );
}

function AgainButtons({ desk }: { readonly desk: Desk }) {
  const { lastSeed } = desk;
  if (lastSeed === undefined) return null;
  return (
    <>
      <button type="button" onClick={() => void desk.write(newSeed())}>
        Again, new seed
      </button>
      <button type="button" onClick={() => void desk.write(lastSeed)}>
        Again, same seed
      </button>
    </>
  );
}
