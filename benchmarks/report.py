"""Writes docs/results.md, its picture and the READMEs' figures from benchmarks/results/*.json.

    PYTHONPATH=src:. python -m benchmarks.report

No figure is typed by hand. Each benchmark defines its section (``describe`` in its file); this
file only orders them.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from typing import Any

from benchmarks.common import RESULTS, ROOT, other_runs
from benchmarks.opening import PAGES, with_figures
from benchmarks.summary import picture, ten_lines

PAGE = ROOT / "docs" / "results.md"
PICTURE = PAGE.with_suffix(".svg")
HEAD = """# Results

{summary}

![Tokens per second after a prompt of 32, by library](results.svg)

`python -m benchmarks.report` writes this page from the files in `benchmarks/results/`, and a test
checks that they agree. Each section names the command that produced its file.

- Contenders take turns in one run. A figure is the median, with the minimum and the maximum in
  brackets. If the ranges of two contenders overlap, the run does not show which is faster: this is
  a tie.
- Everything was measured on {machine}, unless a section says otherwise. The load average is that
  of the minute before the run.
"""
TASKS = {
    "decode-32": "Decoding after 32 tokens",
    "decode-512": "Decoding after 512 tokens",
    "prefill-512": "Prefill of 512 tokens",
    "batch-8": "Decoding a batch of 8",
    "batch-32": "Decoding a batch of 32",
}
# Results file -> the section's title, its module, and the command if it is not that module.
SECTIONS: dict[str, tuple[str, str, str]] = {
    "generate": ("Generation, compared with transformers", "generate", ""),
    "load": ("Loading a model", "load", ""),
    "native-avx512": ("The native engine", "native", ""),
    "sampling": ("The cost of choosing a token", "sampling", ""),
    **{
        f"peers-{task}": (title, "peers.table", f"-m benchmarks.peers {task}")
        for task, title in TASKS.items()
    },
    **{
        f"peers-{task}-amx": (
            f"{TASKS[task]}, int8 on a processor with AMX",
            "peers.table",
            f"-m benchmarks.peers {task} --all --name amx --kinds int8 --without llama.cpp",
        )
        for task in ("prefill-512", "batch-32")
    },
    "start": ("Time to first token", "start", ""),
    "start-gpt2-xl": (
        "Time to first token at 1558M",
        "start",
        "-m benchmarks.start --shape gpt2-xl --alone",
    ),
    "shakespeare": (
        "Character-level Shakespeare",
        "shakespeare",
        "recipes/shakespeare/run.py --text tinyshakespeare.txt --out OUT --seeds 5",
    ),
    "exact_head": ("The exact two-stage head", "exact_head", ""),
    "reproducibility": ("The cost of the same bits everywhere", "reproducibility", ""),
    "speculation": ("Prompt lookup", "speculation", ""),
    "quantization": ("Quantization", "quantization", ""),
    "train": ("Training throughput", "train", ""),
    "train-compiled": ("Training throughput, compiled", "train", "-m benchmarks.train --compile"),
    "tokenizer": ("The tokenizer", "tokenizer", ""),
    "keys_values": ("Precision of the KV cache", "keys_values", ""),
    "long_inputs": ("Tasks on long inputs", "long_inputs", ""),
    "translate": ("Reading the examples of a translation once", "translate", ""),
    "prepare": ("Preparing token shards", "prepare", ""),
    "shards": ("Preparing in shards, compared with one process", "shards", ""),
    "shards-cluster": (
        "Preparing on a Ray cluster",
        "shards",
        "-m benchmarks.shards --cluster",
    ),
    "evaluation": ("Scoring, compared with lm-evaluation-harness", "evaluation", ""),
    "rolling": ("Rolling log-likelihoods and double precision", "rolling", ""),
    "serve": (
        "Serving, compared with llama.cpp",
        "serve_load",
        "-m benchmarks.serve_load --llama PATH",
    ),
    "replicas": ("Latency added in front of replicas", "replicas", ""),
    "serve_soak": ("Serving under load for twenty minutes", "serve_soak", ""),
    "finetuned_tasks": (
        "Models fine-tuned for the tasks",
        "finetuned_tasks",
        "recipes/tasks/run.py all --out tuned",
    ),
    "revisions": (
        "This revision compared with the state before the restructuring",
        "revisions",
        "-m benchmarks.revisions --other CHECKOUT",
    ),
    "mini": ("The bundled model", "mini", ""),
    "mini_recipes": ("The bundled model's recipe, compared with nanoGPT's", "mini_recipes", ""),
    "mini_scaling": (
        "The bundled model's vocabulary, size and learning rate",
        "mini_scaling",
        "",
    ),
    "mini_stories": ("Stories of the bundled model, graded", "mini_stories", ""),
    "mini_overlap": ("Overlap of training text and test sets", "mini_overlap", ""),
    "poems": ("Regulated verse", "poems", "-m benchmarks.poems --model out/poems/run/model"),
    "compress": (
        "Compressing files",
        "compress",
        "-m benchmarks.compress",
    ),
    "page": ("The page in which a model runs", "page", ""),
    "published": ("Published test sets", "published", ""),
}


def results() -> dict[str, dict[str, Any]]:
    """The results by file name."""
    paths = {name: RESULTS / f"{name}.json" for name in SECTIONS}
    return {n: json.loads(p.read_text("utf-8")) for n, p in paths.items() if p.exists()}


def page() -> str:
    found = results()
    usual = Counter(map(_machine, found.values())).most_common(1)[0][0]
    parts = [HEAD.format(summary=ten_lines(found), machine=usual)]
    parts += [_section(name, own, usual) for name, own in found.items()]
    return "\n".join(parts)


def _section(name: str, found: dict[str, Any], usual: str) -> str:
    title, module, command = SECTIONS[name]
    machine, here = found["machine"], _machine(found)
    facts = [] if here == usual else [here]
    facts += [f"commit {machine['commit']}", f"load average {machine['load_before']:.1f}"]
    facts += [f"{package} {version}" for package, version in machine["versions"].items()]
    describe = importlib.import_module(f"benchmarks.{module}").describe
    return (
        f"## {title}\n\n`python {command or f'-m benchmarks.{module}'}` produced "
        f"`benchmarks/results/{name}.json` ({', '.join(facts)}). "
        f"{found.get('caveat', '')}".rstrip()
        + f" {other_runs(found)}".rstrip()
        + f"\n\n{describe(found)}\n"
    )


def _machine(found: dict[str, Any]) -> str:
    return f"{found['machine']['processor']}, {found['machine']['cores']} cores"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    PICTURE.write_text(picture(results()), "utf-8")
    for language, readme in PAGES.items():
        readme.write_text(with_figures(readme.read_text("utf-8"), results(), language), "utf-8")
    print(PAGE)
