"""Sphinx's settings for the site of `tools/site.py`: MathML at build, search that knows Chinese."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.search import SearchEnglish, languages

project = "gpt2"
copyright = "MIT"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
html_theme = "furo"
html_title = "gpt2: a complete GPT-2"
html_show_sourcelink = False
html_copy_source = False
html_search_language = "en"
html_math_renderer = "mathml"
default_role = "literal"
pygments_style = "sphinx"

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_mock_imports = ["torch", "matplotlib", "tensorboard", "pyarrow", "datasets", "tokenizers"]
suppress_warnings = [
    "autodoc.mocked_object",
    "myst.header",
    "misc.highlighting_failure",
    "ref.python",
]


class Search(SearchEnglish):
    """English words, and Chinese by pairs of characters: there is no space to split at."""

    js_splitter_code = """
function splitQuery(query) {
  const words = query.toLowerCase().match(/[\\u3400-\\u9fff]+|[\\p{L}\\p{N}_]+/gu) || [];
  return words.flatMap((word) => {
    if (!/^[\\u3400-\\u9fff]+$/.test(word) || word.length < 3) return [word];
    return Array.from({length: word.length - 1}, (_, at) => word.slice(at, at + 2));
  });
}
"""

    def split(self, input: str) -> list[str]:
        """Words; a run of Chinese characters also gives each of them and each pair."""
        found = re.findall(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+", input)
        words = []
        for word in found:
            chinese = re.match(r"[\u3400-\u9fff]", word)
            pairs = [word[at : at + 2] for at in range(len(word) - 1)]
            words += [*word, *pairs] if chinese else [word]
        return words


languages["en"] = Search


def mathml(latex: str, display: str) -> str:
    """A formula as MathML."""
    return convert(latex.strip().replace("{aligned}", "{align*}"), display=display)


def inline(self: Any, node: nodes.math) -> None:
    """A formula within a line."""
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def block(self: Any, node: nodes.math_block) -> None:
    """A formula of its own."""
    self.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def tables(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """What a module's docstring indents is shown as it stands."""
    for at in reversed(range(1, len(lines))):
        begins = lines[at].startswith("    ") and not lines[at - 1].strip()
        if what == "module" and begins and not lines[at - 2].startswith("    "):
            lines[at:at] = ["::", ""]


def setup(app: Any) -> None:
    """Register the renderer of formulas, and how a module's docstring is read."""
    app.connect("autodoc-process-docstring", tables)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
