import type { ComponentChildren } from 'preact';
import { ApiError, isAbort } from '../client.ts';
import { askForToken, token } from '../token.ts';

/**
 * What went wrong, in one sentence, where it happened. Nothing where the person stopped it; where a token was missing, until there
 * is another one, and it may be given here.
 *
 * @param children  what helps, beside it
 */
export function Trouble({
  error,
  children,
}: {
  readonly error: unknown;
  readonly children?: ComponentChildren;
}) {
  if (error === undefined || isAbort(error)) return null;
  const refused = error instanceof ApiError && error.status === 401 ? error : undefined;
  if (refused && refused.token !== token.value) return null;
  return (
    <p class="trouble" role="alert">
      {error instanceof Error ? error.message : String(error)}
      {refused && (
        <>
          {' '}
          <button type="button" onClick={() => void askForToken(refused.message, true)}>
            Enter the token
          </button>
        </>
      )}
      {children}
    </p>
  );
}
