"""Runs lm-evaluation-harness (its hf backend) in a separate process and environment.

    PYTHON benchmarks/harness_worker.py FOLDER THREADS

It reads and writes lines of JSON: [kind, batch size, arguments] -> {"seconds", "values"}, where
kind is "loglikelihood" with pairs of texts or "rolling" with texts. It imports nothing from this
project.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import metadata
from typing import Any


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the output of a library must not be taken for an answer
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    torch.set_num_threads(threads)
    model = HFLM(pretrained=folder, device="cpu", dtype="float32", batch_size=1)
    names = ("lm_eval", "transformers", "torch")
    facts = {"versions": {name: metadata.version(name) for name in names}}
    print(json.dumps(facts), file=replies, flush=True)
    for line in sys.stdin:
        kind, batch, arguments = json.loads(line)
        model.batch_size_per_gpu = batch
        print(json.dumps(timed(model, Instance, kind, arguments)), file=replies, flush=True)


def timed(model: Any, instance: Any, kind: str, arguments: list[Any]) -> dict[str, Any]:
    rolling = kind == "rolling"
    name = "loglikelihood_rolling" if rolling else "loglikelihood"
    requests = [
        instance(request_type=name, doc={}, arguments=(a,) if rolling else tuple(a), idx=i)
        for i, a in enumerate(arguments)
    ]
    begin = time.perf_counter()
    found = getattr(model, name)(requests, disable_tqdm=True)
    seconds = time.perf_counter() - begin
    values = [[float(v), False] if rolling else [float(v[0]), bool(v[1])] for v in found]
    return {"seconds": seconds, "values": values}


if __name__ == "__main__":
    main()
