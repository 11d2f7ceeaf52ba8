"""More forms: tokenizers, options, receipts, journals, texts and what training keeps."""

from __future__ import annotations

import bz2
import functools
import gzip
import hashlib
import importlib
import io
import json
import lzma
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.forms import FORMS, Form, model, used

TEXTS = [
    "the quick brown fox jumps over the lazy dog.",
    "白日依山尽",
    "it's late, and then 12 more",
]
ROWS = [{"text": t, "prompt": t, "completion": " yes", "n": n} for n, t in enumerate(TEXTS)]
CHAT = [{"role": "user", "content": "hello the"}, {"role": "assistant", "content": "the"}]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@functools.cache
def small() -> Any:
    """A byte-level tokenizer."""
    from tests.tiny import tiny_tokenizer

    return tiny_tokenizer()


def tokenizer(*kept: str) -> Callable[[Path], None]:
    """A byte-level tokenizer's files, all or those named."""

    def make(folder: Path) -> None:
        from tests.tiny import tiny_tokenizer

        made = tiny_tokenizer()
        made.add_special_tokens({"pad_token": "<pad>"})
        made.add_tokens(["quick fox"])
        made.chat_template = TEMPLATE
        made.save_pretrained(folder)
        for path in folder.iterdir():
            if kept and path.name not in kept:
                path.unlink()

    return make


def wordpiece(folder: Path) -> None:
    """vocab.txt and what lies beside it."""
    from tests.tokenizer.chinese import write_chinese

    write_chinese(folder, chat_template=TEMPLATE)


def both_ways(case: Path) -> None:
    """Encode and decode with the tokenizer of a folder; its template where it has one."""
    from gpt2.tokenizer import Tokenizer

    found = Tokenizer.from_pretrained(case)
    ids = found.encode("The quick fox 狐狸<pad> don't!<|endoftext|>")
    found.decode(ids, skip_special_tokens=True)
    found(TEXTS, truncation=True, max_length=8)
    "".join(found.convert_ids_to_tokens(ids))
    if found.chat_template:
        found.apply_chat_template(CHAT, tokenize=False)


def generation(folder: Path) -> None:
    """A model with options of its own."""
    model(folder)
    options = {"do_sample": True, "temperature": 0.8, "top_k": 20, "top_p": 0.9, "num_beams": 1,
               "repetition_penalty": 1.1, "no_repeat_ngram_size": 3, "max_new_tokens": 2, "seed": 1,
               "suppress_tokens": [5], "bad_words_ids": [[3, 4]], "eos_token_id": [294, 7],
               "pad_token_id": 0, "sequence_bias": [[[7], 1.5]], "num_return_sequences": 2,
               "stop_strings": ["zz"], "max_length": 12, "penalty_alpha": 0.0}  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(options))


def with_its_options(case: Path) -> None:
    """Generate by the options of a folder's file."""
    used(case, max_new_tokens=None)


def receipt(folder: Path) -> None:
    """A model and a receipt of what it wrote; the name in it is relative to the case."""
    from gpt2 import receipt as receipts
    from gpt2.loading import load

    model(folder / "model")
    loaded = load(folder / "model", threads=1)
    options = {"max_new_tokens": 3, "do_sample": True, "seed": 3}
    new = loaded.generate([[1, 2, 3]], **options).tolist()[0][3:]
    receipts.write(folder / "receipt.json",
                   receipts.make(loaded, folder / "model", [1, 2, 3], [new], options))  # fmt: skip


def signed(case: Path) -> None:
    """Make a receipt's own hash right."""
    from gpt2 import receipt as receipts

    path = case / "receipt.json"
    content = json.loads(path.read_text("utf-8"))
    body = {name: value for name, value in content.items() if name != "sha256"}
    path.write_text(json.dumps({**body, "sha256": receipts._digest(body)}), "utf-8")


def replayed(case: Path) -> None:
    """Replay a receipt on the model beside it."""
    from gpt2 import receipt as receipts

    receipts.replay(receipts.read(case / "receipt.json"), model=case / "model", threads=1)


def tokens(folder: Path) -> None:
    """What `gpt2 prepare` writes, in several shards."""
    from gpt2.data import PrepareConfig, prepare

    source = folder.with_name("source")
    source.mkdir(parents=True)
    for n in range(12):
        (source / f"{n:02}.txt").write_text(f"{n} {TEXTS[n % 3]}" * 3, "utf-8")
    prepare([source], folder, small(), PrepareConfig(shard_tokens=200, validation=0.3))


def hashed(case: Path) -> None:
    """Make the hashes and counts of shards in the manifest right."""
    path = case / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    for split in content["splits"].values():
        for shard in split["shards"]:
            for name, field in ((shard["file"], "sha256"),
                                (Path(shard["file"]).stem + ".ends", "ends_sha256")):  # fmt: skip
                shard[field] = hashlib.sha256((case / Path(name).name).read_bytes()).hexdigest()
    path.write_text(json.dumps(content), "utf-8")


def learned(case: Path) -> None:
    """Verify token data and take rows and documents of it, as training does."""
    from gpt2.data import TokenData
    from gpt2.training.inputs import corpus

    corpus.verified(case)
    for split in ("train", "validation"):
        data = TokenData(case, split)
        data.run(0, min(8, len(data))).sum()
        data.run(max(0, len(data) - 8), min(8, len(data))).sum()
        for number in {0, data.documents - 1} if data.documents else ():
            data.tokenizer().decode(data.document(number).tolist()[:50])


def overwritten(case: Path) -> None:
    """Prepare anew over a folder that says what is to be removed of it."""
    from gpt2.data import PrepareConfig, prepare

    source = case.parent / "text.txt"
    source.write_text(TEXTS[0], "utf-8")
    try:
        prepare([source], case, small(), PrepareConfig(threads=1), overwrite=True)
    finally:
        source.unlink()


def unfinished(folder: Path) -> None:
    """A preparation that was stopped before its manifest."""
    from gpt2.data import prepare
    from gpt2.data.preparation import _Job

    (folder / "text").mkdir(parents=True)
    for n, content in enumerate(TEXTS * 2):
        (folder / "text" / f"{n}.txt").write_text(f"{n} {content}", "utf-8")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    whole, _Job.describe = _Job.describe, stop  # type: ignore[method-assign]
    try:
        prepare([folder / "text"], folder / "out", small(), without_copies())
    except KeyboardInterrupt:
        pass
    finally:
        _Job.describe = whole  # type: ignore[method-assign]


def without_copies() -> Any:
    """The options of `unfinished`."""
    from gpt2.data import PrepareConfig

    return PrepareConfig(shard_tokens=30, threads=1, filter="dedup", validation=0.2)


def finished(case: Path) -> None:
    """Go on with a preparation that was stopped."""
    from gpt2.data import prepare

    prepare([case / "text"], case / "out", small(), without_copies())


def state(folder: Path) -> None:
    """A run with a checkpoint after its first step of two."""
    from tests.training.runs import trainer

    trainer(folder, RUN).run()
    for name in ("model", "checkpoints/step-000002"):
        shutil.rmtree(folder / name)


RUN: dict[str, Any] = {"steps": 2, "save_every": 1, "validate_every": 1, "keep": 5, "warmup": 0}


def resumed(case: Path) -> None:
    """Go on with a run."""
    from tests.training.runs import trainer

    trainer(case, RUN, resume=True).run()


def distributed(folder: Path) -> None:
    """The optimiser's state as sharded runs write it."""
    import torch

    from gpt2.training.checkpoints import optimizer_shards

    folder.mkdir(parents=True)
    optimizer_shards.write(
        folder, {f"h.{n}.{m}": torch.ones(4, 6) * n for n in range(2) for m in ("m", "v")}
    )


def gathered(case: Path) -> None:
    """Read the state of a sharded run in one process."""
    import torch

    from gpt2.errors import CorruptFileError
    from gpt2.training.checkpoints import optimizer_shards

    def room(name: str, size: Any) -> torch.Tensor:
        if tuple(size) != (4, 6):
            raise CorruptFileError(f"{name} has another shape")
        return torch.zeros(size)

    optimizer_shards.read(case, room, several=False)


SETTINGS = {"model": "m", "options": {"limit": 3, "names": ["a", "b"]}}


def journal(folder: Path) -> None:
    """An evaluation that was stopped."""
    from gpt2.evaluation.runner import Rows

    folder.mkdir(parents=True)
    rows = Rows(folder / "out.journal", SETTINGS)
    for name in ("lambada", "cbt"):
        rows.add(name, [{"right": True, "logprob": -1.5, "text": "狐"}] * 2, 0.25)


def checked(case: Path) -> None:
    """Make the sums of a journal's lines right."""
    lines = []
    for line in (case / "out.journal").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if "check" in entry:
            text = json.dumps([entry["benchmark"], entry["rows"], entry["seconds"]])
            entry["check"] = zlib.crc32(text.encode())
        lines.append(json.dumps(entry))
    (case / "out.journal").write_text("\n".join(lines) + "\n", "utf-8")


def continued(case: Path) -> None:
    """Take up an evaluation and add to it, with the figures of what was there."""
    from gpt2.evaluation.runner import Rows

    rows = Rows(case / "out.journal", SETTINGS)
    try:
        rows.add("lambada", [{"right": False}], 1.0)
    finally:
        if rows._journal is not None:
            rows._journal.close()


def batch(folder: Path) -> None:
    """Rows of a task and the results of some."""
    model(folder / "model", n_positions=64)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    batched(folder)
    done = (folder / "out.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "out.jsonl").write_bytes(b"".join(done[:2]))


def batched(case: Path) -> None:
    """Work through the rows that are left."""
    from gpt2.loading import load
    from gpt2.tasks import TASKS
    from gpt2.tasks.batch import run_batch

    loaded = load(case / "model", threads=1)
    run_batch(TASKS["summarize"], loaded, case / "rows.jsonl", case / "out.jsonl",
              {"max_new_tokens": 2}, {"model": "m"})  # fmt: skip


def pairs(folder: Path) -> None:
    """Prompts with completions in each form."""
    folder.mkdir(parents=True)
    for name, content in plain_texts().items():
        if name.split(".")[-1] in ("jsonl", "json", "csv", "tsv"):
            (folder / name).write_bytes(content)


def paired(case: Path) -> None:
    """Read each of the files, each with an end of its own."""
    from gpt2.training.inputs.examples import read_pairs

    each(case, read_pairs)


def each(case: Path, read: Callable[[Path], object]) -> None:
    """Read all files; the first error of ours is raised after the last file."""
    from gpt2.errors import GPT2Error

    errors = []
    for path in sorted(case.iterdir()):
        try:
            read(path)
        except GPT2Error as error:
            errors.append(error)
    if errors:
        raise errors[0]


def plain_texts() -> dict[str, bytes]:
    """A file of each plain form, by its name."""
    lines = "\n".join(json.dumps(row) for row in ROWS).encode() + b"\n"
    cells = [["text", "prompt", "completion"], *([t, t, " yes"] for t in TEXTS)]
    table, tabs = ("\n".join(end.join(f'"{c}"' for c in row) for row in cells) for end in ",\t")
    page = b"<html><body><h1>Title</h1><p>" + TEXTS[0].encode() * 4 + b"</p></body></html>"
    return {
        "a.txt": "<|endoftext|>".join(TEXTS).encode(),
        "a.jsonl": lines,
        "a.json": json.dumps(ROWS).encode(),
        "a.csv": table.encode(),
        "a.tsv": tabs.replace('"', "").encode(),
        "a.html": page,
        "a.warc": warc(page),
    }


def warc(page: bytes) -> bytes:
    """A crawl of one page."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = ("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.b/\r\n"
            "WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
            "Content-Type: application/http; msgtype=response\r\n"
            f"Content-Length: {len(answer)}\r\n\r\n")  # fmt: skip
    return head.encode() + answer + b"\r\n\r\n"


def packed_texts() -> dict[str, bytes]:
    """Compressed files and archives, and Parquet."""
    whole = plain_texts()
    found = {"a.txt.gz": gzip.compress(whole["a.txt"]), "a.txt.bz2": bz2.compress(whole["a.txt"]),
             "a.jsonl.xz": lzma.compress(whole["a.jsonl"]), "a.zip": zipped(whole),
             "a.tar": tarred(whole)}  # fmt: skip
    zstd = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    found["a.txt.zst"] = importlib.import_module(zstd).compress(whole["a.txt"])
    arrow, parquet = (importlib.import_module(n) for n in ("pyarrow", "pyarrow.parquet"))
    out = io.BytesIO()
    parquet.write_table(arrow.table({"text": TEXTS, "n": [1, 2, 3]}), out)
    return {**found, "a.parquet": out.getvalue()}


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def source(name: str) -> Form:
    """A text of one form, prepared."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / name).write_bytes({**plain_texts(), **packed_texts()}[name])

    return Form(make, prepared)


def prepared(case: Path) -> None:
    """Prepare what lies in a folder, into one inside it."""
    from gpt2.data import PrepareConfig, prepare

    prepare([case], case / "out", small(), PrepareConfig(threads=1))


NAMES = ("a.txt", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.html", "a.warc", "a.txt.gz",
         "a.txt.bz2", "a.jsonl.xz", "a.txt.zst", "a.zip", "a.tar", "a.parquet")  # fmt: skip
SIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "chat_template.jinja")  # fmt: skip
FORMS |= {
    "generation-config": Form(generation, with_its_options, ("generation_config.json",)),
    "tokenizer-json": Form(tokenizer(), both_ways, ("tokenizer.json",)),
    "vocab-merges": Form(tokenizer("vocab.json", "merges.txt", *SIDE), both_ways,
                         ("vocab.json", "merges.txt")),
    "tokenizer-config": Form(tokenizer(), both_ways, SIDE),
    "wordpiece": Form(wordpiece, both_ways, ("vocab.txt", "tokenizer_config.json")),
    "receipt": Form(receipt, replayed, ("receipt.json",), signed),
    "tokens": Form(tokens, learned, ("manifest.json", "*.bin", "*.ends", "tokenizer/*"), hashed),
    "tokens-overwrite": Form(tokens, overwritten, ("manifest.json",)),
    "progress": Form(unfinished, finished, ("out/.partial/*",)),
    "checkpoint": Form(state, resumed, ("checkpoints/step-000001/**/*",)),
    "distributed": Form(distributed, gathered, (".metadata", "*.distcp")),
    "evaluation-journal": Form(journal, continued, ("*.journal",), checked),
    "batch-journal": Form(batch, batched, ("*.jsonl",)),
    "pairs": Form(pairs, paired),
    **{f"prepare-{name[2:]}": source(name) for name in NAMES},
}  # fmt: skip
