import { InvalidOptionError } from '../../base/errors.ts';
import { withoutAbsent } from '../../base/options.ts';
import type { TrainingOptions, TrainingRequest } from '../options.ts';
import { requireEffect } from './option-effects.ts';
import { resolveOptions } from './resolve-options.ts';

/** What may be changed in the middle of a run, because no update depends on it. */
const free: readonly (keyof TrainingOptions)[] = [
  'sampleEvery',
  'checkpointEvery',
  'keep',
  'threads',
  'dtype',
];

/** What `--resume` may change as well: later updates depend on it, earlier ones are what they are. */
const changeable: typeof free = [
  ...free,
  'device',
  'steps',
  'epochs',
  'learningRate',
  'minimumRate',
  'warmup',
  'schedule',
  'decayShare',
  'clip',
  'weightDecay',
  'validationEvery',
  'validationDraws',
  'validationWindows',
];

/** Options that a resumed run changes, by name. */
export type OptionChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

/**
 * The options of a run that goes on: those that it was started with, and what is asked to be otherwise from here on.
 *
 * @param path      what people call the run
 * @param recorded  what it was started with
 * @throws InvalidOptionError  where earlier updates would have been others
 */
export function settledOver(
  path: string,
  recorded: TrainingOptions,
  request: TrainingRequest,
): { readonly wanted: TrainingOptions; readonly changes: OptionChanges } {
  const wanted =
    request.resume === undefined ? resolveOptions(request) : resolveOptions(over(recorded, request));
  requireEffect(request, wanted);
  const allowed = request.resume === undefined ? free : changeable;
  const changes: Record<string, { readonly from: unknown; readonly to: unknown }> = {};
  const keys = new Set([...Object.keys(recorded), ...Object.keys(wanted)]) as Set<keyof TrainingOptions>;
  for (const key of keys) {
    const [from, to] = [recorded[key], wanted[key]];
    if (JSON.stringify(from) === JSON.stringify(to)) continue;
    if (!allowed.includes(key)) throw anotherRun(path, key, { from, to, asked: request[key] });
    changes[key] = { from, to };
  }
  return { wanted, changes };
}

/** @throws InvalidOptionError  where what was asked for by name is another run than the one in its place */
export function requireSameRun(path: string, recorded: TrainingOptions, request: TrainingRequest): void {
  for (const key of Object.keys(recorded) as (keyof TrainingOptions)[]) {
    const [from, to] = [recorded[key], request[key]];
    if (to !== undefined && !free.includes(key) && JSON.stringify(from) !== JSON.stringify(to))
      throw anotherRun(path, key, { from, to, asked: to });
  }
}

function anotherRun(
  path: string,
  key: string,
  { from, to, asked }: Readonly<Record<'from' | 'to' | 'asked', unknown>>,
): InvalidOptionError {
  const has = from === undefined ? 'has none' : `has ${JSON.stringify(from)}`;
  const usual = asked === undefined && to !== undefined;
  const wants = usual ? `, and a new one ${JSON.stringify(to)} by default` : '';
  return new InvalidOptionError(
    key,
    `the run in ${path} ${has}${wants}; give another --out, or --resume ${path} to go on as it was started`,
    asked,
  );
}

/** What was asked for, over what is recorded. */
function over(recorded: TrainingOptions, { resume: _resume, ...request }: TrainingRequest): TrainingRequest {
  const given = withoutAbsent(request);
  return { ...recorded, ...given };
}
