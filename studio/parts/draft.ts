import { isObject } from '../core/is-object.ts';
import type { Values } from './field-input.tsx';

/** A longer draft is not kept: a tab has room for a few million characters in all. */
const mostCharacters = 500_000;

const keyOf = (page: string): string => `draft of ${page}`;

/** What was typed on a page when its tab was loaded last; nothing where nothing was. */
export function draftOf(page: string): Values {
  try {
    const draft: unknown = JSON.parse(sessionStorage.getItem(keyOf(page)) ?? '{}');
    return isObject(draft) ? draft : {};
  } catch {
    return {};
  }
}

/** Keeps what is typed on a page for its tab, so that it is there again when the tab is loaded anew. */
export function keepDraft(page: string, now: () => object): void {
  const keep = () => {
    const draft = JSON.stringify(now());
    try {
      if (draft.length > mostCharacters) sessionStorage.removeItem(keyOf(page));
      else sessionStorage.setItem(keyOf(page), draft);
    } catch {
      // a browser without room for it, which is no reason to keep anybody from leaving
    }
  };
  addEventListener('pagehide', keep);
  document.addEventListener('visibilitychange', () => document.hidden && keep());
}
