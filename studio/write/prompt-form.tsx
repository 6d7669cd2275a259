import { useEffect, useRef } from 'preact/hooks';
import { type Desk, newSeed } from './desk.ts';

/** The prompt, the buttons that have it gone on with, and what else can be done with the runs. */
export function PromptForm({ desk }: { readonly desk: Desk }) {
  const field = useRef<HTMLTextAreaElement>(null);
  // all of it is selected, so that the first key begins a text of one's own
  useEffect(() => field.current?.select(), []);
  return (
    <div class="ask">
      <label class="field">
        <span>prompt</span>
        <textarea
          ref={field}
          rows={2}
          placeholder="A beginning to go on with, or nothing"
          value={desk.prompt.value}
          onInput={({ currentTarget }) => (desk.prompt.value = currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void desk.write();
          }}
        />
      </label>
      <div class="row spread">
        <div class="row">
          {/* by their keys an element of its own each: one that became the other within a click would send the form */}
          {desk.isWriting.value ? (
            <button key="stop" type="button" onClick={() => desk.stop()}>
              Stop <kbd aria-hidden="true">esc</kbd>
            </button>
          ) : (
            <>
              <GoOnButton desk={desk} />
              <button key="write" class={desk.isWaiting ? '' : 'main'} type="submit">
                {desk.isComparing ? 'Write all' : 'Write'} <kbd aria-hidden="true">↵</kbd>
              </button>
            </>
          )}
          <AgainButtons desk={desk} />
        </div>
        <RunButtons desk={desk} />
      </div>
      {desk.link.value !== undefined && (
        <label class="field link">
          <span>{desk.isLinkCopied.value && 'Copied. '}This link opens the page as it is set</span>
          <input readOnly value={desk.link.value} onFocus={({ currentTarget }) => currentTarget.select()} />
        </label>
      )}
    </div>
  );
}

/** Has a text go on that was stopped, where Stop was; one that is compared is written anew, as all are. */
function GoOnButton({ desk }: { readonly desk: Desk }) {
  const [{ rest }] = desk.lanes.value;
  if (desk.isComparing || !rest) return null;
  const title = `The other ${String(rest.options.length)} tokens are written behind what stands before the first gap.`;
  return (
    <button type="button" title={title} onClick={() => void desk.goOn()}>
      Go on
    </button>
  );
}

function AgainButtons({ desk }: { readonly desk: Desk }) {
  const { lastSeed } = desk;
  if (lastSeed === undefined || desk.isWriting.value) return null;
  return (
    <>
      <button type="button" class="plain" onClick={() => void desk.write(newSeed())}>
        <AgainSign /> new seed
      </button>
      <button type="button" class="plain" onClick={() => void desk.write(lastSeed)}>
        <AgainSign /> same seed
      </button>
    </>
  );
}

const AgainSign = () => (
  <>
    <span aria-hidden="true">↻</span>
    <span class="hidden">Again,</span>
  </>
);

function RunButtons({ desk }: { readonly desk: Desk }) {
  const compare = () => {
    desk.compare();
    // one goes on with what is to be different in it
    const first = '.lane:last-child .beside :is([aria-pressed="true"], select)';
    requestAnimationFrame(() => document.querySelector<HTMLElement>(first)?.focus());
  };
  return (
    <div class="row">
      {desk.canCompare && (
        <button type="button" class="plain" onClick={compare}>
          Compare
        </button>
      )}
      <button type="button" class="plain" onClick={() => void desk.copyLink()}>
        Copy link
      </button>
      <label class="file plain">
        Open a file
        <input
          type="file"
          accept=".json,application/json"
          onChange={({ currentTarget }) => {
            void desk.open(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
    </div>
  );
}
