"""The page at ``/``: what is sent, under which policy; test_playground.py opens it in a browser."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import gpt2
from tests.serving.conftest import Running

PACKAGE = Path(gpt2.__file__).parent
WEB = PACKAGE / "serving" / "web"
MOST_BYTES = 120_000
OURS = sorted([*WEB.glob("*.js"), *(PACKAGE / "web").glob("*.js")])


def test_the_page_and_all_it_loads_are_served_with_a_policy(served: Running) -> None:
    seen, waiting, size = set(), ["/"], 0
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = served.client.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        size += len(answer.content)
        for name in re.findall(r"""(?:from |href=|src=)["']([^"':]+)["']""", answer.text):
            found = os.path.normpath(Path(path).parent / name) if name[0] == "." else f"/{name}"
            if found not in seen and not path.endswith("lit-html.js"):
                waiting.append(found)
    sent = {f"/{path.relative_to(PACKAGE)}" for path in OURS}
    sent |= {"/", "/web/base.css", "/serving/web/style.css", "/web/lit/lit-html.js"}
    assert seen == sent
    assert size < MOST_BYTES


def test_what_a_class_is_asked_for_is_there() -> None:
    """A spoilt name is an error only in a browser, which not every run of the tests has."""
    texts = {path: path.read_text("utf-8") for path in OURS}
    statics = {
        (name, method)
        for text in texts.values()
        for name in re.findall(r"export class (\w+)", text)
        for method in re.findall(r"static (?:async )?(\w+)\(", text)
    }
    names = {name for name, _ in statics}
    asked = {call for text in texts.values() for call in re.findall(r"\b(\w+)\.(\w+)\(", text)}
    assert names
    assert {call for call in asked if call[0] in names} <= statics


def test_the_page_needs_no_key(tmp_path: Path, tiny_folder: Path) -> None:
    from tests.serving.conftest import running

    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef\n")
    with running(tiny_folder, api_keys=str(keys)) as found:
        assert found.client.get("/").status_code == 200
        assert found.client.get("/v1/models").status_code == 401


@pytest.mark.parametrize(
    "path", ["/web/../app.py", "/web/package.json", "/web/", "/web/lit", "/serving/page.py"]
)
def test_nothing_else_is_served(served: Running, path: str) -> None:
    assert served.client.get(path).status_code == 404


def test_every_text_is_in_both_languages_and_used() -> None:
    tables = (WEB / "strings.js", PACKAGE / "web" / "language.js")
    table = "".join(path.read_text("utf-8") for path in tables)
    rows = re.findall(r"^  (\w+): \[(.*)\],$", table, re.MULTILINE)
    code = "".join(path.read_text("utf-8") for path in OURS if path not in tables)
    for name, texts in rows:
        assert len(re.findall(r"'[^']*'", texts)) in (2, 4), name
        assert f"'{name}'" in code or name.startswith(("ended_", "choice_")), name
    used = set(re.findall(r"\bt\('(\w+)'\)", code))
    assert used <= {name for name, _ in rows}


def test_our_code_writes_no_markup_by_hand() -> None:
    for path in OURS:
        text = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"https?://", text), f"{path.name} names another place"
