import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { refreshModels } from './model-picker.tsx';
import { token } from '../token.ts';
import { loadOptions } from './options.ts';

/** Asks for the models and the options when a page opens, and again when there is another token. @returns what went wrong, for the page to show */
export function useServed(): Signal<unknown> {
  const problem = useSignal<unknown>(undefined);
  useEffect(() => {
    Promise.all([refreshModels(), loadOptions()]).catch((error: unknown) => (problem.value = error));
  }, [token.value]);
  return problem;
}
