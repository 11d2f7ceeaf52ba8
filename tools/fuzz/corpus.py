"""Named cases: what once crashed, hung, ate memory, left its folder or ended in a traceback.

They are made by code of the forms' valid folders, and always run first. A repair of what fuzzing
found adds its case here.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.box import CANARIES, empty
from tools.fuzz.damage import DEEP, LONG, outside, text

Change = Callable[[Any], Any]
Spoil = Callable[[Path], Any]
WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
WTE, SHARD = "transformer.wte.weight", CANARIES[1]


def put(name: str, content: bytes | str) -> Spoil:
    """A file with this content."""
    data = content.encode() if isinstance(content, str) else content

    def spoil(case: Path) -> None:
        empty(case / name)
        (case / name).write_bytes(data)

    return spoil


def gone(name: str) -> Spoil:
    """A file that is not there."""
    return lambda case: empty(case / name)


def instead(name: str, make: Callable[[Path], Any]) -> Spoil:
    """Something else in the place of a file."""

    def spoil(case: Path) -> None:
        empty(case / name)
        make(case / name)

    return spoil


def link(name: str, target: str) -> Spoil:
    """A link in the place of a file; {} stands for the folder outside."""
    return instead(name, lambda path: path.symlink_to(target.format(outside())))


def values(name: str, change: Change) -> Spoil:
    """Values within a file of JSON; ``change`` may return another whole."""

    def spoil(case: Path) -> None:
        path = case / name
        content = json.loads(path.read_text("utf-8")) if path.exists() else {}
        changed = change(content)
        put(name, text(content if changed is None else changed))(case)

    return spoil


def config(**entries: Any) -> Spoil:
    """Entries of config.json."""
    return values(CONFIG, lambda content: content.update(entries))


def header(name: str, change: Change) -> Spoil:
    """Values within the header of a safetensors file."""

    def spoil(case: Path) -> None:
        data = (case / name).read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        content = json.loads(data[8 : 8 + length])
        changed = change(content)
        written = text(content if changed is None else changed).encode()
        put(name, struct.pack("<Q", len(written)) + written + data[8 + length :])(case)

    return spoil


def entry(**changes: Any) -> Spoil:
    """The entry of the embedding in a header."""
    return header(WEIGHTS, lambda content: content[WTE].update(changes))


def line(name: str, number: int, change: Change) -> Spoil:
    """Values within a line of a file of JSON lines."""

    def spoil(case: Path) -> None:
        lines = (case / name).read_text("utf-8").splitlines()
        content = json.loads(lines[number])
        changed = change(content)
        lines[number] = text(content if changed is None else changed)
        put(name, "\n".join(lines) + "\n")(case)

    return spoil


def pickled(name: str, make: Callable[[], Any], **options: Any) -> Spoil:
    """A file by torch.save."""

    def spoil(case: Path) -> None:
        import torch

        empty(case / name)
        torch.save(make(), case / name, **options)

    return spoil


def shards(**changes: Any) -> Spoil:
    """Entries of the first shard of token data."""

    def change(content: Any) -> None:
        content["splits"]["train"]["shards"][0].update(changes)

    return values("manifest.json", change)


def pointers(case: Path) -> None:
    """Token data whose numbers would be read as pointers."""

    def change(content: Any) -> None:
        content["dtype"] = "O"
        for split in content["splits"].values():
            for shard in split["shards"]:
                shard["tokens"] = (case / shard["file"]).stat().st_size // 8
                os.truncate(case / shard["file"], 8 * shard["tokens"])

    values("manifest.json", change)(case)


def expanded(case: Path) -> None:
    """A small file of one number that says it is 160 GB of them."""
    import torch

    path = case / "pytorch_model.bin"
    content = torch.load(path)
    content[WTE] = torch.zeros(1).expand(200_000, 200_000)
    path.unlink()
    torch.save(content, path)


def archive(method: int) -> bytes:
    """A zip whose member names a way of packing that is not known."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "hello")
    data = bytearray(out.getvalue())
    struct.pack_into("<H", data, 8, method)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, method)
    return bytes(data)


def footless(data: bytes) -> bytes:
    """A Parquet file whose list of columns is not one."""
    (length,) = struct.unpack("<I", data[-8:-4])
    return data[: -8 - length] + b"\xff" * length + data[-8:]


def everywhere(name: str) -> dict[str, Spoil]:
    """What may lie in the place of any file."""
    return {
        f"{name} a folder": instead(name, os.mkdir),
        f"{name} a pipe": instead(name, os.mkfifo),
        f"{name} zeros": link(name, "/dev/zero"),
        f"{name} itself": link(name, Path(name).name),
        f"{name} gone": gone(name),
        f"{name} empty": put(name, b""),
        f"{name} a pointer": put(
            name, "version https://git-lfs.github.com/spec/v1\noid sha256:a\n"
        ),
        f"{name} a page": put(name, "<!DOCTYPE html><html>Log in</html>"),
    }


def json_of(name: str) -> dict[str, Spoil]:
    """What may be wrong with any file of JSON."""
    return {
        **everywhere(name),
        f"{name} deep": put(name, "[" * 100_000 + "]" * 100_000),
        f"{name} deep within": put(name, '{"a": ' * 100_000 + "1" + "}" * 100_000),
        f"{name} long number": put(name, '{"a": ' + "9" * 5_000 + "}"),
        f"{name} huge number": put(name, '{"a": 1e99999}'),
        f"{name} a list": put(name, "[]"),
        f"{name} a number": put(name, "3"),
        f"{name} not text": put(name, b'{"a": "\xff"}'),
        f"{name} half a character": put(name, '{"\\ud800": "\\udfff"}'),
    }


def set_to(name: str, key: str, *odd: Any) -> dict[str, Spoil]:
    """An entry of a file of JSON with each of these values."""
    return {
        f"{name} {key} {value!r:.30}": values(
            name, lambda content, v=value: content.update({key: v})
        )
        for value in odd
    }


LORA = "adapter/adapter_config.json"
STATE = "checkpoints/step-000001/training/state.json"
PROGRESS = "out/.partial/progress.json"
JOURNAL = "out.journal"

CORPUS: dict[str, dict[str, Spoil]] = {
    "safetensors": {
        **everywhere(WEIGHTS),
        "wraps": entry(shape=[2**32, 2**32], data_offsets=[0, 0]),
        "wraps to nothing": entry(shape=[2**60, 16], data_offsets=[0, 0]),
        "offsets of text": entry(data_offsets=["0", "19200"]),
        "offsets of lists": entry(data_offsets=[[0], [19200]]),
        "offsets of nothing": entry(data_offsets=[None, None]),
        "offsets far": entry(data_offsets=[2**64, 2**64 + 19200]),
        "offsets none": entry(data_offsets=[]),
        "shape of text": entry(shape="300"),
        "shape negative": entry(shape=[-300, -16]),
        "axes": entry(shape=[1] * 1000),
        "dtype of lists": entry(dtype=["F32"]),
        "header deep": header(WEIGHTS, lambda content: content.update(a=DEEP)),
        "header long": header(WEIGHTS, lambda content: content.update(a=LONG)),
        "header list": header(WEIGHTS, lambda content: []),
        "head alone": header(WEIGHTS, lambda c: c.update({"lm_head.weight": c.pop(WTE)})),
        "length 2^63": put(WEIGHTS, struct.pack("<Q", 2**63) + b"{}"),
        "length 2^31": put(WEIGHTS, struct.pack("<Q", 2**31) + b"{}"),
    },
    "shards": {
        **json_of(INDEX),
        **set_to(INDEX, "weight_map", 3, [], None, "x", {}, {WTE: 3}, {WTE: ["a"]},
                 {WTE: "/dev/zero"}, {WTE: "../outside/victim.safetensors"}, {WTE: ".."},
                 {WTE: ""}, {WTE: "a\0b"}, {WTE: "x" * 5000}, {WTE: "\ud800"}),
    },
    "shards-info": set_to(INDEX, "weight_map", {WTE: "/dev/zero"}, {WTE: "../../etc/hostname"},
                          {WTE: "missing"}),
    "bin": {
        **everywhere("pytorch_model.bin"),
        "expanded": expanded,
        "no names": pickled("pytorch_model.bin", lambda: {3: 1}),
        "a list": pickled("pytorch_model.bin", lambda: [1]),
        "an object": pickled("pytorch_model.bin", lambda: {"a": Path("x")}),
    },
    "bin-legacy": {
        "an object": pickled("pytorch_model.bin", lambda: {"a": Path("x")},
                             _use_new_zipfile_serialization=False),
    },
    "nanogpt": {
        **everywhere("ckpt.pt"),
        "model of a list": pickled("ckpt.pt", lambda: {"model": [1], "model_args": {}}),
        "args of a number": pickled("ckpt.pt", lambda: {"model": {}, "model_args": 3}),
        "layers": pickled("ckpt.pt", lambda: {"model": {}, "model_args": {
            "n_layer": 10**8, "n_head": 2, "n_embd": 16, "block_size": 16, "vocab_size": 300}}),
    },
    "tensorflow": {
        **everywhere("model.ckpt.index"),
        **everywhere("model.ckpt.data-00000-of-00001"),
        **json_of("hparams.json"),
        **set_to("hparams.json", "n_vocab", "x", None, -1, 2**32 + 300, 10**30),
        **set_to("hparams.json", "n_layer", 10**8, "2", 2.5),
    },
    "config": {
        **json_of(CONFIG),
        **set_to(CONFIG, "n_layer", 10**8, 2**32 + 2, -1, 0, "2", None, [2], 2.5, True),
        **set_to(CONFIG, "n_embd", 0, 2**31, 2**32 + 16, 10**30),
        **set_to(CONFIG, "n_head", 0, 3, 2**31),
        **set_to(CONFIG, "n_positions", 2**31, 2**32 + 16, -1, 0),
        **set_to(CONFIG, "n_inner", 2**32 + 64, -1, "x"),
        **set_to(CONFIG, "tie_word_embeddings", "no", 3, None, []),
        **set_to(CONFIG, "scale_attn_by_inverse_layer_idx", "false", 2),
        **set_to(CONFIG, "layer_norm_epsilon", "x", -1, float("nan"), 10**400),
        **set_to(CONFIG, "activation_function", 3, [], "nonsense"),
        **set_to(CONFIG, "eos_token_id", 2**64, "x", [[1]], -1, {}),
        **set_to(CONFIG, "id2label", [], 3, {"x": 1}),
        **set_to(CONFIG, "quantization_config", 3, {}, {"a": DEEP}),
        **set_to(CONFIG, "num_beams", 10**9, "x", None),
        "all at once": config(n_layer="x", n_embd=None, n_head=[]),
    },
    "config-torch": set_to(CONFIG, "n_layer", 10**8, 10**6),
    "config-reference": set_to(CONFIG, "n_layer", 10**8, 10**6),
    "info": {
        **json_of("gpt2.json"),
        **set_to("gpt2.json", "sha256", {"/dev/zero": "a"}, {"../../etc/hostname": "a"},
                 {"missing": "a"}, [], 3, {WEIGHTS: 3}),
        **set_to("gpt2.json", "quantization", 3, {"kl_mean": 10**400}, {"kl_mean": 1.0}),
        **set_to("gpt2.json", "licence", 3, [], {"a": 1}),
    },
    "lora": {
        **json_of(LORA),
        **everywhere("adapter/adapter_model.safetensors"),
        **set_to(LORA, "r", 10**8, 0, -1, "x", None, 2.5, True, 10**30),
        **set_to(LORA, "lora_alpha", "x", None, float("nan"), 10**400, 0),
        **set_to(LORA, "target_modules", 3, [3], None, {"a": 1}),
        **set_to(LORA, "alpha_pattern", 3, {"a": "x"}, [1]),
    },
    "generation-config": {
        **json_of("generation_config.json"),
        **{name: spoil for key, odd in {
            "num_beams": (10**9, -1, "x"), "num_return_sequences": (10**9, 0),
            "prompt_lookup_num_tokens": (10**9, -1), "pad_token_id": (2**64, -1, "x"),
            "eos_token_id": (2**64, [[]], ["x"], -1), "temperature": (0.0, -1, "x", 1e-300),
            "sequence_bias": ([True], [[1, 2, 3]], {"a": 1}, [[[999999], 1.0]], [[[], 1.0]]),
            "suppress_tokens": ([999999], ["x"], 3, [-1]), "bad_words_ids": ([[999999]], [3], [[]]),
            "forced_bos_token_id": (999999, "x"), "forced_eos_token_id": (999999, [999999]),
            "max_new_tokens": (10**9, -1, 2**64), "max_length": (10**30, "x", -1),
            "max_time": ("x", float("nan"), -1), "stop_strings": (3, [3], [""], "\ud800"),
            "output_attentions": (True, "x"), "unknown": ({"a": 1},), "seed": (2**64, -1, "x"),
            "no_repeat_ngram_size": (10**9, -1), "top_k": (2**63, -1), "top_p": (float("nan"), 2),
            "exponential_decay_length_penalty": ([1], [1, 2, 3], [0, 1e308]),
        }.items() for name, spoil in set_to("generation_config.json", key, *odd).items()},
    },
    "tokenizer-json": {
        **json_of("tokenizer.json"),
        **set_to("tokenizer.json", "added_tokens", 3, [3], [{}], [{"id": "x", "content": "a"}],
                 [{"id": 2**32, "content": "a"}], [{"id": -1, "content": "a"}], [{"content": "a"}]),
        **set_to("tokenizer.json", "model", 3, {}, {"type": "BPE"}, {"type": "BPE", "vocab": 3},
                 {"type": "BPE", "vocab": {"a": "x"}, "merges": 3},
                 {"type": "BPE", "vocab": {"a": 2**32}, "merges": []},
                 {"type": "BPE", "vocab": {"a": -1}, "merges": [3]}),
        **set_to("tokenizer.json", "post_processor", 3, {"type": "x"},
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
        "merge of none": put("merges.txt", "#version: 0.2\nzzz qqq\n"),
    },
    "tokenizer-config": {
        **json_of("tokenizer_config.json"),
        **json_of("special_tokens_map.json"),
        **json_of("added_tokens.json"),
        **everywhere("chat_template.jinja"),
        **set_to("tokenizer_config.json", "added_tokens_decoder", 3, [3], {"x": {}}, {"1": 3},
                 {"-1": {"content": "a"}}, {str(2**32): {"content": "a"}}, {"5": {"content": 3}}),
        **set_to("tokenizer_config.json", "errors", True, 3, "nonsense"),
        **set_to("tokenizer_config.json", "model_max_length", "x", -1, 1e30, None, []),
        **set_to("tokenizer_config.json", "pad_token", 3, {"content": 3}, [], {"a": 1}),
        **set_to("tokenizer_config.json", "additional_special_tokens", 3, "<sep>", [3], {"a": 1}),
        **set_to("tokenizer_config.json", "tokenizer_class", 3, "LlamaTokenizer", []),
        **set_to("added_tokens.json", "<a>", "x", -1, 2**32, [], None),
        "template loops": put("chat_template.jinja", "{% for i in range(10**9) %}x{% endfor %}"),
        "template power": put("chat_template.jinja", "{{ 9 ** (9 ** 9) }}"),
        "template product": put("chat_template.jinja", "{% set x = 'ab' * 9 ** 6 %}{{ x * 9999 }}"),
        "template memory": put("chat_template.jinja", "{{ 'x' * 10 ** 10 }}"),
        "template recursion": put("chat_template.jinja",
                                  "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        "template deep": put("chat_template.jinja", "{{ " + "(" * 5000 + ")" * 5000 + " }}"),
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
    "receipt": {
        **json_of("receipt.json"),
        **set_to("receipt.json", "engine", 3, {}, {"name": "native"}, {"name": ["native"]},
                 {"name": "native", "dtype": ["fp32"]}),
        **set_to("receipt.json", "model", 3, {}, {"name": 3}, {"name": "a" * 300}),
        **set_to("receipt.json", "output", 3, {}, {"ids": [["x"]]}, {"ids": [3]},
                 {"ids": [[2**70]]}),
        **set_to("receipt.json", "prompt", {"ids": ["x"]}, {"ids": [2**70]}, {"ids": None}),
        **set_to("receipt.json", "options", [], {"a": 1}, {"num_beams": 10**9}),
        "half a character": values("receipt.json", lambda c: c["model"].update(name="\ud800")),
    },
    "tokens": {
        **json_of("manifest.json"),
        **everywhere("train-00000.bin"),
        **everywhere("train-00000.ends"),
        "pointers": pointers,
        **set_to("manifest.json", "dtype", "O", "<f4", "M8[s]", "U1", "V8", 3, None,
                 ["<u2"], ">u2"),
        **set_to("manifest.json", "splits", 3, {}, {"train": 3}, {"train": {}}),
        **set_to("manifest.json", "tokenizer", 3, {}, "../outside"),
        "shard outside": shards(file=f"../outside/{SHARD}"),
        "shard far": shards(file="/dev/zero"),
        "shard of many": shards(tokens=2**62),
        "shard of fewer than none": shards(tokens=-5),
        "documents many": shards(documents=2**62),
        "tokens elsewhere": link("train-00000.bin", "{}/" + SHARD),
    },
    "tokens-overwrite": {
        "shard outside": shards(file=f"../outside/{SHARD}"),
        "shard a text": shards(file="../outside/victim.txt"),
        "manifest elsewhere": link("manifest.json", "{}/victim.json"),
        "tokenizer elsewhere": link("tokenizer", "{}"),
        "partial elsewhere": instead(".partial", lambda path: path.symlink_to(outside())),
    },
    "progress": {
        **json_of(PROGRESS),
        "shard outside": values(PROGRESS, lambda c: c["splits"]["train"]["shards"].append(
            {"file": f"../../../outside/{SHARD}", "tokens": 0, "documents": 0, "sha256": ""})),
        "lock elsewhere": link("out/.partial/lock", "{}/victim.txt"),
        "shard elsewhere": link("out/.partial/train-00000.bin", "{}/" + SHARD),
        "seen elsewhere": link("out/.partial/seen.sqlite", "{}/victim.txt"),
        "seen damaged": put("out/.partial/seen.sqlite", b"SQLite format 3\0" + b"\xff" * 5000),
        **set_to(PROGRESS, "position", 3, {}, {"file": -1}, {"file": 2**63 - 1},
                 {"documents": 2**62}, {"check": "x"}),
        **set_to(PROGRESS, "seen", -1, 2**62, "x"),
        **set_to(PROGRESS, "counts", 3, {"read": "x"}, {}),
        **set_to(PROGRESS, "held", 3, {"tail": 3}),
    },
    "checkpoint": {
        **json_of(STATE),
        **everywhere("checkpoints/step-000001/training/optimizer.safetensors"),
        **everywhere("checkpoints/step-000001/model.safetensors"),
        "lock elsewhere": link("checkpoints/lock", "{}/victim.txt"),
        "lock a pipe": instead("checkpoints/lock", os.mkfifo),
        **set_to(STATE, "step", -1, "x", 2**62, None, 1.5),
        **set_to(STATE, "config", 3, {}, {"lr": "x"}, {"a": 1}),
        **set_to(STATE, "best", 3, {}, {"step": "x", "loss": []}),
        **set_to(STATE, "micro_batch", 0, 2**62, "x"),
        **set_to(STATE, "threads", 0, 2**62, "x"),
        "no moments": put("checkpoints/step-000001/training/optimizer.safetensors",
                          struct.pack("<Q", 2) + b"{}"),
    },
    "distributed": {
        **everywhere(".metadata"),
        **everywhere("__0_0.distcp"),
        "runs code": put(".metadata", b"cos\nsystem\n(S'true'\ntR."),
        "sets an attribute": put(
            ".metadata", b"cpathlib\nPosixPath\n(N}(X\x06\x00\x00\x00exists"
            b"ctorch.distributed.checkpoint.metadata\nMetadata\nutb."),
    },
    "evaluation-journal": {
        **everywhere(JOURNAL),
        "no settings": line(JOURNAL, 0, lambda c: {}),
        "settings of a list": line(JOURNAL, 0, lambda c: []),
        "no rows": line(JOURNAL, 1, lambda c: {"benchmark": "lambada"}),
        "rows of text": line(JOURNAL, 1, lambda c: c.update(rows="x")),
        "seconds of text": line(JOURNAL, 1, lambda c: c.update(seconds="x")),
        "deep": line(JOURNAL, 1, lambda c: c.update(rows=DEEP)),
        "long": line(JOURNAL, 1, lambda c: c.update(seconds=LONG)),
        "one line of another": put(JOURNAL, '{"a": 1}'),
        "elsewhere": link(JOURNAL, "{}/victim.txt"),
    },
    "batch-journal": {
        **everywhere("out.jsonl"),
        **everywhere("rows.jsonl"),
        "elsewhere": link("out.jsonl", "{}/victim.txt"),
        "one line of another": put("out.jsonl", '{"mine": 1}'),
        "deep": line("out.jsonl", 1, lambda c: c.update(text=DEEP)),
        "options of a row": line("rows.jsonl", 2, lambda c: c.update(max_new_tokens="x", seed=[])),
        "beams of a row": line("rows.jsonl", 2, lambda c: c.update(num_beams=10**9)),
    },
    "pairs": {
        **everywhere("a.jsonl"),
        **json_of("a.json"),
        **everywhere("a.csv"),
        "one quote": put("a.csv", 'prompt,completion\n"a,b\n' + "x" * 300_000),
        "no names": put("a.tsv", "\n\n"),
        "NULs": put("a.csv", b"prompt,completion\na\0b,c\n"),
        "deep line": put("a.jsonl", "[" * 100_000 + "]" * 100_000 + "\n"),
    },
    "prepare-json": json_of("a.json"),
    "prepare-html": {
        "nested": put("a.html", "<div>" * 130_000),
        "attributes": put("a.html", "<p " + "".join(f"a{n} " for n in range(100_000)) + ">x</p>"),
        "attributes and slashes": put("a.html", "<p " + "a/" * 100_000 + ">x</p>"),
        "attributes after a sign": put("a.html", '<p b=">"' + " a" * 100_000 + ">x</p>"),
    },
    "prepare-zip": {f"packed by {m}": put("a.zip", archive(m)) for m in (1, 97, 6000)},
    "prepare-parquet": {
        "not text": put("a.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1"),
        "footer": lambda case: put("a.parquet", footless((case / "a.parquet").read_bytes()))(case),
    },
}  # fmt: skip
