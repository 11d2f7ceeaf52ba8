"""Write docs/results.md from benchmarks/results/*.json: no figure there is typed by hand.

PYTHONPATH=src:. python -m benchmarks.report
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks import mini
from benchmarks.common import RESULTS, ROOT, table
from benchmarks.poems_report import poems

PAGE = ROOT / "docs" / "results.md"
HEAD = """# Results

Every figure here is read from a file in `benchmarks/results/` by `python -m benchmarks.report`, and
a test holds this page to those files. Each section names the command that made its file. Contenders
take turns in one run; a figure is the median, with the least and the greatest in brackets.

Where a section other than "The bundled model" speaks of gpt2-mini, it was measured on the former
one (3.1 M parameters, trained on novels), at the commit that it names.
"""


def spread(figure: dict[str, float], digits: int = 0) -> str:
    low, high = sorted((figure["min"], figure["max"]))
    return f"{figure['median']:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def generate(found: dict[str, Any]) -> str:
    names = {"gpt2": "torch engine", "native": "native engine", "transformers": "transformers"}
    rows = [
        [
            f"{case['prompt']}, {case['batch']}",
            *(spread(case["tokens_per_second"][name], 1) for name in names),
            *(f"{case['ratio'][name]:.2f}" for name in ("gpt2", "native")),
            "yes" if case["same_ids"] else "no",
        ]
        for case in found["speed"]
    ]
    head = ["prompt, batch", *names.values(), "torch / tf", "native / tf", "same ids"]
    return (
        "`generate`, greedy, 124M random weights in fp32, tokens a second with the prompt's time "
        "counted.\n\n" + table(head, rows)
    )


def load(found: dict[str, Any]) -> str:
    rows = [
        [name, spread(f["load_s"], 3), spread(f["first_logits_s"], 3), spread(f["peak_MB"])]
        for name, f in found["results"].items()
    ]
    head = ["124M", "load, s", "to first logits, s", "peak memory, MB"]
    return "A process of its own each, files in the page cache.\n\n" + table(head, rows)


def native(found: dict[str, Any]) -> str:
    kinds = ("decode after 32", "decode after 512", "prefill 512", "batch 8", "batch 32")
    rows = [
        [
            dtype,
            f"{figures['weight_bytes'] / 1e6:.0f}",
            *(spread(figures[kind]) for kind in kinds),
            *(f"{figures[k]:.0%}" for k in ("share_of_read", "share_of_multiply")),
        ]
        for dtype, figures in found["engines"].items()
    ]
    limits = [limit for figures in found["engines"].values() for limit in figures["limits"]]
    least, most = (pick(x["read"] for x in limits) / 1e9 for pick in (min, max))
    note = (
        "124M random weights, tokens a second, the native engine alone (no peer in this run). Its "
        f"own threads read between {least:.1f} and {most:.1f} GB/s meanwhile; limit and engine "
        "took turns, and the last columns compare their medians: decoding after 32 with the read "
        "rate, the prompt with the fp32 multiply-adds."
    )
    head = ["", "weights, MB", *kinds, "of read rate", "of fp32 peak"]
    return note + "\n\n" + table(head, rows)


def peers(found: dict[str, Any]) -> str:
    """A row a contender, the fastest first in each kind of number."""
    rows = []
    for name in dict.fromkeys(one["class"] for one in found["contenders"].values()):
        own = [one for one in found["contenders"].values() if one["class"] == name]
        own.sort(key=lambda one: -one["tokens_per_second"]["median"])
        for one in own:
            chosen = {**one["settings"], **one["environment"]}
            rows.append(
                [
                    name,
                    f"{one['peer']} {one['precision']}",
                    ", ".join(f"{k}={v}" for k, v in chosen.items()) or "defaults",
                    spread(one["tokens_per_second"]),
                    f"{one['facts']['file_bytes'] / 1e6:.0f}",
                ]
            )
    versions = {
        k: v for one in found["contenders"].values() for k, v in one["facts"]["versions"].items()
    }
    told = ", ".join(f"{k} {v}" for k, v in sorted(versions.items()))
    work = (
        f"{found['steps']} greedy tokens after a prompt of {found['prompt']}, "
        f"{found['rows']} at a time"
        if found["steps"]
        else f"a prompt of {found['prompt']}"
    )
    return (
        f"{work[0].upper()}{work[1:]}; tokens a second in all. 124M random weights, the same for "
        "all; each contender is a process of its own, and they take turns. "
        f"{told}.\n\n" + table(["numbers", "contender", "settings", "tokens/s", "file, MB"], rows)
    )


def speculation(found: dict[str, Any]) -> str:
    rows = [
        [case, name, spread(one["tokens_per_second"]), f"{one['ratio']:.2f}"]
        for case in found
        if case not in ("machine", "guesses", "new_tokens")
        for name, one in found[case].items()
    ]
    return (
        f"At most {found['guesses']} guesses a token; the tokens are the same with and without. "
        "Scripted guesses are each right with the probability given.\n\n"
        + table(["", "guesses", "tokens/s", "against without"], rows)
    )


def start(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            spread(one["start_seconds"], 2),
            f"{one['peak_bytes'] / 1e6:.0f}",
            f"{one['file_bytes'] / 1e6:.0f}",
        ]
        for name, one in found["contenders"].items()
    ]
    return (
        "Random weights. Ours is `gpt2 generate` on a packed folder, text in and out; the "
        "peers get ids. Memory is the most held after 1,000 tokens were read and 23 written.\n\n"
        + table(["", "process start to first token, s", "peak memory, MB", "file, MB"], rows)
    )


def exact_head(found: dict[str, Any]) -> str:
    rows = [
        [
            model,
            dtype,
            top,
            *(spread(one["tokens_per_second"][name]) for name in ("exact head", "whole head")),
            f"{one['ratio']:.2f}x",
            f"{one['rescored_a_step']:.0f}",
        ]
        for model, dtypes in found["models"].items()
        for dtype, tops in dtypes.items()
        for top, one in tops.items()
    ]
    head = ["", "", "asked", "exact head, tokens/s", "whole head, tokens/s", "ratio", "rescored"]
    return (
        "The k largest logits at each step, or a token drawn from them, the same bits both ways. "
        "Unasked it is used only for heads above 32 MB; gpt2-mini's is smaller, and it would not "
        "pay. The last column is how many logits a step were computed in full.\n\n"
        + table(head, rows)
    )


def reproducibility(found: dict[str, Any]) -> str:
    names = ("reproducible", "free order")
    rows = [
        [
            dtype,
            task,
            *(spread(one["tokens_per_second"][name]) for name in names),
            f"{one['free_against_reproducible']:.2f}x",
        ]
        for dtype, figures in found["dtypes"].items()
        for task, one in figures["tasks"].items()
    ]
    return (
        "Tokens a second of GPT-2 124M shapes, random weights: the core as it is, and built so "
        "that the compiler may fuse and reorder and attention uses fused multiply-adds. Two "
        "processes take turns.\n\n" + table(["", "", *names, "free order gains"], rows)
    )


def tokenizer(found: dict[str, Any]) -> str:
    names = ("gpt2", "tiktoken", "tokenizers", "transformers")
    rows = []
    for case, figures in found.items():
        unit = next((u for u in ("MB/s", "microseconds", "seconds") if u in _units(figures)), None)
        if case != "machine" and unit is not None:
            rows.append([f"{case}, {unit}", *(_figure(figures[unit].get(name)) for name in names)])
    return (
        "One thread; `batch` on all cores; `sentence` is one of 44 characters; `training` learns a "
        "vocabulary of 8,192.\n\n" + table(["", *names], rows)
    )


def prepare(found: dict[str, Any]) -> str:
    rows = [
        [case, spread(rate, 1), f"{found['share'][case]:.2f}"]
        for case, rate in found["MB/s"].items()
    ]
    note = (
        f"{found['documents']} novels, {found['megabytes']:.0f} MB, GPT-2's vocabulary, all cores; "
        "the share is of the faster way of the tokenizer alone.\n\n"
    )
    return note + table(["", "MB/s", "share"], rows)


def _units(figures: Any) -> set[str]:
    return set(figures) if isinstance(figures, dict) else set()


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return spread(value, 2)
    return f"{value:.1f}" if isinstance(value, float) else ""


def sampling(found: dict[str, Any]) -> str:
    cases = [(kind, rows) for kind in found["logits"] for rows in ("batch 1", "batch 8")]
    parts = [found["logits"][kind][rows] for kind, rows in cases]

    def cell(figures: dict[str, Any]) -> str:
        return f"{spread(figures['overhead_us'])}: {figures['percent']:.1f}"

    modes = [[mode, *(cell(part["modes"][mode]) for part in parts)] for mode in parts[0]["modes"]]
    steps = ["(a bare step)", *(f"{part['step_us']:.0f}" for part in parts)]
    return (
        f"Beside the forward pass at {found['dtype']}, 124M random weights: microseconds a step, "
        "then percent of a bare step of the core. Logits are all but even, or peaked as a trained "
        'model\'s. "numpy" is the way that processors need.\n\n'
        + table(["", *(f"{kind}, {rows}" for kind, rows in cases)], [steps, *modes])
    )


def keys_values(found: dict[str, Any]) -> str:
    speeds, distance = found["speed"], found["distance"]
    tasks = [name for name in next(iter(speeds.values())) if name != "row_bytes"]
    rows = [
        [
            kind,
            f"{figures['row_bytes'] / 1e6:.1f}",
            *(spread(figures[task]) for task in tasks),
            *(f"{distance['kinds'][kind][of]:.2g}" for of in DISTANCES),
            f"{distance['kinds'][kind]['same_top']:.2%}",
        ]
        for kind, figures in speeds.items()
    ]
    note = (
        "Tokens a second of GPT-2 124M shapes, random weights at int8, one sequence; the memory is "
        "that of a full row. Distances of the bundled model's logits in fp32 from those with fp32 "
        f"keys and values, over {distance['tokens']:,} held-out tokens in contexts of "
        f"{distance['context']}: the largest difference of a logit, the mean over positions of "
        "the largest, the mean KL divergence in nats, and how often the likeliest token is the "
        "same."
    )
    head = ["", "MB a row", *tasks, "largest", "mean largest", "KL", "same token"]
    return note + "\n\n" + table(head, rows)


DISTANCES = ("largest_difference", "mean_largest_difference", "kl_mean")


def quantization(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{f['bytes'] / 1e6:.2f}",
            f"{f['bits_per_weight']:.2f}",
            f"{f['perplexity']:.3f}",
            f"{f['kl_mean']:.5f}",
            f"{f['kl_99']:.4f}",
            f"{100 * f['agreement']:.2f} %",
        ]
        for name, f in found["results"].items()
    ]
    first = next(iter(found["results"].values()))
    gain = {
        dtype: found["results"][f"{dtype} nearest"]["kl_mean"]
        / found["results"][f"{dtype} calibrated"]["kl_mean"]
        for dtype in ("int8", "int4")
    }
    note = (
        f"gpt2-mini on {first['tokens']:,} tokens of four novels it was not trained on, in "
        f"{first['windows']} windows of {first['window']}; the original, in fp32, has a perplexity "
        f"of {first['perplexity_before']:.3f}. The divergence is that of the next token's "
        "distribution from the original's, in nats: the mean, and what 99 % of positions stay "
        f"below. Against the nearest integers, calibrating divides it by {gain['int4']:.1f} "
        f"for int4 and by {gain['int8']:.1f} for int8. The bundled file is fp16 itself, so fp16 "
        "loses nothing. The head is int8 where the layers are int4.\n\n"
    )
    head = ["", "size, MB", "bits a weight", "perplexity", "KL mean", "KL 99 %", "same top token"]
    return note + table(head, rows)


def evaluation(found: dict[str, Any]) -> str:
    rows = [
        [
            f"{model}, {name}",
            f"{f['requests']}",
            f"{f['largest_difference']:.1e}",
            f"{f['largest_relative_difference']:.0e}",
            *(spread(f["examples_per_second"][k], 1) for k in ("harness", "fp32", "int8")),
            *(f"{f['ratio'][k]['median']:.2f}" for k in ("fp32", "int8")),
        ]
        for model, sets in found["models"].items()
        for name, f in sets.items()
    ]
    versions = found["machine"]["versions"]
    head = ["", "requests", "largest difference", "relative", "harness, examples/s", "fp32", "int8"]
    return (
        f"lm-evaluation-harness {versions['lm_eval']} (hf backend, torch {versions['torch']}, "
        "fp32, at the batch size that is fastest for it) and the native engine, on the same texts "
        f"and weights with {found['threads']} threads; 124M has random weights. The difference is "
        "of an example's log-likelihood at fp32, in nats: the harness adds up a window's in single "
        "precision, which shows where one is tens of thousands.\n\n"
        + table([*head, "fp32 / harness", "int8 / harness"], rows)
    )


def published(found: dict[str, Any]) -> str:
    """Of ROUGE only what the paper's table 4 has, to keep the table short."""
    left_out = ("rougeLsum", "lead_rougeLsum", "random_rougeLsum")
    rows = [
        [
            own["title"],
            measure["title"],
            f"{measure['value']:.4g} ± {measure['error']:.2g}",
            f"{measure['rows']:,} of {own['of']:,}",
            measure["protocol"],
        ]
        for own in found["benchmarks"].values()
        for name, measure in own["measures"].items()
        if name not in left_out
    ]
    overlap = [
        [
            name,
            f"{own['share']:.2%}",
            f"{own['ngrams']:,}",
            f"{own['touched']:,} of {own['examples']:,}",
            f"{own['known']:,}",
            f"{own['longest']}",
        ]
        for name, own in found["overlap"].items()
    ]
    timing = found["timing"]
    when = timing["machine"]
    speed = [
        [
            found["benchmarks"][name]["title"],
            f"{own['words']:,}",
            f"{own['seconds_per_1000_words']:.1f}",
        ]
        for name, own in timing["sets"].items()
    ]
    note = (
        f"`{found['model']}`, zero-shot, at fp32. It was trained on novels for minutes, so nothing "
        "is expected of it: the figures show the measures at work, beside what needs no model.\n\n"
    )
    between = (
        f"\n\nWhat of these sets stands in `{found['novels']}`, of which the model was trained on "
        "94 of 98 texts: shares of 8-grams, as in section 4 of the GPT-2 paper.\n\n"
    )
    return (
        note
        + table(["set", "measure", "value ± error", "examples", "protocol"], rows)
        + between
        + table(
            [
                "set",
                "8-grams found",
                "8-grams",
                "examples touched",
                "half or more",
                "longest, words",
            ],
            overlap,
        )
        + "\n\nWhat it writes for the first examples: words (a Chinese character is one), and "
        "seconds for 1,000 of them, prompts included, on one thread; measured by itself "
        f"(`--timing`), load before {when['load_before']:.1f}, commit {when['commit']}.\n\n"
        + table(["set", "words", "seconds for 1,000"], speed)
    )


def rolling(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{value:.5f}", f"{value - found['exact']:+.5f}"]
        for name, value in {**found["found"], "float64": found["exact"]}.items()
    ]
    return (
        f"The second article of WikiText-2 ({found['tokens']:,} tokens, "
        f"{len(found['windows'])} windows) on random weights of 124M, in nats; "
        "lm-evaluation-harness adds up a window's "
        f"logarithms in single precision, whose numbers lie {found['spacing_fp32']:.1e} apart at "
        "such sums; here they are added up in double precision.\n\n"
        + table(["", "log-likelihood", "less float64"], rows)
    )


TASK_MEASURES = {
    "bleu": "BLEU", "chrf": "chrF", "em": "exact match, %", "f1": "F1, %", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
}  # fmt: skip
NO_MODEL = {"bleu": "copy_", "chrf": "copy_", "em": "trivial_", "f1": "trivial_",
            "rouge1": "lead_", "rouge2": "lead_", "rougeL": "lead_"}  # fmt: skip


def finetuned_tasks(found: dict[str, Any]) -> str:
    parts = [
        f"`{found['model']}` fine-tuned for each task by `recipes/tasks/run.py` for some minutes "
        "of one core, and measured before and after: the loss on rows of the recipe that were not "
        "trained on, and the task's test sets, of which the pairs hold nothing. Without a model: "
        "the source as its translation, the context's first sentence or the most frequent answer, "
        "Lead-3. What a model of this size writes is not worth reading; the file has ten of each.\n"
    ]
    for name, task in found["tasks"].items():
        counts = ", ".join(f"{key} {count:,}" for key, count in task["counts"].items())
        losses = [task[when]["loss"]["nats_a_token"] for when in ("before", "after")]
        rows = [["rows not trained on", "loss, nats a token", *(f"{x:.3f}" for x in losses), "",
                 f"{task['validation']:,}"]]  # fmt: skip
        rows += [row for key in task["after"]["benchmarks"] for row in _before_after(task, key)]
        parts.append(
            f"### {name.capitalize()}\n\n`{' '.join(task['command'])}`; rows: {counts}.\n\n"
            + table(["set", "measure", "before", "after", "no model", "examples"], rows)
            + "\n"
        )
    return "\n".join(parts)


def _before_after(task: dict[str, Any], name: str) -> list[list[str]]:
    both = [task[when]["benchmarks"][name] for when in ("before", "after")]
    rows = []
    for key, title in TASK_MEASURES.items():
        if key in both[0]["measures"]:
            own = [one["measures"][key] for one in both]
            other = both[1]["measures"][NO_MODEL[key] + key]
            values = [f"{m['value']:.3g} ± {m['error']:.2g}" for m in (*own, other)]
            examples = f"{own[1]['rows']:,} of {both[1]['of']:,}"
            rows.append([both[1]["title"], title, *values, examples])
    return rows


def long_inputs(found: dict[str, Any]) -> str:
    rows = []
    for task, runs in found["tasks"].items():
        short, long = runs.values()
        both = (short, long)
        seconds = [f"{run['seconds']:.1f}" for run in both]
        memory = [f"{run['peak_MB']:.1f}" for run in both]
        ratio = f"{long['peak_MB'] / short['peak_MB']:.2f}"
        rows.append([task, *(str(run["parts"]) for run in both), *seconds, *memory, ratio])
    few, many = next(iter(found["tasks"].values()))
    head = ["", *(f"{what}, {pages} pages" for what in ("parts", "seconds", "peak memory, MB")
                  for pages in (few, many)), "memory / memory"]  # fmt: skip
    return (
        f"{found['model']} at fp32 on a novel it was not trained on, {found['words_a_page']} words "
        "a page, a process each. What it writes is not worth reading; the file begins it.\n\n"
        + table(head, rows)
    )


def translate(found: dict[str, Any]) -> str:
    ways = {"once": "once for the document", "each": "for each eight sentences"}
    rows = [[name, spread(found["seconds"][way], 2), f"{found['tokens_read'][way]:,}"]
            for way, name in ways.items()]  # fmt: skip
    ratio = found["seconds"]["each"]["median"] / found["seconds"]["once"]["median"]
    return (
        f"{found['model']} at fp32, {found['pages']} pages into French, the seven examples of the "
        f"prompt read once or again and again; the same text, {ratio:.2f} times as fast.\n\n"
        + table(["examples are read", "seconds", "tokens read and written"], rows)
    )


def train(found: dict[str, Any]) -> str:
    rows = []
    for shape, one in found["shapes"].items():
        ours = one["contenders"]["gpt2"]
        for name, f in one["contenders"].items():
            memory = ours["peak_MB"] / f["peak_MB"]
            rows.append([shape, name, spread(f["tokens_per_second"]), f"{f['peak_MB']:,.0f}",
                         spread(f["ratio"], 2), f"{memory:.2f}"])  # fmt: skip
    head = ["shape", "", "tokens/s", "peak memory, MB", "gpt2's rate to it", "gpt2's memory to it"]
    rounds = sorted({one["rounds"] for one in found["shapes"].values()})
    how = "compiled" if found["compiled"] else "eager"
    return (
        f"fp32, {how}, random tokens; processes of their own that take turns, "
        f"{' or '.join(map(str, rounds))} each. The ratio is that of the medians, in brackets "
        "its spread over turns side by side.\n\n" + table(head, rows)
    )


def shakespeare(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{one['steps']}", f"{one['options']['lr']:g}", ", ".join(map(str, one["seeds"])),
         spread(one["loss"], 3), spread(one["seconds"])]
        for name, one in found["recipes"].items()
    ]  # fmt: skip
    head = ["recipe", "steps", "lr", "seeds", "validation loss, nats", "seconds"]
    text = (
        "nanoGPT's character setting for a CPU (4 layers, 128 wide, 64 characters, 12 rows), our "
        "loop; the loss is that of the whole validation split. adamw is as nanoGPT publishes it; "
    )
    if "search" not in found:
        return (
            text + "adamw-tuned and muon come from a short search by hand.\n\n" + table(head, rows)
        )
    tried = " and ".join(str(len(one["tried"])) for one in found["search"].values())
    return (
        f"{text}adamw-tuned and muon are the shortest of {tried} runs of a search, with another "
        f"seed, that reached {found['goal']} nats, or the best where none did. Muon's time is "
        f"{found['muon_of_tuned_adamw']:.2f} of tuned AdamW's.\n\n" + table(head, rows)
    )


SECTIONS: dict[str, tuple[str, str, Callable[[dict[str, Any]], str]]] = {
    "generate": ("Writing, next to transformers", "benchmarks.generate", generate),
    "load": ("Loading", "benchmarks.load", load),
    "native-avx512": ("The native engine", "benchmarks.native", native),
    "sampling": ("What choosing a token costs", "benchmarks.sampling", sampling),
    **{
        f"peers-{task}": (f"Next to peers: {title}", f"benchmarks.peers {task}", peers)
        for task, title in {
            "decode-32": "decoding after 32 tokens",
            "decode-512": "decoding after 512 tokens",
            "prefill-512": "reading 512 tokens",
            "batch-8": "8 sequences",
            "batch-32": "32 sequences",
        }.items()
    },
    "start": ("From start to first token", "benchmarks.start", start),
    "start-gpt2-xl": ("The same at 1558M", "benchmarks.start --shape gpt2-xl --alone", start),
    "shakespeare": (
        "Shakespeare by characters",
        "python recipes/shakespeare/run.py --text tinyshakespeare.txt --out OUT --seeds 5",
        shakespeare,
    ),
    "exact_head": ("The exact two-stage head", "benchmarks.exact_head", exact_head),
    "reproducibility": (
        "What the same bits everywhere cost",
        "benchmarks.reproducibility",
        reproducibility,
    ),
    "speculation": ("Prompt lookup", "benchmarks.speculation", speculation),
    "quantization": ("Fewer bits a weight", "benchmarks.quantization", quantization),
    "train": ("Training steps", "benchmarks.train", train),
    "train-compiled": ("Training steps, compiled", "benchmarks.train --compile", train),
    "tokenizer": ("The tokenizer", "benchmarks.tokenizer", tokenizer),
    "keys_values": ("Keys and values", "benchmarks.keys_values", keys_values),
    "long_inputs": ("Long inputs of the tasks", "benchmarks.long_inputs", long_inputs),
    "translate": ("Examples of a translation, read once", "benchmarks.translate", translate),
    "prepare": ("Text to token shards", "benchmarks.prepare", prepare),
    "evaluation": ("Scoring, next to lm-evaluation-harness", "benchmarks.evaluation", evaluation),
    "rolling": ("Rolling log-likelihoods and double precision", "benchmarks.rolling", rolling),
    "finetuned_tasks": (
        "Models fine-tuned for the tasks",
        "python recipes/tasks/run.py all --out tuned",
        finetuned_tasks,
    ),
    "mini": ("The bundled model", "benchmarks.mini", mini.describe),
    "poems": ("Regulated verse", "benchmarks.poems --model out/poems/run/model", poems),
    "published": ("Published sets", "benchmarks.published", published),
}


def page() -> str:
    parts = [HEAD]
    for name, (title, module, describe) in SECTIONS.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text("utf-8"))
        m = found["machine"]
        versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items())
        command = module if module.startswith("python ") else f"python -m {module}"
        parts.append(
            f"## {title}\n\n`{command}` -> `benchmarks/results/{name}.json`: "
            f"{m['processor']}, {m['cores']} cores, load before {m['load_before']:.1f}, "
            f"commit {m['commit']}; {versions}. {found.get('caveat', '')}".rstrip()
            + f"\n\n{describe(found)}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(PAGE)
