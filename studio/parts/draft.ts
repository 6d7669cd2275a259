import { isObject } from '../../src/base/is-object.ts';
import type { Values } from './field-input.tsx';

/** A longer draft is not kept: a tab has room for about five million characters in all. */
const mostCharacters = 1_000_000;

const keyOf = (page: string): string => `draft of ${page}`;

/** What was typed on a page when its tab was loaded last, and nobody has checked since; nothing where nothing was. */
export function draftOf(page: string): Values {
  try {
    const draft: unknown = JSON.parse(sessionStorage.getItem(keyOf(page)) ?? '{}');
    return isObject(draft) ? draft : {};
  } catch {
    return {};
  }
}

/**
 * Keeps what is typed on a page for its tab, so that it is there again when the tab is loaded anew. Where there is no room for it
 * the browser asks before it goes.
 *
 * @param versions  what there is; of several the first that there is room for
 */
export function keepDraft(page: string, ...versions: readonly (() => object)[]): void {
  const keep = () => versions.some((now) => isKept(keyOf(page), JSON.stringify(now())));
  addEventListener('pagehide', keep);
  document.addEventListener('visibilitychange', () => document.hidden && keep());
  addEventListener('beforeunload', (event) => keep() || event.preventDefault());
}

function isKept(key: string, draft: string): boolean {
  try {
    sessionStorage.removeItem(key);
    if (draft.length > mostCharacters) return false;
    sessionStorage.setItem(key, draft);
    return true;
  } catch {
    return false;
  }
}
