"""What is said where an optional package is missing: which extra, and a command for this copy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import MissingDependencyError
from gpt2.extras import DISTRIBUTION, EXTRAS, install, need, needed
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SHA = "0123456789abcdef0123456789abcdef01234567"


def test_the_extras_are_those_of_the_project() -> None:
    extras = PROJECT["optional-dependencies"]
    for extra, modules in EXTRAS.items():
        names = [re.split(r"[<>=; ]", package)[0] for package in extras[extra]]
        assert names == list(modules.values())
    most = [extra for extra in EXTRAS if extra != "cluster"]
    assert extras["all"] == [f"{DISTRIBUTION}[{','.join(most)}]"]
    assert PROJECT["name"] == DISTRIBUTION


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_every_extra(page: str) -> None:
    listed = re.findall(r"^\| `pip install '\.\[(\w+)\]'`", (ROOT / page).read_text("utf-8"), re.M)
    assert sorted(listed) == sorted([*EXTRAS, "all"])


def test_a_checkout_names_itself() -> None:
    assert install("torch") == f"pip install -e '{ROOT}[torch]'"


def told(site: Path, origin: Any, extra: str = "torch") -> str:
    """What a copy of the package in ``site`` says that was installed from ``origin``."""
    package, about = site / "gpt2", site / f"{DISTRIBUTION.replace('-', '_')}-0.1.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    for name in ("__init__.py", "elsewhere.py", "errors.py", "extras.py"):
        shutil.copy(ROOT / "src" / "gpt2" / name, package)
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 0.1.0\n"
    )
    if origin is not None:
        text = origin if isinstance(origin, str) else json.dumps(origin)
        (about / "direct_url.json").write_text(text)
    code = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    code += f"from gpt2.extras import install; print(install({extra!r}))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_index_is_named_only_where_it_gave_the_copy(tmp_path: Path) -> None:
    assert told(tmp_path, None) == f"pip install '{DISTRIBUTION}[torch]'"


@pytest.mark.parametrize("name", ["gpt2_whole-0.1.0-py3-none-any.whl", "a folder", "它's.tar.gz"])
def test_a_file_or_folder_is_named(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.mkdir()
    said = told(tmp_path / "site", {"url": place.as_uri(), "dir_info": {}})
    shown = subprocess.run(
        ["sh", "-c", f"printf %s {said.removeprefix('pip install ')}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == f"{place}[torch]"


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (
            {"url": "https://x.org/g.git", "vcs_info": {"vcs": "git", "commit_id": SHA}},
            f"git+https://x.org/g.git@{SHA}",
        ),
        ({"url": "https://x.org/g.whl", "archive_info": {}}, "https://x.org/g.whl"),
    ],
    ids=["git", "archive"],
)
def test_an_address_is_named(origin: Any, requirement: str, tmp_path: Path) -> None:
    assert told(tmp_path, origin) == f"pip install '{DISTRIBUTION}[torch] @ {requirement}'"


@pytest.mark.parametrize("origin", [{"url": "file:///no/such/gpt2.whl"}, "{", {}, "[]"])
def test_where_the_copy_came_from_is_gone_or_unreadable(origin: Any, tmp_path: Path) -> None:
    assert told(tmp_path, origin, "eval") == "pip install sacrebleu rouge-score"


def test_a_package_that_is_there_and_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gguf.py").write_text("from json import nothing_of_that_name")
    (tmp_path / "sacrebleu.py").write_text(
        "raise ImportError('libx.so is missing', name='sacrebleu')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("gguf", "sacrebleu"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ImportError, match="nothing_of_that_name"):  # not ours to explain
        need("gguf", "Writing")
    with pytest.raises(MissingDependencyError, match=r"BLEU needs .*cannot be loaded \(libx\.so"):
        need("sacrebleu", "BLEU")


def test_a_module_of_no_extra_stays_python_s_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needed("This"):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
