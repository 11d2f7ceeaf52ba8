"""/metrics, with vLLM's names and the prefix ``gpt2_``; the only labels are model name and finish
reason."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from gpt2.serving.models import Models

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Metrics that are counted as events happen; the scheduler's values are read when they are
    scraped."""

    def __init__(self, models: Models) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.registry.register(_Schedulers(models))
        self.gaps = Gaps()
        self.registry.register(self.gaps)

        def seconds(name: str, what: str) -> Histogram:
            return Histogram(f"gpt2_{name}_seconds", what, ["model_name"], registry=registry,
                             buckets=SECONDS)  # fmt: skip

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"gpt2_{name}", what, labels, registry=registry)

        self.first_token = seconds(
            "time_to_first_token", "Time from the request to its first token."
        )
        self.whole = seconds("e2e_request_latency", "Time from the request to its last token.")
        self.queued = seconds("request_queue_time", "Time a row waited before it started.")
        self.success = counter("request_success", "Rows that finished.", "model_name",
                               "finished_reason")  # fmt: skip
        self.cancelled = counter(
            "request_cancelled", "Rows whose client disconnected.", "model_name"
        )
        self.rejected = counter("admission_rejected", "Requests rejected with status 429.")
        self.responses = counter("http_responses", "HTTP responses.", "status")

    def text(self) -> bytes:
        """The response of /metrics."""
        return generate_latest(self.registry)


class Gap:
    """The inter-token latency of one model, counted by a single thread."""

    def __init__(self) -> None:
        self.counts, self.sum = [0] * (len(SECONDS) + 1), 0.0

    def observe(self, seconds: float) -> None:
        """Count one interval."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds


class Gaps(Collector):
    """The histogram of inter-token latencies.

    prometheus-client's own histogram takes locks, and takes longer than everything else done for a
    token except sending it.
    """

    def __init__(self) -> None:
        self._models: dict[str, Gap] = {}

    def of(self, model: str) -> Gap:
        """The counter of a model."""
        return self._models.setdefault(model, Gap())

    def collect(self) -> Iterable[Any]:
        """One metric family, with one sample per model."""
        name, what = "gpt2_inter_token_latency_seconds", "Time between consecutive tokens of a row."
        family = HistogramMetricFamily(name, what, labels=["model_name"])
        bounds = [*(str(float(bound)) for bound in SECONDS), "+Inf"]
        for model, gap in self._models.items():
            pairs = zip(bounds, accumulate(gap.counts), strict=True)
            family.add_metric([model], list(pairs), gap.sum)
        yield family


class _Schedulers(Collector):
    """The values of each model's scheduler, read when they are scraped."""

    GAUGES = (
        ("num_requests_running", "running", "Rows being generated."),
        ("num_requests_waiting", "waiting", "Rows waiting in the queue."),
        ("kv_cache_usage_perc", "kv_usage", "Fraction of the KV cache in use."),
    )
    COUNTERS = (
        ("prefix_cache_queries", "prefix_queries", "Prompt tokens looked up in the prefix cache."),
        ("prefix_cache_hits", "prefix_hits", "Prompt tokens found in the prefix cache."),
        ("prompt_tokens", "prompt_tokens", "Prompt tokens processed."),
        ("generation_tokens", "generated_tokens", "Tokens generated."),
        ("step_seconds", "step_s", "Time spent in scheduler steps."),
        ("engine_seconds", "engine_s", "Time spent in engine calls within them."),
    )

    def __init__(self, models: Models) -> None:
        self.models = models

    def collect(self) -> Iterable[Any]:
        """One metric family per value, with one sample per model."""
        kinds: Any = ((GaugeMetricFamily, self.GAUGES), (CounterMetricFamily, self.COUNTERS))
        for family, entries in kinds:
            for name, field, what in entries:
                metrics = family(f"gpt2_{name}", what, labels=["model_name"])
                for one in self.models.all:
                    if one.scheduler is not None:
                        value = float(getattr(one.scheduler.stats, field))
                        metrics.add_metric([one.name], value)
                yield metrics
