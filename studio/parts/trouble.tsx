import { isAbort } from '../client.ts';

/** What went wrong, in one sentence, where it happened. Nothing where the person stopped it. */
export function Trouble({ error }: { readonly error: unknown }) {
  if (error === undefined || isAbort(error)) return null;
  return (
    <p class="trouble" role="alert">
      {error instanceof Error ? error.message : String(error)}
    </p>
  );
}
