import { signal } from '@preact/signals';

const storageKey = 'token';

/** What this tab shows to the server: the token of the studio, or an API key. It is forgotten with the tab. */
export const token = signal<string | undefined>(sessionStorage.getItem(storageKey) ?? undefined);

/** Somebody is asked for a token. */
interface TokenQuestion {
  /** What the server said. */
  readonly why: string;
  /** Whether it refused one that this tab had. */
  readonly isOtherWanted: boolean;
  /** Called with nothing where there is none. */
  readonly answer: (given: string | undefined) => void;
}

/** What is asked now, for the page to show. */
export const tokenQuestion = signal<TokenQuestion | undefined>(undefined);

let answered: Promise<boolean> | undefined;
let isDeclined = false;

/**
 * Asks for a token, once for all who need one at the same time.
 *
 * @param isWanted  whether a person wants something that needs it; what only looks doesn't ask again once that was declined
 * @returns         whether there is one now
 */
export function askForToken(why: string, isWanted: boolean): Promise<boolean> {
  if (isDeclined && !isWanted) return Promise.resolve(false);
  answered ??= new Promise<string | undefined>((answer) => {
    tokenQuestion.value = { why, isOtherWanted: token.value !== undefined, answer };
  }).then((given) => {
    answered = undefined;
    tokenQuestion.value = undefined;
    isDeclined = given === undefined;
    if (given !== undefined) keep(given);
    return given !== undefined;
  });
  return answered;
}

function keep(given: string): void {
  sessionStorage.setItem(storageKey, given);
  token.value = given;
}

/** The token in what somebody pastes: it alone, or the address that has it. Undefined where there is none. */
export function tokenIn(pasted: string): string | undefined {
  const given = /#token=(\S+)/.exec(pasted)?.[1] ?? pasted.trim();
  return /^[\x21-\x7e]+$/.test(given) && !given.includes('://') ? given : undefined;
}

/**
 * Takes the token out of the address that `unmask studio` opens the page with, `#token=…`, also in an open tab.
 *
 * @param before  the fragment that the address has then
 * @returns       whether there was one
 */
export function takeToken(before = ''): boolean {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (given === undefined) return false;
  history.replaceState(null, '', location.pathname + before);
  if (tokenQuestion.value) tokenQuestion.value.answer(given);
  else keep(given);
  return true;
}
