import { cellOf } from '../../src/base/csv.ts';
import { labelOf } from './fields.ts';

/** What of a run is compared in a table. */
export interface TableRun {
  readonly name: string;
  readonly state: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly step: number;
  readonly tokens?: unknown;
  readonly seconds?: unknown;
  readonly loss?: unknown;
  readonly validation?: { readonly natsPerToken: number };
  readonly notes?: { readonly text?: unknown; readonly tags?: unknown };
}

/** The options that are not the same in all runs, in the order in which the runs have them. */
export function differing(runs: readonly TableRun[]): string[] {
  const names = [...new Set(runs.flatMap(({ options }) => Object.keys(options)))];
  const values = (name: string) => new Set(runs.map(({ options }) => JSON.stringify(options[name]) ?? ''));
  return names.filter((name) => values(name).size > 1);
}

export const tagsOf = ({ notes }: TableRun): readonly string[] =>
  Array.isArray(notes?.tags) ? notes.tags.map(String) : [];

export const notesOf = ({ notes }: TableRun): string => (typeof notes?.text === 'string' ? notes.text : '');

/** The updates of the causal warm-up, before masks begin; 0 where it has no such beginning. */
export const warmupOf = ({ options: { causalWarmup } }: TableRun): number =>
  typeof causalWarmup === 'number' ? causalWarmup : 0;

/** Whether what is told of a run on held-out text is its value; of other objectives than the causal one it is a bound. */
export const isExactlyMeasured = ({ options }: Pick<TableRun, 'options'>): boolean =>
  options.objective === 'autoregressive';

/** By so many nats a token at least, and by this share of it, the loss of what is learned by heart is below the bound. */
const byHeart = { nats: 1, share: 1 / 3 };

/**
 * Whether a finished run knows its text by heart: held-out text costs far more than the text that it learned from.
 *
 * @param loss  of its last updates, in nats a token; it is noisy, and of bell-shaped times somewhat below the bound anyway
 */
export function isLearnedByHeart(
  { state, options, validation }: TableRun,
  loss: number | undefined,
): boolean {
  if (state !== 'finished' || validation === undefined || loss === undefined) return false;
  // what these learn isn't measured in nats a token
  if (options.learn === 'preferences' || typeof options.certainty === 'number') return false;
  const bound = validation.natsPerToken;
  return bound - loss > Math.max(byHeart.nats, byHeart.share * bound);
}

/** Those in whose name, state, options, notes or tags every word is found. */
export function found<Run extends TableRun>(runs: readonly Run[], words: string): Run[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return runs.filter((run) => {
    const options = Object.entries(run.options).map(([name, value]) => `${name}=${shown(value)}`);
    const text = [run.name, run.state, ...options, ...tagsOf(run), notesOf(run)].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Runs by the value of an option, in the order in which the values come; all in one group where none is named. */
export function byOption<Run extends TableRun>(
  runs: readonly Run[],
  option: string,
): { readonly title: string; readonly runs: readonly Run[] }[] {
  if (option === '') return [{ title: '', runs }];
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const title = `${labelOf(option)} ${shown(run.options[option])}`;
    groups.set(title, [...(groups.get(title) ?? []), run]);
  }
  return [...groups].map(([title, members]) => ({ title, runs: members }));
}

/** What two runs must have in common for their nats a token to be of the same tokens. */
const sameTokens = [
  'data',
  'text',
  'tokenizer',
  'vocabularySize',
  'field',
  'separator',
  'validationShare',
  'length',
  'packing',
  'learn',
];

/** The names of the runs that are best on held-out text, each among two or more that are measured on the same tokens. */
export function best(runs: readonly TableRun[]): ReadonlySet<string> {
  const groups = new Map<string, TableRun[]>();
  for (const run of runs.filter(({ validation }) => validation !== undefined)) {
    const key = JSON.stringify(sameTokens.map((name) => run.options[name] ?? null));
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const nats = (run: TableRun): number => run.validation!.natsPerToken;
  return new Set(
    [...groups.values()]
      .filter((group) => group.length > 1)
      .map((group) => group.reduce((least, run) => (nats(run) < nats(least) ? run : least)).name),
  );
}

/** A value of an option in a table. */
export const shown = (value: unknown): string =>
  value === undefined || value === null
    ? 'default'
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

/** The table as CSV (RFC 4180): a row for each run, a column for each option that any has. */
export function csvOf(runs: readonly TableRun[]): string {
  const options = [...new Set(runs.flatMap((run) => Object.keys(run.options)))];
  const head = [
    'run',
    'state',
    'updates',
    'tokens',
    'seconds',
    'loss',
    'natsPerToken',
    ...options,
    'tags',
    'notes',
  ];
  const rows = runs.map((run) => [
    run.name,
    run.state,
    run.step,
    run.tokens,
    run.seconds,
    run.loss,
    run.validation?.natsPerToken,
    ...options.map((name) => run.options[name]),
    tagsOf(run).join(' '),
    notesOf(run),
  ]);
  return [head, ...rows].map((row) => row.map(cellOf).join(',')).join('\r\n') + '\r\n';
}
