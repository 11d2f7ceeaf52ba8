"""Tokenizers and chat templates."""

from __future__ import annotations

from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    json_of,
    put,
    set_to,
    values,
)

GROW = "{% set ns = namespace(x='a') %}{% for i in range(60) %}"
BIG = "{% set x = 'a' * 1000000 %}"
TEMPLATES = {
    "loops": "{% for i in range(10**9) %}x{% endfor %}",
    "loops in loops": "{% for i in range(99999) %}{% for j in range(99999) %}x"
    "{% endfor %}{% endfor %}",
    "text in loops": "{% for i in range(99999) %}" + "x" * 60000 + "{% endfor %}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "product": "{% set x = 'ab' * 9 ** 6 %}{{ x * 9999 }}",
    "memory": "{{ 'x' * 10 ** 10 }}",
    "doubling": GROW + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubling by blocks": GROW + "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}"
    "{% endfor %}",
    "doubling of lists": GROW + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "doubling of namespaces": GROW + "{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}"
    "{{ ns.x }}",
    "join": BIG + "{{ x.join(range(99999) | map('string')) }}",
    "replace": BIG + "{{ x | replace('a', x) }}",
    "center": "{{ 'x' | center(9999999999) }}",
    "format": "{{ '{:>{}}'.format('x', 9999999999) }}",
    "percent": "{{ '%9999999999d' % 1 }}",
    "bytes": "{{ (1).to_bytes(9999999999, 'big') }}",
    "batch": "{{ [1] | batch(10 ** 9, 'x') | list }}",
    "strip": BIG + "{{ x.strip('b' * 999999 ~ 'a') }}",
    "wordwrap": BIG + "{{ x | wordwrap(1) }}",
    "many concatenated": BIG + "{{ (" + " ~ ".join(["x"] * 9999) + ") | length }}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "recursion twice": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
    "{% endmacro %}{{ m(60) }}",
    "deep": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
    "long": "{{ a }}" * 200_000,
    "slow to compile": "{{ a" + "~a" * 32000 + " }}",
    "many loops": "{% for i in [1] %}" * 30 + "x" + "{% endfor %}" * 30,
}

CORPUS: dict[str, dict[str, Spoil]] = {
    "tokenizer-json": {
        **json_of("tokenizer.json"),
        **set_to("tokenizer.json", "added_tokens", 3, [3], [{}], [{"id": "x", "content": "a"}],
                 [{"id": 2**32, "content": "a"}], [{"id": -1, "content": "a"}], [{"content": "a"}]),
        **set_to("tokenizer.json", "model", 3, {}, {"type": "BPE"}, {"type": "BPE", "vocab": 3},
                 {"type": "BPE", "vocab": {"a": "x"}, "merges": 3},
                 {"type": "BPE", "vocab": {"a": 2**32}, "merges": []},
                 {"type": "BPE", "vocab": {"a": -1}, "merges": [3]}),
        **set_to("tokenizer.json", "added_tokens", ["x" * 9999], [{"id": "x" * 9999}]),
        **set_to("tokenizer.json", "post_processor", "x" * 9999, {"type": "x" * 9999},
                 3, {"type": "x"},
                 {"type": "TemplateProcessing", "single": 3}),
    },
    "vocab-merges": {
        **json_of("vocab.json"),
        **everywhere("merges.txt"),
        "id 2^32": values("vocab.json", lambda c: c.update(a=2**32)),
        "id twice": values("vocab.json", lambda c: c.update(zz=0)),
        "id of text": values("vocab.json", lambda c: c.update(a="x")),
        "id negative": values("vocab.json", lambda c: c.update(a=-1)),
        "merge of three": put("merges.txt", "#version: 0.2\na b c\n"),
        "merge of a book": put("merges.txt", "x" * 100_000),
        "merge of none": put("merges.txt", "#version: 0.2\nzzz qqq\n"),
    },
    "tokenizer-config": {
        **json_of("tokenizer_config.json"),
        **json_of("special_tokens_map.json"),
        **json_of("added_tokens.json"),
        **everywhere("chat_template.jinja"),
        **set_to("tokenizer_config.json", "added_tokens_decoder", 3, [3], {"x": {}}, {"1": 3},
                 {"-1": {"content": "a"}}, {str(2**32): {"content": "a"}}, {"5": {"content": 3}}),
        **set_to("tokenizer_config.json", "errors", True, 3, "nonsense", "\0", "\ud800",
                 "xmlcharrefreplace"),
        **set_to("tokenizer_config.json", "model_max_length", "x", -1, 1e30, None, []),
        **set_to("tokenizer_config.json", "pad_token", 3, {"content": 3}, [], {"a": 1}),
        **set_to("tokenizer_config.json", "additional_special_tokens", 3, "<sep>", [3], {"a": 1}),
        **set_to("tokenizer_config.json", "tokenizer_class", 3, "LlamaTokenizer", []),
        **set_to("added_tokens.json", "<a>", "x", -1, 2**32, [], None),
    },
    "chat-template": {
        **everywhere("chat_template.jinja"),
        "a long word for another": put("chat_template.jinja", "{% for x " + "messages" * 999),
        **{name: put("chat_template.jinja", template) for name, template in TEMPLATES.items()},
    },
    "wordpiece": {
        **everywhere("vocab.txt"),
        **json_of("tokenizer_config.json"),
        "one token": put("vocab.txt", "[UNK]\n"),
        "tokens twice": put("vocab.txt", "[UNK]\na\na\n[UNK]\n"),
        "not text": put("vocab.txt", b"[UNK]\n\xff\xfe\n"),
        "no unknown": put("vocab.txt", "a\nb\n"),
        **set_to("tokenizer_config.json", "do_lower_case", "x", 3, None),
        **set_to("tokenizer_config.json", "unk_token", "missing", 3, None),
    },
}  # fmt: skip
