import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { focusSoon } from './focus-soon.ts';

/** Asks once more before files are gone. */
export function DeleteButton({ name, onDelete }: { readonly name: string; readonly onDelete: () => void }) {
  const isAsked = useSignal(false);
  const kept = useRef<HTMLButtonElement>(null);
  const ask = (isNow: boolean) => {
    isAsked.value = isNow;
    focusSoon(kept);
  };
  if (!isAsked.value)
    return (
      <button ref={kept} type="button" class="plain" onClick={() => ask(true)}>
        Delete<span class="hidden"> {name}</span>
      </button>
    );
  return (
    <span class="row asked">
      Its files go for good.
      <button type="button" class="danger" onClick={onDelete}>
        Delete<span class="hidden"> {name}</span>
      </button>
      <button ref={kept} type="button" class="plain" onClick={() => ask(false)}>
        Keep<span class="hidden"> {name}</span>
      </button>
    </span>
  );
}
