#!/bin/sh
# Text for training over eight machines: sbatch deploy/slurm_array.sh; and when all are done:
#   sbatch --dependency=afterok:JOB --wrap 'gpt2 merge /shared/parts/* -o /shared/tokens'
# A job that is lost: the same array again (sbatch --array=3 for the third alone); what is done is
# recognised, what was begun goes on. /shared is a folder that all machines see.
#SBATCH --job-name=gpt2-prepare
#SBATCH --array=1-8
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=/shared/logs/%x-%A-%a.log
set -eu
shards=8 # as many as the array has
gpt2 prepare /shared/texts --tokenizer gpt2 --filter dedup --shard "$SLURM_ARRAY_TASK_ID/$shards" -o "/shared/parts/$SLURM_ARRAY_TASK_ID"
