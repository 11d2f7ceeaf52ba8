"""A stranger's chat template is rendered within bounds of time and memory."""

from __future__ import annotations

from typing import Any

import pytest

from gpt2.errors import InputError
from gpt2.tokenizer import GPT2Tokenizer
from tests.tiny import tiny_tokenizer

pytest.importorskip("jinja2")
BIG = "{% set x = 'a' * 1000000 %}"
GROW = "{% set ns = namespace(x='a') %}{% for i in range(60) %}"
# what would take hours or gigabytes -> template
ATTACKS = {
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}x"
    "{% endfor %}{% endfor %}",
    "loops without a body": "{% for i in range(99999) %}{% for j in range(99999) %}"
    "{% endfor %}{% endfor %}",
    "text in loops": "{% for i in range(99999) %}" + "x" * 9000 + "{% endfor %}",
    "recursive loop": "{% for i in [1] recursive %}" + "x" * 9000
    + "{{ loop(range(99999)) if loop.depth < 3 }}{% endfor %}",
    "macros": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
    "{{ m(60) }}",
    "~": GROW + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "+": GROW + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "blocks": GROW + "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    "the same list twice": GROW + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "the same mapping twice": GROW + "{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}"
    "{{ ns.x | tojson }}",
    "the same namespace twice": GROW + "{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}"
    "{{ ns.x }}",
    "texts that are kept": BIG + "{% set ns = namespace(l=[]) %}{% for i in range(999) %}"
    "{% set ns.l = ns.l + [x[i:]] %}{% endfor %}",
    "join": BIG + "{{ range(99999) | join(x) }}",
    "join of what is computed": BIG + "{{ x.join(range(99999) | map('string')) }}",
    "replace": BIG + "{{ x.replace('a', x) }}",
    "translate": BIG + "{{ x.translate({97: x}) }}",
    "center, folded when compiled": "{{ 'x' | center(9999999999) }}",
    "zfill": "{{ 'x'.zfill(9999999999) }}",
    "to_bytes": "{{ (1).to_bytes(9999999999, 'big') }}",
    "format": "{{ '{:>9999999999}'.format('x') }}",
    "format of an argument": "{{ '{:>{}}'.format('x', 9999999999) }}",
    "%": "{{ '%9999999999d' % 1 }}",
    "% of an argument": "{{ '%*d' | format(9999999999, 1) }}",
    "indent": "{{ ('a\n' * 9999) | indent(99999) }}",
    "tojson": "{{ range(9999) | list | tojson(indent=999999) }}",
    "batch": "{{ [1] | batch(10 ** 9, 'x') | list }}",
    "round": "{{ 1.5 | round(10 ** 9, 'ceil') }}",
    "sum": "{{ range(99999) | batch(1) | sum(start=[]) }}",
    "strip": BIG + "{{ x.strip('b' * 999999 ~ 'a') }}",
    "wordwrap": BIG + "{{ x | wordwrap(1) }}",
    "lipsum": "{{ lipsum(99999) }}",
    "length": "{{ a ~ a }}" * 9000,
    "many loops": "{% for i in [1] %}" * 30 + "x" + "{% endfor %}" * 30,
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> GPT2Tokenizer:
    return tiny_tokenizer()


@pytest.mark.parametrize("name", ATTACKS)
def test_what_would_not_end_is_refused(small: GPT2Tokenizer, name: str) -> None:
    with pytest.raises(InputError, match="chat template"):
        small.apply_chat_template(
            [{"role": "user", "content": "hello"}], chat_template=ATTACKS[name], tokenize=False
        )


# Of what templates of published models do: trimming, splitting, collecting, searching.
USUAL = """{%- set ns = namespace(system='', seen=[], tool=false) -%}
{%- for m in messages -%}
{%- if m['role'] == 'system' %}{% set ns.system = ns.system + m['content'] %}{% endif -%}
{%- set ns.seen = ns.seen + [m] -%}
{%- endfor -%}
{{- bos_token ~ ns.system -}}
{%- for m in messages[1:] if m.role != 'system' -%}
{%- set content = m.content | trim -%}
{%- if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif -%}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}{% endif -%}
{{- '<|' + m['role'] + '|>\\n' + content.replace('<|', '< |') + eos_token + '\\n' -}}
{%- if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% endif -%}
{%- endfor -%}
{%- if tools %}{{ tools | map(attribute='function') | list | tojson(indent=2) }}{% endif -%}
{{- '%05d|%s' % (messages | length, ns.seen | selectattr('role', 'equalto', 'user') | list | length) -}}
{{- ns.seen | map(attribute='role') | unique | join(', ') -}}"""  # noqa: E501


@pytest.mark.parametrize(("turns", "words"), [(3, 3), (300, 40), (3, 100_000)])
def test_a_long_conversation_is_written_as_transformers_writes_it(
    small: GPT2Tokenizer, turns: int, words: int
) -> None:
    pytest.importorskip("transformers")
    from transformers.utils.chat_template_utils import render_jinja_template

    chat: list[dict[str, Any]] = [{"role": "system", "content": "Be kind."}]
    for n in range(turns):
        chat.append({"role": "user", "content": f" <think>{n}</think>\n" + "word " * words})
        chat.append({"role": "assistant", "content": "yes <| " * words})
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, 2]}}}]
    names = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
    theirs, _ = render_jinja_template(
        [chat], tools=tools, chat_template=USUAL, add_generation_prompt=True, **names
    )
    ours = small.apply_chat_template(
        chat, tools=tools, chat_template=USUAL, add_generation_prompt=True, tokenize=False
    )
    assert [ours] == theirs
