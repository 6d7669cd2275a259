import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { grouped } from '../../base/format-count.ts';
import { duration } from '../../base/format-duration.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { withoutAbsent } from '../../base/options.ts';
import { packed, plannedSizes, shareOfUpdates, tokensAParameter } from '../../base/timed-plan.ts';
import { readJsonObject } from '../../checkpoint/read-json.ts';
import { findSources, rowKinds, textKinds } from '../../data/sources.ts';
import { freshParameters } from '../fresh-network.ts';
import { secondsAnUpdate } from '../speed-test.ts';
import { type Size, sizes } from '../sizes.ts';
import type { TrainingOptions, TrainingRequest } from '../options.ts';
import { requireSameRun } from './recorded-options.ts';
import { resolveOptions } from './resolve-options.ts';
import {
  shortRunObjective,
  shortRunSteps,
  shortRunWarmup,
  shortText,
  timesRead,
  updatesIn,
} from './short-run.ts';
import { recordedOptions, usualPlace } from './run-directory.ts';
import { recordName } from './training-job.ts';

/** Options that say already how long a run is, or what its network is. */
const instead = ['steps', 'epochs', 'resume', 'from'] as const;

/** What planning a run needs of the world: a clock, a signal, and someone to tell. */
export interface PlanIo {
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  /** Seconds of an update. Default: measured on this machine. */
  readonly measure?: typeof secondsAnUpdate;
}

/**
 * What a run is to be that may take so many minutes on this machine: its size is the largest that reads `tokensAParameter` tokens a
 * parameter in that time, its updates are as many as fit, judged by a few of them, and it begins as a causal model (as long as its
 * text isn't known by heart) and goes on in blocks and whole texts, by which little time teaches more. What was asked for by name
 * stays. A run that is there goes on as it was planned.
 *
 * @throws InvalidOptionError  beside an option that says how long the run is, and where another run is, or one that is done
 */
export async function plannedFor(
  minutes: number,
  request: TrainingRequest,
  { note, signal, clock, measure = secondsAnUpdate }: PlanIo,
): Promise<TrainingRequest> {
  for (const key of instead)
    if (request[key] !== undefined)
      throw new InvalidOptionError(
        'minutes',
        `is for a new model and chooses how many updates it learns by, so it cannot be beside --${key}`,
        minutes,
      );
  const out = request.out ?? usualPlace(request);
  const begun = await recordedOptions(out);
  if (begun) {
    note(`goes on with the run in ${out} as it was planned`);
    return goingOn(out, begun.options, request);
  }
  const learned = { ...shortRunSteps(request), ...shortRunObjective(request), ...withoutAbsent(request) };
  resolveOptions(learned); // mistakes are told before anything is measured
  const bytes = bytesOf(request);
  const isBpe = (request.tokenizer ?? 'bpe') === 'bpe';
  const text = isBpe && bytes < shortText.bytes ? { vocabularySize: shortText.vocabularySize } : {};
  const seconds = 60 * minutes * shareOfUpdates;
  const shapeOf = (size: Size) => ({ ...sizes[size], ...text, ...learned });
  // of one size the time is measured, of the others it is as their parameters are
  const measured = request.size ?? 'nano';
  note('measuring how fast this machine is …');
  const each = await measure(shapeOf(measured), { clock, signal });
  const perToken = each / tokensOf(shapeOf(measured)) / freshParameters(shapeOf(measured));
  const size =
    request.size ?? plannedSizes.findLast((name) => fits(shapeOf(name), perToken, seconds)) ?? 'nano';
  const shape = shapeOf(size);
  const anUpdate = size === measured ? each : perToken * tokensOf(shape) * freshParameters(shape);
  const updates = Math.max(20, Math.floor(seconds / anUpdate));
  const { causalWarmup = shortRunWarmup(learned, { steps: updates, tokens: tokensOf(shape), bytes }) } =
    request;
  const steps = updatesIn(updates, { ...learned, causalWarmup });
  const reading = { steps, tokens: tokensOf(shape), bytes };
  const warmup = causalWarmup ? `, the first ${grouped(causalWarmup)} autoregressive` : '';
  note(
    `about ${duration(60_000 * minutes)}: ${grouped(steps)} updates of ${grouped(reading.tokens)} tokens${warmup}, which read ${times(timesRead(reading))} the text; --minutes, --size and --steps change that`,
  );
  const every = Math.max(1, Math.ceil(steps / 6));
  return {
    size,
    ...text,
    steps,
    sampleEvery: every,
    validationEvery: Math.max(1, Math.ceil(steps / 3)),
    ...(causalWarmup !== undefined && { causalWarmup }),
    ...learned,
    out,
  };
}

/**
 * The run that is there, as it was begun.
 *
 * @throws InvalidOptionError  where another one is asked for, or it is done
 */
async function goingOn(
  out: string,
  recorded: TrainingOptions,
  request: TrainingRequest,
): Promise<TrainingRequest> {
  requireSameRun(out, recorded, request);
  const path = join(out, 'model', recordName);
  const { final, step } = existsSync(path) ? await readJsonObject(path) : {};
  if (final === true && Number(step) >= (recorded.steps ?? 0))
    throw new InvalidOptionError(
      'out',
      `${out} has a run that is done; name another place, or go on with --resume ${out} and more --steps`,
      undefined,
    );
  const { data: _, out: _out, ...others } = request;
  return { ...others, resume: out };
}

interface Shape {
  readonly layers: number;
  readonly width: number;
  readonly hidden: number;
  readonly vocabularySize: number;
  readonly length: number;
  readonly batch: number;
  readonly accumulate?: number;
}

const tokensOf = ({ length, batch, accumulate = 1 }: Shape): number => length * batch * accumulate;

const fits = (shape: Shape, perToken: number, seconds: number): boolean =>
  seconds / (perToken * freshParameters(shape)) >= tokensAParameter * freshParameters(shape);

const times = (epochs: number): string =>
  epochs < 1
    ? `${Math.round(100 * epochs)} % of`
    : `${epochs < 10 ? epochs.toFixed(1) : Math.round(epochs)} times`;

/** Bytes of text in files and directories, about. */
function bytesOf({ data = [], learn = 'text' }: TrainingRequest): number {
  return findSources(data, learn === 'text' ? textKinds : rowKinds).reduce(
    (sum, { path, gzip }) => sum + statSync(path).size * (gzip ? packed : 1),
    0,
  );
}
