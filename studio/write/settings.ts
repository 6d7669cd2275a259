import type { Values } from '../parts/field-input.tsx';
import type { LaneSettings } from './lane.ts';

/** What the page is set to: what a link has of it, and what the browser keeps for a tab. */
export interface Settings {
  /** Undefined where none was given: the example of the model. */
  readonly prompt?: string;
  readonly seed?: number;
  readonly runs: readonly LaneSettings[];
}

const storageKey = 'write';

/** Runs that may be compared. */
export const maxRuns = 4;

/** Settings from a link, or else from the last time; whatever is not as it must be is as at first. */
export function settingsFrom(link: Values, storage: Storage): Settings {
  const { prompt, seed, runs, ...run } = Object.keys(link).length > 0 ? link : kept(storage);
  const asked = Array.isArray(runs) && runs.length > 0 ? runs.slice(0, maxRuns) : [run];
  const lanes = asked.map(laneSettings);
  return {
    prompt: typeof prompt === 'string' ? prompt : undefined,
    seed: Number.isSafeInteger(seed) ? (seed as number) : undefined,
    runs: lanes,
  };
}

function laneSettings(run: unknown): LaneSettings {
  const { model, options } = isObject(run) ? run : {};
  return {
    model: typeof model === 'string' ? model : undefined,
    options: isObject(options) ? options : {},
  };
}

function kept(storage: Storage): Values {
  try {
    const settings: unknown = JSON.parse(storage.getItem(storageKey) ?? '');
    return isObject(settings) ? settings : {};
  } catch {
    return {};
  }
}

export function keep(settings: Settings, storage: Storage): void {
  storage.setItem(storageKey, JSON.stringify(settings));
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
