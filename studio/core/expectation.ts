import { plannedSizes, shareOfUpdates, tokensAParameter } from '../../src/base/timed-plan.ts';

/** What of a size says how large its network is. */
interface Shape {
  readonly layers?: unknown;
  readonly width?: unknown;
  readonly hidden?: unknown;
  readonly vocabularySize?: unknown;
}

type Sizes = Readonly<Record<string, Shape>>;

/** Parameters of a network, embedding and output apart; NaN where its size isn't known. */
export function parametersOf({ layers, width, hidden, vocabularySize }: Shape = {}): number {
  const [l, w, h, V] = [layers, width, hidden, vocabularySize].map(Number);
  return l * (4 * w * w + 3 * w * h) + 2 * V * w;
}

/** A run, as far as it says how fast a machine is. */
export interface TimedRun {
  readonly options: Readonly<Record<string, unknown>>;
  readonly tokens?: number;
  readonly seconds?: number;
}

/** Parameters times tokens a second of training on a core that is quiet: models/stories, 4.2 million of these, 27 million in two hours. */
const usualWork = 1.6e10;
/** In less nobody can tell how fast a run is. */
const leastSeconds = 20;

/** Parameters times tokens a second, about the same for networks of all sizes: of the latest run that tells it, else undefined. */
export function workOf(runs: readonly TimedRun[], sizes: Sizes): number | undefined {
  const works = runs.map(({ options, tokens = 0, seconds = 0 }) =>
    seconds < leastSeconds ? NaN : (parametersOf(sizes[String(options.size)]) * tokens) / seconds,
  );
  return works.find((work) => work > 0);
}

/**
 * Tokens that a run of some minutes reads.
 *
 * @param size  of its network; undefined for the largest that can read enough in that time
 */
export function tokensIn(
  minutes: number,
  sizes: Sizes,
  { work = usualWork, size }: { readonly work?: number; readonly size?: unknown } = {},
): number {
  const names = size === undefined ? plannedSizes : [String(size)];
  const all = names.map((name) => {
    const parameters = parametersOf(sizes[name]);
    return { parameters, tokens: (60 * minutes * shareOfUpdates * work) / parameters };
  });
  const largest = all.findLast(({ parameters, tokens }) => tokens >= tokensAParameter * parameters);
  return (largest ?? all[0]).tokens;
}

/** What a new model reads. */
export interface Reading {
  /** Characters, all together. */
  readonly read: number;
  /** Characters that there are; undefined where nobody knows by now. */
  readonly text?: number;
  /** In how many minutes; undefined where updates are counted. */
  readonly minutes?: number;
}

/** What can be expected from so many characters on, of which none counts more often than `mostReadings` times: experiments/LOG.md. */
const levels = [
  { from: 0, words: 'single words and letters, no sentences' },
  { from: 5e5, words: 'words and short phrases, seldom a whole sentence' },
  { from: 5e6, words: 'simple sentences with slips of sense' },
  { from: 8e7, words: 'sentences that are mostly sound where those of the text are simple' },
] as const;
const sentences = levels[2].from;
/** Reading a text more often teaches next to nothing: Muennighoff et al. 2023, arXiv:2305.16264. */
const mostReadings = 16;
/** A text that is read more often is known by heart, about. */
const byHeart = 60;

/** What a new model can be expected to write once it has read so much, and what it takes until it writes sentences. A rough rule. */
export function expectation({ read, text, minutes }: Reading): string {
  const times = text === undefined ? 1 : read / text;
  const useful = Math.min(read, mostReadings * (text ?? Infinity));
  const level = levels.findLast(({ from }) => useful >= from)!;
  const isKnown = times > byHeart && useful < sentences;
  const words = isKnown ? 'pieces of the text that it knows by heart, and little of its own' : level.words;
  const begin = text === undefined ? 'Expect' : `The text is read ${timesIn(times)}: expect`;
  return `${begin} ${words}.${needs({ read, text, minutes })}`;
}

/** What is missing for sentences. */
function needs({ read, text = 0, minutes }: Reading): string {
  const longer = sentences / read;
  const missing = [
    ...(longer <= 1
      ? []
      : [`about ${minutes === undefined ? `${rounded(longer)} times the updates` : long(longer * minutes)}`]),
    ...(mostReadings * text >= sentences
      ? []
      : [`a text of at least ${(sentences / mostReadings / 1e6).toFixed(1)} MB`]),
  ];
  return missing.length === 0 ? '' : ` Simple sentences take ${missing.join(' and ')}.`;
}

const timesIn = (times: number): string =>
  times < 1 ? 'in part' : times < 1.5 ? 'once' : `about ${rounded(times)} times`;

const long = (minutes: number): string =>
  minutes < 100 ? `${rounded(minutes)} minutes` : `${rounded(minutes / 60)} hours`;

/** Two digits of a number, of small ones one. */
const rounded = (value: number): string =>
  String(value < 10 ? Math.ceil(value) : Number(value.toPrecision(2)));
