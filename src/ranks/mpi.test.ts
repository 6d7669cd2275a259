import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRanks } from './mpi.ts';
import { alone } from './ranks.ts';

test('a process is alone that nobody started, or that was started as the only one', async () => {
  const environments = [
    {},
    { SLURM_JOB_ID: '7', SLURM_NTASKS: '4' }, // the script of a job
    { SLURM_STEP_ID: '0', SLURM_STEP_NUM_TASKS: '1' },
    { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' },
    { PMIX_RANK: '0', SLURM_NTASKS: '1', SLURM_STEP_ID: '0', SLURM_STEP_NUM_TASKS: '1' },
    { PMI_RANK: '0', PMI_SIZE: '1' },
  ];
  for (const env of environments) assert.equal(await findRanks(env), alone, JSON.stringify(env));
});

test('tasks of srun that have no MPI are told how to have it', async () => {
  await assert.rejects(findRanks({ SLURM_STEP_ID: '0', SLURM_STEP_NUM_TASKS: '4' }), {
    name: 'UnsupportedError',
    message:
      /^srun started 4 processes without MPI: srun --mpi=pmix \(Open MPI\) or srun --mpi=pmi2 \(MPICH\)/,
  });
});
