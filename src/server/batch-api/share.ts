import { InvalidOptionError } from '../../base/errors.ts';

/** One of the equal parts that a batch is cut into. */
export interface Share {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The share that a process takes: as it was told, or as the array of Slurm or the indexed job of Kubernetes says that it was
 * started in; all where there is neither.
 *
 * @param asked  `shard` is "i/n"; `shards` is n where the environment says i alone
 * @throws InvalidOptionError
 */
export function findShare(
  { shard, shards }: { readonly shard?: string; readonly shards?: number },
  env: Environment,
): Share {
  if (shard !== undefined) {
    if (shards !== undefined) throw new InvalidOptionError('shards', 'is said by --shard already', shards);
    const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(shard) ?? [];
    return checked('shard', Number(index), Number(count), shard);
  }
  const { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_COUNT: tasks, JOB_COMPLETION_INDEX: index } = env;
  if (task !== undefined) {
    const [first, step] = [
      Number(env['SLURM_ARRAY_TASK_MIN'] ?? 0),
      Number(env['SLURM_ARRAY_TASK_STEP'] ?? 1),
    ];
    const count = shards ?? Number(tasks);
    return checked('shards', (Number(task) - first) / step, count, `task ${task} of ${count}`);
  }
  if (index !== undefined) {
    if (shards === undefined)
      throw new InvalidOptionError(
        'shards',
        'is needed: JOB_COMPLETION_INDEX says which share this is, and nothing how many there are',
        undefined,
      );
    return checked('shards', Number(index), shards, `share ${index} of ${shards}`);
  }
  if (shards !== undefined && shards > 1)
    throw new InvalidOptionError(
      'shards',
      'needs the environment of a Slurm array or an indexed Kubernetes job; --shard i/n says it without',
      shards,
    );
  return { index: 0, count: 1 };
}

function checked(option: string, index: number, count: number, given: unknown): Share {
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count)
    return { index, count };
  throw new InvalidOptionError(option, 'must be a share from 0 on, and of how many: 0/4 to 3/4', given);
}

/** The requests of a share: the first, and the one behind the last. Shares one behind the other are the whole. */
export const requestsOf = ({ index, count }: Share, requests: number): [number, number] => [
  Math.floor((index * requests) / count),
  Math.floor(((index + 1) * requests) / count),
];

/** The folder of a share in that of its batch, so named that their alphabetical order is theirs. */
export const shareFolder = ({ index, count }: Share): string =>
  count === 1 ? '' : `share-${String(index).padStart(String(count - 1).length, '0')}-of-${count}`;
