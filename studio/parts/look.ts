import { effect, type Signal, signal } from '@preact/signals';

/** A choice of how things look, which the browser keeps. */
function kept(name: string, byDefault: boolean): Signal<boolean> {
  const choice = signal((localStorage.getItem(name) ?? (byDefault ? 'yes' : 'no')) === 'yes');
  effect(() => {
    if (choice.value === byDefault) localStorage.removeItem(name);
    else localStorage.setItem(name, choice.value ? 'yes' : 'no');
  });
  return choice;
}

/** Whether a text that is done keeps the colours of how sure the model was. */
export const keepsColours = kept('keeps-colours', true);
/** Whether tokens have borders, and line ends a mark. */
export const marksBlanks = kept('marks-blanks', false);
