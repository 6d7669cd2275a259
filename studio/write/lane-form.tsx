import type { JsonSchema } from '../core/fields.ts';
import { presetOf, writingGroups } from '../core/option-groups.ts';
import { ModelPicker, waysOf } from '../parts/model-picker.tsx';
import { optionSchemas } from '../parts/options.ts';
import { OptionsForm } from '../parts/options-form.tsx';
import type { Desk } from './desk.ts';
import type { Lane } from './lane.ts';

/** The model and the options of a run; the seed among them is for all runs. */
export function LaneForm({
  desk,
  lane,
  schema,
}: {
  readonly desk: Desk;
  readonly lane: Lane;
  readonly schema: JsonSchema | undefined;
}) {
  const { seed } = desk;
  const { defaults } = lane.served ?? {};
  const ways = waysOf(lane.served, lane.length);
  return (
    <>
      <ModelPicker
        value={lane.model.value ?? lane.served?.id}
        onChange={(model) => desk.choose(lane, model)}
      />
      {schema && (
        <OptionsForm
          schema={schema}
          groups={writingGroups}
          strategies={optionSchemas.value?.strategies}
          presets={ways}
          values={{ ...lane.options.value, ...(seed.value !== undefined && { seed: seed.value }) }}
          defaults={defaults ? { ...defaults, seed: 'new each time' } : 'unknown'}
          onChange={({ seed: next, ...options }) => {
            seed.value = next as number | undefined;
            lane.options.value = options;
            // the blocks of a way that was chosen are no longer than the text, whatever length it gets
            const way = presetOf(ways, options);
            const again = waysOf(lane.served, lane.length).find(({ name }) => name === way?.name);
            if (again) lane.options.value = { ...options, ...again.values };
          }}
        />
      )}
    </>
  );
}
