import { signal } from '@preact/signals';
import { get } from '../client.ts';
import type { JsonSchema } from '../core/fields.ts';
import type { StrategySchemas } from '../core/option-groups.ts';

/** The options of everything, as the server checks them. */
export type OptionSchemas = Readonly<
  Record<'sampling' | 'infill' | 'edit' | 'train' | 'finetune' | 'distill', JsonSchema>
> & {
  /** The options of each strategy. */
  readonly strategies: StrategySchemas;
  /** The same pages with the models elsewhere, where there are such. */
  readonly elsewhere?: { readonly place: 'browser' | 'server'; readonly address: string };
  /** What a run of each size does where its options say nothing. */
  readonly sizes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** Undefined until they were asked for. */
export const optionSchemas = signal<OptionSchemas | undefined>(undefined);

export async function loadOptions(): Promise<void> {
  optionSchemas.value ??= await get<OptionSchemas>('/unmask/options');
}
