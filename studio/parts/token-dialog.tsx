import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { tokenIn, tokenQuestion } from '../token.ts';

/** Asks for the token of the server where something needs it, and lets that go on. */
export function TokenDialog() {
  const asked = tokenQuestion.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const pasted = useSignal('');
  const isWrong = useSignal(false);
  useEffect(() => {
    pasted.value = '';
    isWrong.value = false;
    if (asked) dialog.current?.showModal();
  }, [asked]);
  if (!asked) return null;
  const give = (event: Event) => {
    event.preventDefault();
    const given = tokenIn(pasted.value);
    isWrong.value = given === undefined;
    if (given === undefined) return;
    // what had the focus has it again
    dialog.current?.close();
    asked.answer(given);
  };
  return (
    <dialog
      ref={dialog}
      class="panel token-dialog"
      aria-labelledby="token-title"
      aria-describedby="token-why"
      onClose={() => asked.answer(undefined)}
    >
      <form onSubmit={give}>
        <h2 id="token-title">The server asks for a token</h2>
        <p id="token-why">
          {asked.isOtherWanted
            ? 'It does not take the one that this tab has: was it started again?'
            : `${asked.why[0].toUpperCase()}${asked.why.slice(1)}.`}
        </p>
        <TokenField pasted={pasted} isWrong={isWrong.value} />
        <div class="row">
          <button type="submit" class="main">
            Go on
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

function TokenField({ pasted, isWrong }: { readonly pasted: Signal<string>; readonly isWrong: boolean }) {
  return (
    <label class="field">
      <span>token or key, or the whole address that the terminal printed</span>
      <input
        type="text"
        autofocus
        required
        autocomplete="off"
        spellcheck={false}
        placeholder={`${location.origin}/#token=…`}
        value={pasted.value}
        aria-invalid={isWrong}
        onInput={({ currentTarget }) => (pasted.value = currentTarget.value)}
      />
      <small class={isWrong ? 'help wrong' : 'help'} role={isWrong ? 'alert' : undefined}>
        {isWrong ? 'There is no token in this.' : 'It is kept for this tab.'}
      </small>
    </label>
  );
}
