#!/bin/bash
# A replica on each of three nodes, and HAProxy on the first of them, at port 8000:
#   sbatch deploy/slurm/serve.sh --model runs/mine --key-file keys
#SBATCH --job-name=unmask-serve
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1

port=${UNMASK_PORT:-8080}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# the balancer's file with the nodes of this job
grep -v '^  server ' "${UNMASK_HAPROXY:-deploy/haproxy.cfg}" >"$folder/haproxy.cfg"
for node in $(scontrol show hostnames "$SLURM_JOB_NODELIST"); do
  echo "  server $node $node:$port" >>"$folder/haproxy.cfg"
done
haproxy -f "$folder/haproxy.cfg" -db &
srun ${UNMASK:-unmask} serve --host 0.0.0.0 --port "$port" --allowed-host unmask --allowed-host "$(hostname)" "$@"
