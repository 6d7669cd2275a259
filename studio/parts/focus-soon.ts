import type { RefObject } from 'preact';

/** Focuses what takes the place of something else, once it is there: who uses the keyboard goes on where they were. */
export const focusSoon = (element: RefObject<HTMLElement>): void =>
  void requestAnimationFrame(() => element.current?.focus());
