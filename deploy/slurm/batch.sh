#!/bin/bash
# A file of requests in sixteen shares; a share that was stopped goes on where it was:
#   sbatch deploy/slurm/batch.sh requests.jsonl --out answers --model runs/mine
#   cat answers/share-*/results.jsonl     # all results, in the order of the requests
#SBATCH --job-name=unmask-batch
#SBATCH --array=0-15
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --open-mode=append

exec ${UNMASK:-unmask} batch "$@"
