"""The page of `gpt2 explain`: one script of its modules, its policy, its size, its texts."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

import gpt2
from gpt2.errors import CorruptFileError, OptionError, TokenizerError
from gpt2.explain.contents import WEB, Contents, facts_of, merges_of
from gpt2.explain.joiner import inline, join
from gpt2.explain.lines import reference_lines
from gpt2.explain.page import PACKAGE, POLICY, html
from gpt2.tokenizer import GPT2Tokenizer
from tests.conftest import ROOT
from tests.explain.conftest import needs_core, needs_node
from tests.tiny import tiny_tokenizer, write_tiny
from tools import wasm

OURS = sorted([*WEB.rglob("*.js"), *(PACKAGE / "web").glob("*.js")])
TABLES = (WEB / "texts.js", PACKAGE / "web" / "language.js")


def code() -> str:
    return "".join(path.read_text("utf-8") for path in OURS if path not in TABLES)


def module(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_the_core_in_the_package_is_made_from_these_sources() -> None:
    about = json.loads((WEB / "core.wasm.json").read_text("utf-8"))
    assert about["sources"] == wasm.digest(), "csrc has changed: run python tools/wasm.py"
    assert about["compiler"] == (ROOT / "tools/wasm.txt").read_text("utf-8").strip()
    assert about["sha256"] == hashlib.sha256((WEB / "core.wasm").read_bytes()).hexdigest()


@needs_node
def test_joined_modules_run_as_one_script(tmp_path: Path) -> None:
    module(tmp_path, "a.js", "export const one = 1;\nexport function two() { return 2; }\n")
    module(tmp_path, "b.js", "import {one as uno} from './a.js';\nconst x = uno + 10;\n"
           "export class Three { get value() { return x; } }\nexport {x as eleven};\n")  # fmt: skip
    entry = module(tmp_path, "c.js", "import {two} from './a.js';\n"
                   "import {\n  Three, eleven,\n} from './b.js';\n"
                   "console.log(two(), new Three().value, eleven);\n")  # fmt: skip
    script = join(entry)
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True)
    assert done.stdout == "2 11 11\n", done.stderr


@pytest.mark.parametrize(
    "text",
    ["import * as all from './a.js';\n", "export default 1;\n", "import './a.js';\n"],
)
def test_other_kinds_of_modules_are_refused(tmp_path: Path, text: str) -> None:
    module(tmp_path, "a.js", "export const one = 1;\n")
    with pytest.raises(CorruptFileError, match="not joined"):
        join(module(tmp_path, "b.js", text))


def test_a_cycle_is_refused(tmp_path: Path) -> None:
    module(tmp_path, "a.js", "import {b} from './b.js';\nexport const a = 1;\n")
    with pytest.raises(CorruptFileError, match="imports itself"):
        join(module(tmp_path, "b.js", "import {a} from './a.js';\nexport const b = 1;\n"))


def test_nothing_in_a_script_ends_its_element() -> None:
    text = inline("a = '</script><!-- '; b = `</SCRIPT>`;" + join(WEB / "app.js"))
    assert not re.search(r"</script|<!--", text, re.IGNORECASE)


@needs_core
def test_the_page_holds_its_policy_and_its_size(contents: Contents) -> None:
    text = "".join(html(contents))
    assert f'content="{POLICY}"' in text
    assert "default-src 'none'" in POLICY
    assert "connect-src" not in POLICY
    weights = sum(map(len, contents.files))
    assert len(text.encode()) < weights * 4 / 3 + 1_000_000
    # data: and blob: are addresses within the page; w3.org names are of XML's kinds, not asked.
    outside = {url for url in re.findall(r"https?://[^\s\"'`<]+", text) if "w3.org" not in url}
    assert not outside
    assert not re.search(r"<(?:link|img|iframe|object|embed)\b|\bsrc=\"(?!data:)", text)
    for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL):
        assert "fetch(" not in script
        assert "XMLHttpRequest" not in script


def test_every_text_is_in_both_languages_and_used() -> None:
    table = "".join(path.read_text("utf-8") for path in TABLES)
    rows = re.findall(r"^  (\w+): \[(.*)\],$", table, re.MULTILINE)
    used = code() + "".join(p.read_text("utf-8") for p in (PACKAGE / "serving/web").glob("*.js"))
    made = ("model_", "kind_", "where_", "part_", "tab_", "number_")  # names that are put together
    for name, texts in rows:
        assert len(re.findall(r"'[^']*'", texts)) in (2, 4), name
        assert f"'{name}'" in used or name.startswith(made) or f"  {name}:" in used, name
    names = {name for name, _ in rows}
    assert set(re.findall(r"\b(?:t|told|explained)\('(\w+)'", code())) <= names
    english, chinese = zip(*(re.findall(r"'([^']*)'", texts)[:2] for _, texts in rows), strict=True)
    for one, other in zip(english, chinese, strict=True):  # the same places in both
        assert sorted(re.findall(r"\{\w+\}", one)) == sorted(re.findall(r"\{\w+\}", other)), one


def test_our_code_writes_no_markup_by_hand() -> None:
    for path in OURS:
        text = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_what_is_shown_has_its_lines_in_the_reference() -> None:
    lines = reference_lines()
    source = (PACKAGE / "reference.py").read_text("utf-8").splitlines()
    for found in lines.values():
        text = found["text"].split("\n")
        assert source[found["line"] - 1 : found["line"] - 1 + len(text)] == text
    shown = set(re.findall(r"number\([^;]*?, '(\w+)', ", code()))
    assert shown
    assert shown <= set(lines)


def test_a_tokenizer_of_another_kind_is_refused() -> None:
    class Other:
        merges = (("a", "b"),)

        def token_bytes(self, token: int) -> bytes:
            return b"ab" if token == 0 else bytes([token % 256])

    with pytest.raises(TokenizerError, match="order of its merges"):
        merges_of(Other(), 300, "some")
    with pytest.raises(TokenizerError, match="byte-level BPE"):
        merges_of(object(), 300, "some")


def test_a_tokenizer_whose_merges_have_other_ids_is_refused() -> None:
    tokenizer = tiny_tokenizer()
    assert merges_of(tokenizer, 300, "some").count("\n") == len(tokenizer.merges) - 1
    vocab = tokenizer.get_vocab()
    a, b = (left + right for left, right in tokenizer.merges[:2])
    vocab[a], vocab[b] = vocab[b], vocab[a]  # as in a vocabulary sorted by anything else
    with pytest.raises(TokenizerError, match="order of its merges"):
        merges_of(GPT2Tokenizer(vocab, tokenizer.merges), 300, "some")


@pytest.mark.parametrize(("here", "given"), [("", "."), ("inner", "..")])
def test_a_page_is_called_by_the_folders_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str, given: str
) -> None:
    write_tiny(tmp_path / "model")
    (tmp_path / "model" / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "model" / here)
    assert facts_of(gpt2.load(given), given)["name"] == "model"


def test_other_precisions_are_refused(tmp_path: Path) -> None:
    from gpt2.explain.page import explain

    with pytest.raises(OptionError, match="int8 and int4"):
        explain("gpt2-mini", tmp_path / "page.html", dtype="fp16")
    assert not list(tmp_path.iterdir())
