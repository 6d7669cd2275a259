import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, post } from '../client.ts';
import { urlPath } from '../../src/base/url-path.ts';
import type { MeasuredPreset } from '../../src/model-files/presets.ts';
import { type Preset, presetsFor } from '../core/option-groups.ts';
import type { Values } from './field-input.tsx';
import { useWhileShown } from './kept-page.tsx';
import { optionSchemas } from './options.ts';
import { token } from '../token.ts';
import { Trouble } from './trouble.tsx';

/** A model that is served, as /v1/models has it. */
export interface ServedModel {
  readonly id: string;
  readonly state: string;
  /** What is known once it was chosen or loaded. */
  readonly chat?: string;
  readonly context_length?: number;
  readonly infill?: boolean;
  /** What it does where the request says nothing. */
  readonly defaults?: Values;
  /** Ways to write that were measured. */
  readonly presets?: readonly MeasuredPreset[];
}

/** The models that can write now; empty until they were asked for. */
export const servedModels = signal<readonly ServedModel[]>([]);

/** The model of a name, which may not be known yet; the first where none was chosen. */
export function servedModel(name: string | undefined): ServedModel | undefined {
  if (name === undefined) return servedModels.value[0];
  return servedModels.value.find(({ id }) => id === name) ?? { id: name, state: 'unloaded' };
}

export async function refreshModels(): Promise<void> {
  const { data } = await get<{ data: readonly ServedModel[] }>('/v1/models');
  const known = new Map(servedModels.value.map((one) => [one.id, one]));
  servedModels.value = data.map((one) => ({ ...known.get(one.id), ...one }));
}

/** Asks what a model can do, which a studio knows before it is loaded. */
async function refreshModel(name: string): Promise<void> {
  const told = await get<ServedModel>(`/v1/models/${urlPath(name)}`);
  // what was loaded meanwhile is known better
  servedModels.value = servedModels.value.map((one) => (one.id === name && !one.defaults ? told : one));
}

/** A model that has been used is loaded by now: asks again where that isn't known yet. */
export async function learnDefaults(used: readonly (ServedModel | undefined)[]): Promise<void> {
  if (used.some((model) => model?.state !== 'loaded')) await refreshModels().catch(() => {});
}

/**
 * The ways to write of a model; none of a causal one, which knows but one order.
 *
 * @param length  tokens that are to be written
 */
export const waysOf = (model: ServedModel | undefined, length: unknown): Preset[] =>
  model?.infill === false ? [] : presetsFor(model?.defaults ?? {}, model?.presets, length);

/** Asks again while a model is being loaded: it tells its defaults afterwards. */
export function useLoading(): void {
  const isLoading = servedModels.value.some(({ state }) => state === 'loading');
  useWhileShown(() => {
    if (!isLoading) return undefined;
    const timer = setInterval(() => void refreshModels().catch(() => {}), 500);
    return () => clearInterval(timer);
  }, [isLoading]);
}

export function ModelPicker({
  value,
  onChange,
  label = 'model',
}: {
  readonly value: string | undefined;
  readonly onChange: (model: string) => void;
  readonly label?: string;
}) {
  const served = servedModels.value;
  const chosen = served.find(({ id }) => id === value);
  const isUnknown = chosen !== undefined && !chosen.defaults;
  useEffect(() => {
    if (isUnknown) void refreshModel(chosen.id).catch(() => {});
  }, [isUnknown, chosen?.id]);
  const isMissing = isUnserved(value);
  const [gone, setGone] = useState<{ readonly model: string; readonly instead: string }>();
  return (
    <div class="model-picker">
      <label class="field">
        <span>{label}</span>
        <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {isMissing && <option value={value}>{value}</option>}
          {servedModels.value.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      {isMissing && (
        <Missing
          key={value}
          model={value}
          onGone={() => {
            const instead = served[0].id;
            setGone({ model: value, instead });
            onChange(instead);
          }}
        />
      )}
      {gone !== undefined && gone.instead === value && (
        <p class="help missing" role="status">
          {gone.model} is no longer here: {value} is chosen instead.
        </p>
      )}
    </div>
  );
}

/** A model that is not served, such as a run of an earlier visit: it is on a click, where it is still here. */
function Missing({ model, onGone }: { readonly model: string; readonly onGone: () => void }) {
  const [problem, setProblem] = useState<unknown>();
  const [isLoading, setLoading] = useState(false);
  useEffect(() => whereGone(model, onGone), []);
  const load = async () => {
    setLoading(true);
    setProblem(undefined);
    try {
      await post('/unmask/serve', { model });
      await refreshModels();
    } catch (error) {
      if (isGone(error)) return onGone();
      setProblem(error);
    }
    setLoading(false);
  };
  return (
    <>
      <p class="help missing">
        {model} isn’t loaded.{' '}
        <button type="button" disabled={isLoading} onClick={() => void load()}>
          Load
        </button>
      </p>
      <Trouble error={problem} />
    </>
  );
}

/** Whether a model is not served, once it is known what is. */
const isUnserved = (model: string | undefined): model is string =>
  model !== undefined && servedModels.value.length > 0 && !servedModels.value.some(({ id }) => id === model);

/** Does something where a model is not here at all. */
function whereGone(model: string, doIt: () => void): void {
  // nobody is asked for a token who only looks
  if (token.value !== undefined)
    get(`/unmask/models/${urlPath(model)}`).catch((error: unknown) => isGone(error) && doIt());
}

/** Says of a model that it is not here, as of a run that was written with one that was deleted since. */
export function NotHere({ model }: { readonly model: string | undefined }) {
  const [gone, setGone] = useState<string>();
  const isMissing = isUnserved(model);
  useEffect(() => {
    if (isMissing) whereGone(model, () => setGone(model));
  }, [isMissing, model]);
  return isMissing && gone === model ? <span class="missing">(this model is not here)</span> : null;
}

const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** Leads to the same page with the models in this browser, or on the server again; what is set and said is there, too. */
export function Elsewhere() {
  const { elsewhere } = optionSchemas.value ?? {};
  if (!elsewhere) return null;
  const go = (event: Event) => {
    event.preventDefault();
    // what was set is in the drafts of the tab
    location.assign(`${elsewhere.address}${location.hash.split('?')[0]}`);
  };
  return (
    <p class="help elsewhere">
      <a href={elsewhere.address} onClick={go}>
        {elsewhere.place === 'browser' ? 'Run in this browser, without the server' : 'Run on the server'}
      </a>
    </p>
  );
}
