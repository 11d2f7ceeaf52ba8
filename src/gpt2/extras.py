"""Optional packages: the extra that provides each, and the command that installs it."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpt2.errors import MissingDependencyError

DISTRIBUTION = "gpt2-whole"  # on PyPI, where `gpt2` is another project

# Extra -> module -> the package that provides it; must match pyproject.toml.
EXTRAS = {
    "torch": {"torch": "torch", "matplotlib": "matplotlib", "tensorboard": "tensorboard"},
    "eval": {"sacrebleu": "sacrebleu", "rouge_score": "rouge-score"},
    "gguf": {"gguf": "gguf"},
    "wordpiece": {"tokenizers": "tokenizers"},
    "chat": {"jinja2": "jinja2"},
    "serve": {
        "starlette": "starlette",
        "uvicorn": "uvicorn",
        "httptools": "httptools",
        "uvloop": "uvloop",
        "pydantic": "pydantic",
        "prometheus_client": "prometheus-client",
    },
    "structured": {"llguidance": "llguidance"},
    "data": {
        "datasets": "datasets",
        "pyarrow": "pyarrow",
        "resiliparse": "resiliparse",
        "fastwarc": "fastwarc",
        "backports": "backports.zstd",
    },
    "cluster": {"ray": "ray"},
    "remote": {"fsspec": "fsspec", "aiohttp": "aiohttp"},
}


def need(module: str, what: str) -> Any:
    """Import a module of an extra that ``what`` needs. Raises as `needed` does."""
    with needed(what):
        return importlib.import_module(module)


@contextlib.contextmanager
def needed(what: str, instead: str = "") -> Iterator[None]:
    """Wrap an import; raises `MissingDependencyError` if a package of an extra is missing.

    The message says that ``what`` needs it, and gives the install command and ``instead``, an
    alternative.
    """
    try:
        yield
    except ImportError as error:
        module = (error.name or "").split(".")[0]
        extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
        if extra is None:
            raise
        package = EXTRAS[extra][module]
        absent = isinstance(error, ModuleNotFoundError)
        state = "is not installed" if absent else f"cannot be loaded ({error})"
        other = f" ({instead})" if instead else ""
        raise MissingDependencyError(
            f"{what} needs {package}, which {state}: {install(extra)}{other}"
        ) from None


@functools.cache
def install(extra: str = "") -> str:
    """The command that reinstalls this copy with an extra.

    It names the folder, archive or repository that the copy was installed from (PEP 610), or the
    distribution if it came from an index. If the source no longer exists, it names the extra's
    packages.
    """
    wanted = f"[{extra}]" if extra else ""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "csrc").is_dir():
        return f"pip install -e {shlex.quote(f'{checkout}{wanted}')}"
    try:
        source = _source(wanted)
    except (LookupError, OSError, TypeError, ValueError):
        return "pip install " + " ".join(EXTRAS.get(extra, {}).values() or [DISTRIBUTION])
    return f"pip install {shlex.quote(source)}"


def _source(wanted: str) -> str:
    """The argument of pip install. Raises `LookupError` if the source is no longer known, and
    `LookupError`, `TypeError` or `ValueError` if its record is damaged.
    """
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        written = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        raise LookupError(DISTRIBUTION) from None
    if written is None:
        return DISTRIBUTION + wanted
    origin = json.loads(written)
    address = urlsplit(origin["url"])
    if address.scheme == "file":
        path = Path(url2pathname(address.path))
        if not path.exists():
            raise LookupError(str(path))
        return f"{path}{wanted}"
    url = origin["url"]
    if version := origin.get("vcs_info"):
        url = f"{version['vcs']}+{url}@{version['commit_id']}"
    return f"{DISTRIBUTION}{wanted} @ {url}"
