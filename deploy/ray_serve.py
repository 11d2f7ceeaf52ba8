"""The server's app under Ray Serve: replicas over the machines of a Ray cluster.

    pip install 'ray[serve]'; GPT2_MODEL=gpt2-mini GPT2_REPLICAS=2 serve run deploy.ray_serve:app

from the checkout, on any machine of the cluster; the package must be installed on all of them. A
replica has the whole server: queue, prefix cache, metrics of its own. Ray sends a request to the
replica that has fewer of two; it knows nothing of beginnings, and asks no other replica again.
"""

from __future__ import annotations

import os
from typing import Any

from ray import serve

from gpt2.serving.app import make_app
from gpt2.serving.keys import read_keys
from gpt2.serving.load import Loader
from gpt2.serving.metrics import Metrics
from gpt2.serving.models import Models
from gpt2.serving.settings import ServeOptions
from gpt2.serving.state import State

MODEL = os.environ.get("GPT2_MODEL", "gpt2-mini")
REPLICAS = int(os.environ.get("GPT2_REPLICAS", "2"))
CORES = int(os.environ.get("GPT2_THREADS", "1"))


def build() -> Any:
    """A replica's app, with its model in memory; Ray sends nothing here before that."""
    options = ServeOptions()
    models = Models()
    for one in Loader((MODEL,), options, {"threads": CORES}):
        models.add(one)
    return make_app(State(options, models, read_keys(options), Metrics(models)))


app = serve.deployment(
    serve.ingress(build)(),
    num_replicas=REPLICAS,
    max_ongoing_requests=256,  # the server's own queue decides what is too much
    ray_actor_options={"num_cpus": CORES, "runtime_env": {"env_vars": {"GPT2_MODEL": MODEL}}},
).bind()
