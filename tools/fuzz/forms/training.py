"""The files of preparation and training."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from tools.fuzz.forms.form import Form, Make, called
from tools.fuzz.forms.tokenizers import TEXTS, small


def tokens(folder: Path) -> None:
    """Write token data in several shards with `gpt2 prepare`."""
    from gpt2.data import PrepareConfig, prepare

    source = folder.with_name("source")
    source.mkdir(parents=True)
    for n in range(12):
        (source / f"{n:02}.txt").write_text(f"{n} {TEXTS[n % 3]}" * 3, "utf-8")
    prepare([source], folder, small(), PrepareConfig(shard_tokens=200, validation=0.3))


def hashed(case: Path) -> None:
    """Make the hashes and counts of shards in the manifest valid."""
    path = case / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    for split in content["splits"].values():
        for shard in split["shards"]:
            for name, field in ((shard["file"], "sha256"),
                                (Path(shard["file"]).stem + ".ends", "ends_sha256")):  # fmt: skip
                shard[field] = hashlib.sha256((case / Path(name).name).read_bytes()).hexdigest()
    path.write_text(json.dumps(content), "utf-8")


def learned(case: Path) -> None:
    """Verify token data and read rows and documents, as training does."""
    from gpt2.data import TokenData
    from gpt2.training.inputs import corpus

    corpus.verify_shards(case)
    for split in ("train", "validation"):
        data = TokenData(case, split)
        data.run(0, min(8, len(data))).sum()
        data.run(max(0, len(data) - 8), min(8, len(data))).sum()
        for number in {0, data.documents - 1} if data.documents else ():
            data.tokenizer().decode(data.document(number).tolist()[:50])


def overwritten(case: Path) -> None:
    """Prepare again over a folder whose manifest lists the files to remove."""
    from gpt2.data import PrepareConfig, prepare

    source = case.parent / "text.txt"
    source.write_text(TEXTS[0], "utf-8")
    try:
        prepare([source], case, small(), PrepareConfig(threads=1), overwrite=True)
    finally:
        source.unlink()


def unfinished(folder: Path) -> None:
    """Write a preparation that stopped before its manifest."""
    from gpt2.data import prepare
    from gpt2.data.preparation import _Job

    (folder / "text").mkdir(parents=True)
    for n, content in enumerate(TEXTS * 2):
        (folder / "text" / f"{n}.txt").write_text(f"{n} {content}", "utf-8")

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    whole, _Job.describe = _Job.describe, stop  # type: ignore[method-assign, assignment]
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
    """Resume a preparation that was stopped."""
    from gpt2.data import prepare

    prepare([case / "text"], case / "out", small(), without_copies())


STEP = "checkpoints/step-000001"
RUN: dict[str, Any] = {"steps": 2, "save_every": 1, "validate_every": 1, "keep": 5, "warmup": 0}


def state(folder: Path) -> None:
    """Write a run with a checkpoint after the first of its two steps."""
    from tests.training.runs import trainer

    trainer(folder, RUN).run()
    for name in ("model", "checkpoints/step-000002"):
        shutil.rmtree(folder / name)


def resumed(case: Path) -> None:
    """Resume a run."""
    from tests.training.runs import trainer

    trainer(case, RUN, resume=True).run()


def distributed(folder: Path) -> None:
    """Write the optimiser state as sharded runs do."""
    import torch

    from gpt2.training.checkpoints import optimizer_shards as shards

    folder.mkdir(parents=True)
    shards.write(folder, {f"h.{n}.{m}": torch.ones(4, 6) * n for n in range(2) for m in ("m", "v")})


def gathered(case: Path) -> None:
    """Read the optimiser state of a sharded run in one process."""
    import torch

    from gpt2.errors import CorruptFileError
    from gpt2.training.checkpoints import optimizer_shards as shards

    def room(name: str, size: Any) -> torch.Tensor:
        if tuple(size) != (4, 6):
            raise CorruptFileError(f"{name} has another shape")
        return torch.zeros(size)

    shards.read(case, room, several=False)


def several(folder: Path) -> None:
    """Write a run whose checkpoint has the optimiser state in shards."""
    from gpt2.training.checkpoints import optimizer_shards as shards
    from gpt2.training.checkpoints.store import OPTIMIZER, read_optimizer

    state(folder)
    place = folder / STEP
    whole = {name: tensor.clone() for name, tensor in read_optimizer(place).items()}
    (place / "training" / OPTIMIZER).unlink()
    (place / "training" / shards.FOLDER).mkdir()
    shards.write(place / "training" / shards.FOLDER, whole)


def trained(folder: Path) -> None:
    """Write a run of the command, on a text and with its own vocabulary."""
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("".join(f"{n} {TEXTS[n % 3]}\n" for n in range(90)), "utf-8")
    command()(folder)
    for name in ("model", "checkpoints/step-000002"):
        shutil.rmtree(folder / "run" / name)


def command(*more: str) -> Make:
    """Run `gpt2 train` on a text."""
    shape = ("--layers", "1", "--width", "16", "--heads", "2", "--context", "16")
    small = ("--vocab-size", "270", "--batch-size", "2", "--threads", "1", "--warmup", "0",
             "--sample-every", "0", "--device", "cpu", "--steps", "2", "--save-every", "1",
             "--keep", "5")  # fmt: skip
    return called("train", "{}/text.txt", "-o", "{}/run", *shape, *small, *more)


KEPT = ("options.json", "metrics.jsonl", "data/vocabulary/*", "data/tokens/*")
FORMS: dict[str, Form] = {
    "tokens": Form(tokens, learned, ("manifest.json", "*.bin", "*.ends", "tokenizer/*"), hashed),
    "tokens-overwrite": Form(tokens, overwritten, ("manifest.json", "tokenizer/*")),
    "progress": Form(unfinished, finished, ("out/.partial/*",)),
    "checkpoint": Form(state, resumed, (f"{STEP}/**/*",)),
    "checkpoint-shards": Form(several, resumed, (f"{STEP}/training/**/*",)),
    "run": Form(trained, command("--resume"),
                tuple(f"run/{name}" for name in KEPT)),
    "distributed": Form(distributed, gathered, (".metadata", "*.distcp")),
}  # fmt: skip
