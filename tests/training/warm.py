"""What training is slow to begin with, done once before others are forked from this process."""

# ruff: noqa: F401 (what is imported here is imported in them)

import matplotlib.backends.backend_agg
import matplotlib.figure
import torch
import torch._dynamo  # by the first optimiser
import torch.distributed.fsdp
import torch.utils.tensorboard

from gpt2.training.loop.trainer import _peak
from tests.training import runs

torch.set_num_threads(1)  # threads do not live through a fork
_peak(torch.device("cpu"), torch.float32)  # the processor's speed, which the log tells of
