import type { JsonSchema } from '../core/fields.ts';
import { ModelPicker } from '../parts/model-picker.tsx';
import { SchemaForm } from '../parts/schema-form.tsx';
import type { Lane } from './lane.ts';

const basic = ['length', 'steps', 'blockLength', 'temperature', 'strategy'];

/** The model and the options of a run; the seed is for all of them. */
export function LaneForm({ lane, schema }: { readonly lane: Lane; readonly schema: JsonSchema | undefined }) {
  const { seed: _, ...properties } = schema?.properties ?? {};
  const isAnyGiven = Object.keys(lane.options.value).length > 0;
  return (
    <>
      <ModelPicker value={lane.served?.id} onChange={(model) => (lane.model.value = model)} />
      {schema && (
        <SchemaForm
          schema={{ ...schema, properties }}
          basic={basic}
          values={lane.options.value}
          defaults={lane.served?.defaults}
          onChange={(options) => (lane.options.value = options)}
        />
      )}
      {isAnyGiven && (
        <button type="button" class="plain" onClick={() => (lane.options.value = {})}>
          All as the model says
        </button>
      )}
    </>
  );
}
