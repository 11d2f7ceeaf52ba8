"""/metrics: vLLM's names with ``gpt2_``; no label but a served model's name and how a row ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gpt2.serving.models import Models

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """What is counted where it happens; what a scheduler knows is read when it is asked for."""

    def __init__(self, models: Models) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.registry.register(_Schedulers(models))

        def seconds(name: str, what: str) -> Histogram:
            return Histogram(f"gpt2_{name}_seconds", what, ["model_name"], registry=registry,
                             buckets=SECONDS)  # fmt: skip

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"gpt2_{name}", what, labels, registry=registry)

        self.first_token = seconds("time_to_first_token", "From the request to its first token.")
        self.gap = seconds("inter_token_latency", "From one token to the next.")
        self.whole = seconds("e2e_request_latency", "From the request to its end.")
        self.queued = seconds("request_queue_time", "Before a row was begun.")
        self.success = counter("request_success", "Rows that ended.", "model_name",
                               "finished_reason")  # fmt: skip
        self.cancelled = counter("request_cancelled", "Rows whose client left.", "model_name")
        self.rejected = counter("admission_rejected", "Requests answered with 429.")
        self.responses = counter("http_responses", "Answers.", "status")

    def text(self) -> bytes:
        """What /metrics answers."""
        return generate_latest(self.registry)


class _Schedulers(Collector):
    """The numbers of each model's scheduler, read when they are asked for."""

    GAUGES = (
        ("num_requests_running", "running", "Rows that are written."),
        ("num_requests_waiting", "waiting", "Rows that wait."),
        ("kv_cache_usage_perc", "kv_usage", "Share of the memory for keys and values in use."),
    )
    COUNTERS = (
        ("prefix_cache_queries", "prefix_queries", "Prompt tokens looked for among those kept."),
        ("prefix_cache_hits", "prefix_hits", "Prompt tokens found there."),
        ("prompt_tokens", "prompt_tokens", "Prompt tokens taken in."),
        ("generation_tokens", "generated_tokens", "Tokens written."),
        ("step_seconds", "step_s", "Time of all steps."),
        ("engine_seconds", "engine_s", "Time of the engine's calls in them."),
    )

    def __init__(self, models: Models) -> None:
        self.models = models

    def collect(self) -> Iterable[Any]:
        """One family a number, one sample a model."""
        kinds: Any = ((GaugeMetricFamily, self.GAUGES), (CounterMetricFamily, self.COUNTERS))
        for family, entries in kinds:
            for name, field, what in entries:
                found = family(f"gpt2_{name}", what, labels=["model_name"])
                for one in self.models.all:
                    if one.scheduler is not None:
                        value = float(getattr(one.scheduler.stats, field))
                        found.add_metric([one.name], value)
                yield found
