import type { Values } from '../parts/field-input.tsx';

/** Where a person asks for another text and says no temperature. */
export const retryTemperature = 0.8;

/** Between what is given there are few good texts: a model's own temperature is for what it begins by itself. */
const fillTemperature = 0.5;

/** What a hole is filled at where nobody says otherwise: the model's own temperature, or a lower one. */
export const temperatureOf = ({ temperature }: Values): number | undefined =>
  typeof temperature === 'number' ? Math.min(fillTemperature, temperature) : undefined;

/** A model's defaults as they hold for filling. */
export const shownDefaults = (defaults: Values | undefined): Values | 'unknown' =>
  defaults === undefined
    ? 'unknown'
    : { ...defaults, temperature: temperatureOf(defaults), seed: 'new each time' };
