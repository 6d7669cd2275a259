#!/bin/bash
# One model, trained by four nodes with a rank each; the same command goes on where it was stopped:
#   sbatch deploy/slurm/train.sh corpus/ --size small --accumulate 4 --out runs/mine
#SBATCH --job-name=unmask-train
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
#SBATCH --open-mode=append
# a minute before its time is up the run saves, and the job is queued again
#SBATCH --signal=USR1@60
#SBATCH --time=24:00:00

# by a ring, Slurm's default, a rank of Open MPI now and then dies in MPI_Init of another's first message: docs/many-machines.md
export SLURM_PMIX_FENCE="${SLURM_PMIX_FENCE:-tree}"
# pmix: Open MPI; UNMASK_MPI=pmi2 for MPICH. Ranks leave together: five seconds after the first the others are killed. With
# --kill-on-bad-exit=1 they would be sent SIGTERM, have nobody to save with, and be killed after KillWait, half a minute later
for _ in 1 2 3 4 5; do
  srun --mpi="${UNMASK_MPI:-pmix}" --wait=5 --kill-on-bad-exit=0 ${UNMASK:-unmask} train "$@"
  status=$?
  # 139: a rank died of a segmentation fault, as some of Open MPI do in MPI_Init: the run goes on where it was
  if [ "$status" -ne 139 ]; then break; fi
done
# 138: stopped by USR1, and saved
if [ "$status" -eq 138 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$status"
