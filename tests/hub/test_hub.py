"""Models by name, over a server that speaks the hub's protocol."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gpt2.errors import MissingFileError
from gpt2.hub import bundled_models, resolve
from gpt2.tokenizer import Tokenizer
from tests.hub.conftest import LOAD, Run
from tests.hub.server import Hub

NAME = "openai-community/gpt2"
CLOSED = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.mark.parametrize("name", ["gpt2", NAME])
def test_a_second_load_fetches_nothing(hub: Hub, run: Run, model: Path, name: str) -> None:
    first = run(name)
    assert first.returncode == 0, first.stderr
    folder = Path(first.stdout.strip())
    for file in model.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes()
    assert "model.safetensors" in hub.fetched()
    hub.requests.clear()
    second = run(name)
    assert second.stdout == first.stdout
    assert hub.fetched() == []
    offline = run(name, HF_HUB_OFFLINE="1", HF_ENDPOINT=CLOSED)
    assert offline.stdout == first.stdout
    unreachable = run(name, HF_ENDPOINT=CLOSED)
    assert unreachable.stdout == first.stdout, unreachable.stderr


def test_a_broken_download_is_made_whole_by_the_next(hub: Hub, run: Run, model: Path) -> None:
    hub.cut.add("model.safetensors")
    broken = run(NAME)
    assert "HubError" in broken.stderr, broken.stderr
    assert "run the same command again" in broken.stderr
    hub.cut.clear()
    hub.requests.clear()
    whole = run(NAME)
    assert whole.returncode == 0, whole.stderr
    file = Path(whole.stdout.strip()) / "model.safetensors"
    assert file.read_bytes() == (model / file.name).read_bytes()


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": CLOSED}])
def test_offline_without_the_model_names_what_helps(run: Run, environment: dict[str, str]) -> None:
    result = run("gpt2", **environment)
    assert "HubOfflineError" in result.stderr
    assert "hf download gpt2" in result.stderr
    for name in bundled_models()[:1]:
        assert repr(name) in result.stderr


def test_what_the_hub_has_not(hub: Hub, run: Run, model: Path, tmp_path: Path) -> None:
    assert "HubNotFoundError: the hub has no model 'nobody/nothing'" in run("nobody/nothing").stderr
    assert run(NAME).returncode == 0
    assert (  # although another is cached
        "HubNotFoundError: openai-community/gpt2 has no revision 'v9'" in run(NAME, "v9").stderr
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.json").write_text("{}")
    hub.repos["user/empty"] = empty
    assert "has no model.safetensors or pytorch_model.bin" in run("user/empty").stderr


def test_the_home_of_an_unknown_user() -> None:
    with pytest.raises(MissingFileError, match=r"no file or folder ~nobody1/x: its user is"):
        resolve("~nobody1/x")
    with pytest.raises(MissingFileError, match="its user is unknown"):
        Tokenizer.from_pretrained("~nobody1/x")
    with pytest.raises(MissingFileError, match="its user is unknown"):
        resolve("nobody/nothing", cache_dir="~nobody1/x", local_files_only=True)


def test_damaged_bytes_are_found_and_removed(hub: Hub, run: Run) -> None:
    hub.damaged.add("model.safetensors")
    result = run(NAME)
    assert "CorruptFileError" in result.stderr, result.stderr
    assert "its SHA-256 differs from the hub's" in result.stderr
    hub.damaged.clear()
    again = run(NAME)
    assert again.returncode == 0, again.stderr
    assert "model.safetensors" in hub.fetched()


def test_a_tokenizer_in_the_cache_is_no_model(run: Run) -> None:
    code = "from gpt2 import hub; hub.resolve('gpt2', allow_patterns=['vocab.json'])"
    assert run(code=code).returncode == 0
    assert run(code=code, HF_HUB_OFFLINE="1").returncode == 0
    result = run("gpt2", HF_HUB_OFFLINE="1")
    assert "HubOfflineError: gpt2 is not on this machine" in result.stderr


@pytest.mark.parametrize("sub", ["tok", "tok/"])
def test_a_tokenizer_in_a_subfolder(
    hub: Hub, run: Run, model: Path, tmp_path: Path, sub: str
) -> None:
    folder = tmp_path / "repo" / "tok"
    folder.mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(model / name, folder)
    hub.repos["user/sub"] = folder.parent
    code = (
        "from gpt2 import AutoTokenizer\n"
        f"print(len(AutoTokenizer.from_pretrained('user/sub', subfolder={sub!r})))"
    )
    for offline in ("0", "1"):
        result = run(code=code, HF_HUB_OFFLINE=offline)
        assert result.stdout == "2\n", result.stderr
    assert sorted(hub.fetched()) == ["merges.txt", "vocab.json"]


@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_only_what_is_used_comes_down(
    hub: Hub, run: Run, model: Path, tmp_path: Path, form: str
) -> None:
    used = {path.name for path in model.iterdir()}
    folder = shutil.copytree(model, tmp_path / "many")
    others = ["tf_model.h5", "flax_model.msgpack", "README.md", "pytorch_model.bin"]
    for name in others:
        (folder / name).write_bytes(b"x" * 100)
    if form == "bin":
        (folder / "model.safetensors").unlink()
        used = used - {"model.safetensors"} | {"pytorch_model.bin"}
    hub.repos["user/many"] = folder
    first = run("user/many")
    assert {path.name for path in Path(first.stdout.strip()).iterdir()} == used, first.stderr
    assert set(hub.fetched()) == used
    offline = run("user/many", HF_HUB_OFFLINE="1")
    assert offline.stdout == first.stdout, offline.stderr


def test_the_named_chat_templates_of_a_model_come_down(
    hub: Hub, run: Run, model: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(model, tmp_path / "chats")
    named = Path("additional_chat_templates") / "tool_use.jinja"
    (folder / named).parent.mkdir()
    (folder / named).write_text("{{ tools }}")
    hub.repos["user/chats"] = folder
    result = run("user/chats")
    assert (Path(result.stdout.strip()) / named).read_text() == "{{ tools }}", result.stderr


ANSWERS = {
    "503": (503, b"<html>Service Unavailable</html>"),
    "429": (429, b"Too Many Requests"),
    "portal": (200, b"<html><body>Log in to this network</body></html>"),
    "cut": (200, b'{"id": "openai-community/gpt2", "sibl'),
    "other": (200, b"[1, 2]"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_cached_loads_while_the_hub_does_not_serve(hub: Hub, run: Run, answer: str) -> None:
    whole = run(NAME)
    assert whole.returncode == 0, whole.stderr
    hub.answer = ANSWERS[answer]
    cached = run(NAME)
    assert (cached.returncode, cached.stdout) == (0, whole.stdout), cached.stderr
    other = run("someone/else")
    assert other.returncode == 1
    assert re.search(
        "HubOfflineError: someone/else is not on this machine and (the hub is "
        "unavailable|the response did not come from the hub)",
        other.stderr,
    ), other.stderr


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "HubError: the hub refused someone/else: .*401"),
        (403, "HubError: the hub refused someone/else: .*403"),
        (404, "HubError: the hub refused someone/else: .*404"),
        ("gone", "HubNotFoundError: the hub has no model 'someone/else', or it is private"),
    ],
)
def test_what_is_cached_loads_where_the_hub_refuses_it(
    hub: Hub, run: Run, status: int | str, error: str
) -> None:
    """With an expired token, behind a firewall, or when the model is private or deleted by now."""
    whole = run(NAME)
    assert whole.returncode == 0, whole.stderr
    if isinstance(status, int):
        hub.answer = (status, b"refused")
    else:
        hub.repos.clear()
    cached = run(NAME)
    assert (cached.returncode, cached.stdout) == (0, whole.stdout), cached.stderr
    assert re.search(error, run("someone/else").stderr)


@pytest.mark.parametrize("name", ["config.json", "merges.txt", "vocab.json"])
def test_small_files_are_held_against_the_hubs_hash(hub: Hub, run: Run, name: str) -> None:
    hub.damaged.add(name)
    result = run(NAME)
    assert (
        f"{name} was damaged in transit (its hash differs from the hub's) and was removed"
        in result.stderr
    )
    hub.damaged.clear()
    again = run(NAME)
    assert again.returncode == 0, again.stderr
    assert hub.fetched().count(name) == 2


def test_odd_names_of_a_listing_are_left_alone(hub: Hub, run: Run, tmp_path: Path) -> None:
    hub.odd = ["../model-1.safetensors", "/etc/model-2.safetensors", "model-\x00.safetensors",
               "model-/../../x.safetensors", "a\\b.json"]  # fmt: skip
    result = run(NAME)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}


def test_a_cut_file_of_the_cache_says_what_to_remove(hub: Hub, run: Run) -> None:
    code = LOAD.replace(
        "print(resolve(",
        "from gpt2.checkpoint import read_checkpoint as read\n    print(read(resolve(",
    ).replace("None))", "None)).path)")
    folder = Path(run(NAME).stdout.strip())
    blob = (folder / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-100])
    result = run(NAME, code=code)
    assert f"Remove {blob}, so that it is downloaded again." in result.stderr, result.stderr
    blob.unlink()
    assert run(NAME, code=code).returncode == 0
