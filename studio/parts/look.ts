import { effect, type Signal, signal } from '@preact/signals';

/** A choice of how things look, which the browser keeps. */
function kept(name: string): Signal<boolean> {
  const choice = signal(localStorage.getItem(name) === 'yes');
  effect(() => {
    if (choice.value) localStorage.setItem(name, 'yes');
    else localStorage.removeItem(name);
  });
  return choice;
}

/** Whether a text that is done keeps the colours of how sure the model was. */
export const keepsColours = kept('keeps-colours');
/** Whether tokens have borders, and line ends a mark. */
export const marksBlanks = kept('marks-blanks');
