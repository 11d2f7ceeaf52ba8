#!/bin/sh
# GPT-2 1558M over four nodes of eight GPUs: sbatch deploy/slurm_train.sh; the numbers are those of
#   gpt2 plan gpt2-xl --device h100 --gpus 8 --nodes 4
# (7 hours at 40% of the peak, which is assumed there and not measured). A node that is lost ends all
# processes within about a minute, each with a line that names it; SLURM begins the job again
# (--requeue) and --resume goes on from the last checkpoint, on fewer nodes too. /shared is a folder
# that all nodes see. Not run here: no such machines were at hand.
#SBATCH --job-name=gpt2-1558m
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120
#SBATCH --output=/shared/logs/%x-%j.log
set -eu
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
run=/shared/run-1558m
resume=
# what an earlier attempt of this job has left; one that was lost before its first begins anew
if ls -d "$run"/checkpoints/step-* >/dev/null 2>&1; then resume=--resume; fi
srun --kill-on-bad-exit=1 torchrun --nnodes "$SLURM_NNODES" --nproc-per-node 8 --rdzv-id "$SLURM_JOB_ID" --rdzv-backend c10d --rdzv-endpoint "$first:29500" -m gpt2 train /shared/tokens -o "$run" --size gpt2-xl --steps 59419 --batch-size 512 --precision bf16 --lr 2e-4 --warmup 2000 --parallel ddp --save-minutes 30 --validate-every 1000 $resume
