import { isObject } from '../../src/base/is-object.ts';
import type { Values } from '../parts/field-input.tsx';
import type { LaneSettings } from './lane.ts';

/** What the page is set to: what a link has of it, and a draft. */
export interface Settings {
  /** Undefined where none was given: the example of the model. */
  readonly prompt?: string;
  readonly seed?: number;
  readonly runs: readonly LaneSettings[];
}

/** Runs that may be compared. */
export const maxRuns = 4;

/** Settings from a link or a draft; whatever is not as it must be is as at first. */
export function settingsFrom({ prompt, seed, runs, ...run }: Values): Settings {
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
