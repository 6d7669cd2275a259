import { type Signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useWhileShown } from './kept-page.tsx';
import { refreshModels } from './model-picker.tsx';
import { token } from '../token.ts';
import { loadOptions } from './options.ts';

/** Asks for the models and the options whenever a page is shown, and when there is another token. @returns what went wrong, for the page to show */
export function useServed(): Signal<unknown> {
  const problem = useSignal<unknown>(undefined);
  const found = useRef<unknown>(undefined);
  const tell = (error: unknown) => {
    // what the page says of something else stays
    if (error !== undefined || problem.value === found.current) problem.value = error;
    found.current = error;
  };
  useWhileShown(() => {
    Promise.all([refreshModels(), loadOptions()]).then(() => tell(undefined), tell);
  }, [token.value]);
  return problem;
}
