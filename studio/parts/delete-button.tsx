import { useSignal } from '@preact/signals';

/** Asks once more before files are gone. */
export function DeleteButton({ name, onDelete }: { readonly name: string; readonly onDelete: () => void }) {
  const isAsked = useSignal(false);
  if (!isAsked.value)
    return (
      <button type="button" class="plain" onClick={() => (isAsked.value = true)}>
        Delete<span class="hidden"> {name}</span>
      </button>
    );
  return (
    <span class="row asked">
      Its files go for good.
      <button type="button" class="danger" onClick={onDelete}>
        Delete<span class="hidden"> {name}</span>
      </button>
      <button type="button" class="plain" onClick={() => (isAsked.value = false)}>
        Keep<span class="hidden"> {name}</span>
      </button>
    </span>
  );
}
