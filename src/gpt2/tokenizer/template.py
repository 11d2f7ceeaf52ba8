"""Special tokens around a text or a pair: the ``post_processor`` of a tokenizer.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from gpt2.errors import TokenizerError, show
from gpt2.tokenizer.checks import check_id, check_list, check_object
from gpt2.tokenizer.encoding import Encoding, Piece
from gpt2.tokenizer.signs import SPACES

A, B = "A", "B"


@dataclasses.dataclass(frozen=True)
class Part:
    """A text of the template (A, B), or a special token with its ids."""

    name: str
    type_id: int
    ids: tuple[int, ...] | None = None  # None: a text

    @property
    def text(self) -> int:
        """0 for A, 1 for B."""
        return 0 if self.name == A else 1


@dataclasses.dataclass(frozen=True)
class Template:
    """The special tokens around one text, and around a pair.

    ``trim``, from ByteLevel's post-processor, excludes whitespace from offsets; its value is
    whether a space was added before the text.
    """

    single: tuple[Part, ...] = (Part(A, 0),)
    pair: tuple[Part, ...] = (Part(A, 0), Part(B, 1))
    trim: bool | None = None

    def count_special(self, pair: bool) -> int:
        """The number of special tokens added."""
        return sum(len(part.ids or ()) for part in (self.pair if pair else self.single))

    @property
    def first(self) -> list[int]:
        """The special tokens before a text."""
        at = next(n for n, part in enumerate(self.single) if part.ids is None)
        return [i for part in self.single[:at] for i in part.ids or ()]

    @property
    def last(self) -> list[int]:
        """The special tokens after a text."""
        at = max(n for n, part in enumerate(self.single) if part.ids is None)
        return [i for part in self.single[at + 1 :] for i in part.ids or ()]

    def frame(self, pieces: Sequence[Piece], special: bool) -> Encoding:
        """The texts between their special tokens, or (``special=False``) without them."""
        encoding = Encoding()
        template = self if special else PLAIN
        for part in template.pair if len(pieces) == 2 else template.single:
            if part.ids is None:
                encoding.add_piece(pieces[part.text], part.text, part.type_id)
            else:
                encoding.add_special(list(part.ids), part.type_id)
        return encoding


PLAIN = Template()


def around(before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]) -> Template:
    """A template with tokens (name, id) before and after each text, for ``add_bos_token``."""

    def framed(text: str, type_id: int) -> tuple[Part, ...]:
        first = (Part(name, type_id, (i,)) for name, i in before)
        last = (Part(name, type_id, (i,)) for name, i in after)
        return *first, Part(text, type_id), *last

    return Template(framed(A, 0), (*framed(A, 0), *framed(B, 1)))


def bert(cls: tuple[str, int], sep: tuple[str, int]) -> Template:
    """[CLS] A [SEP], [CLS] A [SEP] B [SEP]."""
    first, last = Part(cls[0], 0, (cls[1],)), Part(sep[0], 0, (sep[1],))
    single = (first, Part(A, 0), last)
    return Template(single, (*single, Part(B, 1), dataclasses.replace(last, type_id=1)))


def read(step: Any, where: str) -> Template:
    """Read the step of a tokenizer.json. Raises `TokenizerError` if it is invalid."""
    steps = _steps(step, where)
    template = PLAIN
    for one in steps:
        kind = one.get("type")
        if kind == "ByteLevel":
            space = bool(one.get("add_prefix_space", True))
            template = dataclasses.replace(
                template, trim=space if one.get("trim_offsets", True) else None
            )
        elif kind in _KINDS:
            made = _KINDS[kind](one, where)
            trim = template.trim if made.trim is None else made.trim
            template = dataclasses.replace(made, trim=trim)
        else:
            raise TokenizerError(
                f"{where}: the post_processor {show(kind)} is not supported, only ByteLevel, "
                f"{', '.join(_KINDS)} and Sequence."
            )
    return template


def write(template: Template) -> Any:
    """The step in the format of a tokenizer.json."""
    special = {part.name: part for part in (*template.single, *template.pair) if part.ids}
    frame = {
        "type": "TemplateProcessing",
        "single": [_to_json(part) for part in template.single],
        "pair": [_to_json(part) for part in template.pair],
        "special_tokens": {
            name: {"id": name, "ids": list(part.ids or ()), "tokens": [name] * len(part.ids or ())}
            for name, part in special.items()
        },
    }
    if template.trim is None:
        return frame
    level = {"type": "ByteLevel", "add_prefix_space": template.trim, "trim_offsets": True,
             "use_regex": True}  # fmt: skip
    return {"type": "Sequence", "processors": [level, frame]}


def trim_offsets(piece: Piece, tokens: Sequence[str], space: bool) -> Piece:
    """Exclude whitespace from the offsets, as the `tokenizers` library's ByteLevel does."""
    offsets = []
    for at, (token, (start, end)) in enumerate(zip(tokens, piece.offsets or [], strict=True)):
        leading = len(token) - len(token.lstrip(_SPACES))
        trailing = len(token) - len(token.rstrip(_SPACES))
        if leading and space and (at == 0 or start == 0):
            leading -= 1  # the added space
        start = min(start + leading, end)
        offsets.append((start, max(end - trailing, start) if end >= trailing else end))
    return dataclasses.replace(piece, offsets=offsets)


_SPACES = "Ġ" + SPACES


def _steps(step: Any, where: str) -> list[dict[str, Any]]:
    if step is None:
        return []
    if check_object(step, f"{where}: the post_processor").get("type") == "Sequence":
        return [one for part in _list(step, "processors", where) for one in _steps(part, where)]
    return [step]


def _template(step: dict[str, Any], where: str) -> Template:
    special = check_object(
        step.get("special_tokens") or {}, f"{where}: post_processor.special_tokens"
    )
    single = tuple(_part(part, special, where) for part in _list(step, "single", where))
    pair = tuple(_part(part, special, where) for part in _list(step, "pair", where))
    texts = [[p.name for p in parts if p.ids is None] for parts in (single, pair)]
    if texts[0] != [A] or sorted(texts[1], key=str) != [A, B]:
        raise TokenizerError(
            f"{where}: post_processor must have the text A in 'single' and A and B in 'pair', "
            f"once each; found {texts}."
        )
    return Template(single, pair)


def _part(part: Any, special: Mapping[str, Any], where: str) -> Part:
    try:
        ((kind, content),) = part.items()
        name, type_id = content["id"], content["type_id"]
        if not isinstance(type_id, int) or kind not in ("Sequence", "SpecialToken"):
            raise ValueError
        if kind == "Sequence":
            return Part(name, type_id)
        return Part(name, type_id, tuple(check_id(i) for i in special[name]["ids"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise TokenizerError(
            f"{where}: {show(part)} is not a valid part of a post_processor: expected "
            '{"Sequence": {"id": "A", "type_id": 0}}, or a SpecialToken that '
            "special_tokens has."
        ) from None


def _pairwise(step: dict[str, Any], where: str) -> Template:
    """BertProcessing, and RobertaProcessing, which writes its separator twice."""
    try:
        (sep, sep_id), (cls, cls_id) = step["sep"], step["cls"]
        framed = bert((str(cls), check_id(cls_id)), (str(sep), check_id(sep_id)))
    except (KeyError, TypeError, ValueError):
        raise TokenizerError(
            f"{where}: post_processor requires sep and cls, each as [token, id]."
        ) from None
    if step["type"] == "BertProcessing":
        return framed
    first, text, last = framed.single
    pair = (first, text, last, last, Part(B, 0), last)
    space = bool(step.get("add_prefix_space", True))
    return Template(framed.single, pair, space if step.get("trim_offsets", True) else None)


_KINDS = {
    "TemplateProcessing": _template,
    "BertProcessing": _pairwise,
    "RobertaProcessing": _pairwise,
}


def _list(step: dict[str, Any], name: str, where: str) -> list[Any]:
    return check_list(step.get(name), f"{where}: post_processor.{name}")


def _to_json(part: Part) -> dict[str, Any]:
    kind = "Sequence" if part.ids is None else "SpecialToken"
    return {kind: {"id": part.name, "type_id": part.type_id}}
