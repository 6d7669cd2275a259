import { UnsupportedError } from '../base/errors.ts';
import { alone, type Ranks, sumInOrder } from './ranks.ts';

/** What differs between the two libraries: the file, and what a handle is. */
interface Flavour {
  readonly name: string;
  readonly library: string;
  /** The C type of a handle. */
  readonly handle: 'void*' | 'int';
  /** MPI_COMM_WORLD and MPI_BYTE: an exported symbol, or a number. */
  readonly world: string | number;
  readonly byte: string | number;
}

const openMpi: Flavour = {
  name: 'Open MPI',
  library: 'libmpi.so.40',
  handle: 'void*',
  world: 'ompi_mpi_comm_world',
  byte: 'ompi_mpi_byte',
};
const mpich: Flavour = {
  name: 'MPICH',
  library: 'libmpich.so.12',
  handle: 'int',
  world: 0x44000000,
  byte: 0x4c00010d,
};

/** The launchers, by what they put in the environment: the library that they speak for, and the variable with the size. */
const launchers: readonly { readonly flavour: Flavour; readonly rank: string; readonly size?: string }[] = [
  { flavour: openMpi, rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  { flavour: openMpi, rank: 'PMIX_RANK', size: 'SLURM_NTASKS' }, // srun --mpi=pmix
  { flavour: mpich, rank: 'PMI_RANK', size: 'PMI_SIZE' }, // mpirun of MPICH, srun --mpi=pmi2
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this process was started as a rank of a job. */
export const isRank = (env: Environment): boolean => launchers.some(({ rank }) => env[rank] !== undefined);

/**
 * The ranks of the job that this process was started in: by `mpirun` of Open MPI or MPICH, or by `srun`; alone where it was
 * started by nobody of these.
 *
 * @param env  of the process
 * @throws UnsupportedError  where the binding or the library is missing, and where `srun` started several processes without MPI
 */
export async function findRanks(env: Environment): Promise<Ranks> {
  const launcher = launchers.find(({ rank }) => env[rank] !== undefined);
  if (!launcher) requireOneTask(env);
  if (!launcher || (launcher.size !== undefined && env[launcher.size] === '1')) return alone;
  return openMpiRanks(launcher.flavour);
}

/** @throws UnsupportedError  for tasks of Slurm that know nothing of each other, each of which would do the whole work */
function requireOneTask({ SLURM_STEP_ID: step, SLURM_STEP_NUM_TASKS: tasks }: Environment): void {
  if (step !== undefined && Number(tasks ?? 1) > 1)
    throw new UnsupportedError(
      `srun started ${tasks} processes without MPI: srun --mpi=pmix (Open MPI) or srun --mpi=pmi2 (MPICH) has them work together, --distributed off each for itself`,
    );
}

/** The calls of MPI that ranks need, over all ranks of the job. Counts are bytes of each rank. */
interface Calls {
  readonly rank: number;
  readonly size: number;
  allgather(given: Buffered, count: number, all: Buffered): Promise<number>;
  allgatherv(
    given: Buffered,
    count: number,
    all: Buffered,
    counts: Int32Array,
    starts: Int32Array,
  ): Promise<number>;
  alltoall(given: Buffered, count: number, all: Buffered): Promise<number>;
  broadcast(data: Buffered, count: number): Promise<number>;
  abort(exitCode: number): void;
  finalize(): Promise<void>;
}

type Buffered = Uint8Array | Int32Array | Float32Array | Float64Array;

/** Opens the library of MPI and says that this process takes part. */
async function openCalls({ name, library, handle, world, byte }: Flavour): Promise<Calls> {
  const { lib, out } = await openLibrary(name, library);
  const handleOf = (given: string | number): unknown =>
    typeof given === 'number' ? given : lib.symbol(given, 'void');
  const [comm, bytes] = [handleOf(world), handleOf(byte)];
  const declare = (call: string, ...types: unknown[]) => lib.func(call, 'int', types as string[]);
  /** Blocking calls run on another thread: the event loop goes on. */
  const blocking = (call: string, ...types: unknown[]) => {
    const declared = declare(call, ...types);
    return (...args: unknown[]): Promise<number> =>
      new Promise((resolve, reject) =>
        declared.async(...args, (error: unknown, code: number) => (error ? reject(error) : resolve(code))),
      );
  };

  declare('MPI_Init_thread', 'int*', 'char***', 'int', out('int*'))(null, null, 3, [0]);
  const number = (call: string): number => {
    const found = [0];
    declare(call, handle, out('int*'))(comm, found);
    return found[0];
  };
  const data = ['void*', 'int', handle];
  const allgather = blocking('MPI_Allgather', ...data, ...data, handle);
  const allgatherv = blocking('MPI_Allgatherv', ...data, 'void*', 'int*', 'int*', handle, handle);
  const alltoall = blocking('MPI_Alltoall', ...data, ...data, handle);
  const broadcast = blocking('MPI_Bcast', ...data, 'int', handle);
  const finalize = blocking('MPI_Finalize');
  const end = lib.func('_exit', 'void', ['int']);
  return {
    rank: number('MPI_Comm_rank'),
    size: number('MPI_Comm_size'),
    allgather: (from, count, to) => allgather(from, count, bytes, to, count, bytes, comm),
    allgatherv: (from, count, to, counts, starts) =>
      allgatherv(from, count, bytes, to, counts, starts, bytes, comm),
    alltoall: (from, count, to) => alltoall(from, count, bytes, to, count, bytes, comm),
    broadcast: (from, count) => broadcast(from, count, bytes, 0, comm),
    abort: (exitCode) => void declare('MPI_Abort', handle, 'int')(comm, exitCode),
    async finalize() {
      await finalize();
      // plugins that it has unloaded are called where threads end on which blocking calls ran: no thread may end before all do
      process.once('exit', (exitCode) => void end(exitCode));
    },
  };
}

/** @throws UnsupportedError  where the binding or the library is missing */
async function openLibrary(name: string, library: string) {
  const { default: koffi } = await import('koffi').catch(() => {
    throw new UnsupportedError(`a job of several ranks (${name}) needs the package koffi: npm install koffi`);
  });
  // the stacks on which koffi calls are too small for MPICH
  koffi.config({ ...koffi.config(), sync_stack_size: 8 << 20, async_stack_size: 4 << 20 });
  // MPICH's transport would write over functions of libc that threads of this process are in
  process.env['UCX_MEM_MMAP_HOOK_MODE'] ??= 'none';
  try {
    return { lib: koffi.load(library), out: koffi.out };
  } catch (cause) {
    throw new UnsupportedError(
      `a job of several ranks (${name}) needs ${library}, which can't be loaded: ${(cause as Error).message}`,
    );
  }
}

async function openMpiRanks(flavour: Flavour): Promise<Ranks> {
  const mpi = await openCalls(flavour);
  const { rank, size } = mpi;
  return {
    rank,
    size,
    async gather(given) {
      const lengths = new Int32Array(size);
      await mpi.allgather(Int32Array.of(given.length), 4, lengths);
      const starts = lengths.map((_, i) => lengths.subarray(0, i).reduce((sum, length) => sum + length, 0));
      const all = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
      await mpi.allgatherv(given, given.length, all, lengths, starts);
      return Array.from(starts, (start, r) => all.slice(start, start + lengths[r]));
    },
    async broadcast(given) {
      const length = new Float64Array(1);
      if (rank === 0) length[0] = given.length;
      await mpi.broadcast(length, 8);
      const data = rank === 0 ? given : new Uint8Array(length[0]);
      for (let at = 0; at < data.length; at += maxMessage) {
        const part = data.subarray(at, at + maxMessage);
        await mpi.broadcast(part, part.length);
      }
      return data;
    },
    async sum(data) {
      for (let at = 0; at < data.length; at += maxSummed)
        await sumOverRanks(mpi, data.subarray(at, at + maxSummed));
    },
    abort: (exitCode) => mpi.abort(exitCode),
    close: () => mpi.finalize(),
  };
}

/** Each rank sums one part, in the order of ranks: the sum's order is ours, not the library's. */
async function sumOverRanks(mpi: Calls, data: Float32Array): Promise<void> {
  const { size } = mpi;
  const part = Math.ceil(data.length / size);
  const mine = new Float32Array(part * size);
  mine.set(data);
  const theirs = new Float32Array(part * size);
  await mpi.alltoall(mine, 4 * part, theirs);
  const parts = Array.from({ length: size }, (_, r) => theirs.subarray(r * part, (r + 1) * part));
  await mpi.allgather(sumInOrder(parts).slice(), 4 * part, mine);
  data.set(mine.subarray(0, data.length));
}

/** Numbers that are summed at once. */
const maxSummed = 2 ** 26;

/** Bytes of one message: counts are 32 bits. */
const maxMessage = 2 ** 30;
