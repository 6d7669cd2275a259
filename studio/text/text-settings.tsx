import type { Signal } from '@preact/signals';
import type { OptionGroup } from '../core/option-groups.ts';
import type { Values } from '../parts/field-input.tsx';
import { Elsewhere, ModelPicker } from '../parts/model-picker.tsx';
import { OptionsForm } from '../parts/options-form.tsx';
import { optionSchemas } from '../parts/options.ts';

/** The model that works on a text, and how. */
export function TextSettings({
  kind,
  groups,
  model,
  defaults,
  options,
  onModel,
}: {
  /** Whose options they are. */
  readonly kind: 'infill' | 'edit';
  readonly groups: readonly OptionGroup[];
  readonly model: string | undefined;
  /** What the model does where the form says nothing. */
  readonly defaults: Values | 'unknown';
  readonly options: Signal<Values>;
  readonly onModel: (model: string) => void;
}) {
  return (
    <>
      <ModelPicker value={model} onChange={onModel} />
      {optionSchemas.value && (
        <OptionsForm
          schema={optionSchemas.value[kind]}
          groups={groups}
          open=""
          strategies={optionSchemas.value.strategies}
          defaults={defaults}
          values={options.value}
          onChange={(next) => (options.value = next)}
        />
      )}
      <Elsewhere />
    </>
  );
}
