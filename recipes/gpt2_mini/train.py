"""Train the bundled model `gpt2-mini`: the plainest right loop, start to finish in one file.

    python recipes/gpt2_mini/train.py --data ../shared/data --out out/gpt2-mini

The corpus is 98 English novels in the public domain. Steps: clean the texts, learn a vocabulary,
encode, train, save a folder that any GPT-2 program loads. A state is kept every few minutes, so
the same command goes on where a killed one stopped. `gpt2 train` is the real trainer; this file is
the one to read first.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import tarfile
import time
from pathlib import Path

import numpy as np
import torch

from gpt2 import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer
from gpt2.tokenizer import train_tokenizer

VOCABULARY, CONTEXT, BATCH, STEPS = 4096, 512, 8, 4000
PEAK_RATE, WARMUP, DECAY, CLIP = 3e-3, 200, 0.1, 1.0
SHAPE = {"n_embd": 192, "n_layer": 5, "n_head": 3, "n_positions": CONTEXT}
HELD_OUT = 4  # every 25th novel, that is 4 of 98, is never trained on
SAVE_SECONDS = 180

CARD = """---
license: mit
language: en
library_name: gpt2
pipeline_tag: text-generation
---
# gpt2-mini

The model that ships with the package `gpt2`, so that everything runs without a network. It is a
GPT-2 of {parameters:,} parameters with a vocabulary of its own, trained for {steps:,} steps
({tokens:,} tokens, less than one epoch) by `recipes/gpt2_mini/train.py` on a two-core machine. It
writes in the manner of nineteenth-century novels; it knows nothing and reasons about nothing.

| on four novels it never saw | |
|---|---|
| loss, nats a token | {held_out_loss} |
| perplexity a token (its own vocabulary) | {perplexity} |
| bits a byte | {bits_per_byte} |

**Data**: 94 of the 98 texts of the collection "100 English novels", in the public domain; every
25th was held out. A few have their lines cut at a fixed width, so the model cuts lines too. Their
language, and so the model's, carries the prejudices of their time.

**Licence**: MIT.

**Samples**, unpicked (temperature 0.8, top_k 40, seeds 0 to 2):

{samples}
"""


def read_novels(archive: Path) -> dict[str, str]:
    """Name -> clean text: plain quotes, paragraphs one blank line apart, no table of contents."""
    novels = {}
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile() and member.name.endswith(".txt"):
                raw = tar.extractfile(member).read().decode("utf-8", "replace")
                novels[Path(member.name).stem] = clean(raw)
    return novels


def clean(text: str) -> str:
    """One book in the form the model sees."""
    text = text.lstrip("\ufeff").replace("\r", "")
    for found, plain in (("“", '"'), ("”", '"'), ("‘", "'"), ("’", "'"), ("\t", " "), ("_", "")):
        text = text.replace(found, plain)
    lines = [re.sub(r" +", " ", line).strip() for line in text.split("\n")]
    paragraphs = [line for line in lines if line]
    start = next((i for i, line in enumerate(paragraphs) if len(line) > 200), 0)
    return "\n\n".join(paragraphs[start:]) + "\n"


def encode(tokenizer: GPT2Tokenizer, texts: list[str]) -> torch.Tensor:
    """All texts as one row of ids, each closed by end-of-text."""
    ids: list[int] = []
    for text in texts:
        ids.extend(tokenizer.encode(text))
        ids.append(tokenizer.eos_token_id)
    return torch.from_numpy(np.asarray(ids, np.int64))


def batch_of(ids: torch.Tensor, step: int) -> torch.Tensor:
    """A step's batch [BATCH, CONTEXT], a function of the step alone: resuming is exact."""
    rng = np.random.default_rng([1, step])
    starts = rng.integers(0, len(ids) - CONTEXT, BATCH)
    return torch.stack([ids[s : s + CONTEXT] for s in starts.tolist()])


def rate_at(step: int) -> float:
    """Linear warm-up, then a cosine down to a hundredth of the peak."""
    if step < WARMUP:
        return PEAK_RATE * (step + 1) / WARMUP
    done = (step - WARMUP) / (STEPS - WARMUP)
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


@torch.no_grad()
def evaluate(model: GPT2LMHeadModel, ids: torch.Tensor, windows: int | None = None) -> float:
    """Mean loss in nats a token over consecutive windows of the held-out text."""
    model.eval()
    rows = ids[: len(ids) // CONTEXT * CONTEXT].view(-1, CONTEXT)[:windows]
    losses = [model(chunk, labels=chunk).loss.item() * len(chunk) for chunk in rows.split(8)]
    model.train()
    return sum(losses) / len(rows)


def optimizer_of(model: GPT2LMHeadModel) -> torch.optim.Optimizer:
    """AdamW with decay on the matrices only."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.95), fused=True)


def train(model: GPT2LMHeadModel, ids: dict[str, torch.Tensor], out: Path) -> None:
    """Run the steps that are left, keeping ``state.pt`` and a line of ``log.jsonl`` on the way."""
    optimizer, first, spent = optimizer_of(model), 0, 0.0
    state = out / "state.pt"
    if state.exists():
        kept = torch.load(state, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        first, spent = kept["step"], kept["seconds"]
    begun = saved = time.monotonic()
    for step in range(first, STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step)
        batch = batch_of(ids["train"], step)
        loss = model(batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        now = time.monotonic()
        if step % 50 == 49:
            line = {"step": step + 1, "loss": round(loss.item(), 4), "rate": rate_at(step)}
            line["seconds"] = round(spent + now - begun)
            if step % 500 == 499:
                line["held_out"] = round(evaluate(model, ids["held"], 64), 4)
            with (out / "log.jsonl").open("a") as log:
                print(json.dumps(line), file=log)
            print(line, flush=True)
        if now - saved > SAVE_SECONDS or step == STEPS - 1:
            kept = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            part = state.with_suffix(".part")
            torch.save({**kept, "step": step + 1, "seconds": spent + now - begun}, part)
            part.replace(state)
            saved = now


def measure(model: GPT2LMHeadModel, ids: torch.Tensor, texts: list[str]) -> dict[str, float]:
    """Loss, perplexity and bits a byte on all the held-out text."""
    loss = evaluate(model, ids)
    size = sum(len(text.encode()) for text in texts)
    bits = loss * len(ids) / size / math.log(2)
    figures = {"held_out_loss": loss, "perplexity": math.exp(loss), "bits_per_byte": bits}
    return {name: round(value, 4) for name, value in figures.items()}


def save(
    model: GPT2LMHeadModel, tokenizer: GPT2Tokenizer, figures: dict[str, float], folder: Path
) -> None:
    """The folder that ships: half precision, shards below 4 MB, a card with unpicked samples."""
    prompts = ("The quick brown fox", "It was a dark night", '"My dear," said the old lady,')
    samples = []
    for seed, prompt in enumerate(prompts):
        options = {"do_sample": True, "temperature": 0.8, "top_k": 40, "max_new_tokens": 80}
        samples.append(model.generate(prompt, tokenizer=tokenizer, seed=seed, **options))
    card = CARD.format(
        parameters=model.num_parameters(),
        steps=STEPS,
        tokens=STEPS * BATCH * CONTEXT,
        samples="\n\n".join(f"> {text}".replace("\n", "\n> ") for text in samples),
        **figures,
    )
    licence = {"licence": "MIT; trained on public-domain texts only", "figures": figures}
    model.half().save_pretrained(folder, max_shard_size="3900KB", sidecar=licence)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card, "utf-8")


def main() -> None:
    """Everything, from the archive of novels to the folder in ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with train/")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    novels = list(read_novels(arguments.data / "train" / "100_english_novels.tar.xz").values())
    held, kept = novels[::25][:HELD_OUT], [n for i, n in enumerate(novels) if i % 25]
    if not (out / "vocab.json").exists():
        train_tokenizer(kept, VOCABULARY).save_pretrained(out)
    tokenizer = GPT2Tokenizer.from_pretrained(out)
    if not (out / "ids.pt").exists():
        torch.save(
            {"train": encode(tokenizer, kept), "held": encode(tokenizer, held)}, out / "ids.pt"
        )
    ids = torch.load(out / "ids.pt", weights_only=True)
    print(f"{len(ids['train']):,} tokens to train on, {len(ids['held']):,} held out", flush=True)

    torch.manual_seed(0)
    end = tokenizer.eos_token_id
    shape = {**SHAPE, "vocab_size": len(tokenizer), "bos_token_id": end, "eos_token_id": end}
    dropouts = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}  # less than one epoch
    model = GPT2LMHeadModel(GPT2Config(**shape, **dropouts))
    print(f"{model.config.parameter_count():,} parameters", flush=True)
    train(model.train(), ids, out)

    figures = measure(model, ids["held"], held)
    print(figures)
    save(model, tokenizer, figures, out / "model")


if __name__ == "__main__":
    main()
