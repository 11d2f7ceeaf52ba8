"""Answers the page's requests about a model that runs on a server.

Requests and answers have the form of `Session` in explain/web/session.js. Arrays are numpy arrays.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpt2.errors import InputError
from gpt2.explain import contributions as parts
from gpt2.explain import heads as kinds
from gpt2.explain import lens as lenses
from gpt2.explain.passes import Array, Looking, Off, Pass
from gpt2.explain.patching import place
from gpt2.explain.recording import LENS, PATTERN, SHOWN
from gpt2.explain.trace import entropy_of, surprise_of
from gpt2.generation.config import token_list
from gpt2.generation.pipeline import apply, build
from gpt2.generation.sampling import pick, uniform
from gpt2.proof import ALONE

DRAWS = 100
BEFORE = 3  # most probable tokens with nothing off, shown next to those with parts off
MOST_WEIGHTS = 32_000_000  # attention weights of one pass
MOST_KEPT = 1_000_000_000  # bytes of passes that are cached for the next request
MOST_PATCHES = 1_024  # passes per request
POINTS = (PATTERN, "h.*.attn.q", "h.*.attn.k", "h.*.attn.v", *lenses.POINTS, *parts.POINTS)
WHERE = {"stream": "h.{}", "attn": "h.{}.attn", "mlp": "h.{}.mlp"}
Nothing = Callable[[], None]


class Answers:
    """Answers requests about one model, one at a time, with a separate engine on the same weights.

    Raises `OptionError` for an engine that cannot be inspected.
    """

    def __init__(self, model: Any) -> None:
        self.looking = Looking(model)
        self.config, self.tokenizer = self.looking.config, self.looking.tokenizer
        self.ends = token_list(self.looking.engine.generation_config.eos_token_id)
        self.induction = kinds.induction(self.looking)
        heads = self.config.n_layer * self.config.n_head
        self.bound = min(self.config.n_positions, int((MOST_WEIGHTS / heads) ** 0.5))
        self._passes: OrderedDict[Any, Pass] = OrderedDict()

    def seen(self, ids: Sequence[int], off: dict[str, list[int]] | None = None) -> Pass:
        """The pass over ids with heads (layer H + head), MLPs and positions off, cached."""
        left_out = self.off(off)
        key = (tuple(ids), str(left_out))
        if key not in self._passes:
            self._passes[key] = self.looking.run(ids, POINTS, left_out)
        self._passes.move_to_end(key)
        while len(self._passes) > 2 and sum(map(_size, self._passes.values())) > MOST_KEPT:
            self._passes.popitem(last=False)
        return self._passes[key]

    def off(self, named: dict[str, list[int]] | None) -> Off | None:
        """Parse the page's names of parts to switch off; a head is layer * n_head + head."""
        if not named:
            return None
        heads = [divmod(i, self.config.n_head) for i in named["heads"]]
        return Off(heads, (), named["mlps"], named["positions"])

    def token(self, number: int) -> dict[str, Any]:
        """A token in the page's format."""
        return {"id": int(number), "bytes": list(self.tokenizer.token_bytes(int(number)))}

    def ids(self, text: str) -> list[int]:
        """The ids of a text; empty for an empty text."""
        return [int(i) for i in self.tokenizer.encode(text)] if text else []

    def read(self, ids: list[int], off: dict[str, list[int]] | None = None) -> dict[str, Any]:
        """Tokens with surprise and entropy in bits, and thumbnails and kinds of all heads."""
        full = ids or [next(iter(self.ends), 0)]
        shown = full[: self.bound]
        now = self.seen(shown, off)
        sums = lenses.log_sum(now.logits)
        layers = [now.points[f"h.{layer}.attn.pattern"] for layer in range(self.config.n_layer)]
        thumbs = np.stack([kinds.thumbnails(pattern) for pattern in layers])
        looks = [kinds.looks(pattern) for pattern in layers]
        scores = {name: np.stack([one[name] for one in looks]) for name in looks[0]}
        return {
            "ids": full, "tokens": [self.token(i) for i in shown],
            "left": len(full) - len(shown), "empty": not ids,
            "bits": surprise_of(now.logits, sums, shown) / np.float32(np.log(2)),
            "entropy": entropy_of(now.logits, sums) / np.float32(np.log(2)),
            "thumbs": {"n": thumbs.shape[-1], "values": thumbs / np.float32(255)},
            "kinds": {**scores, "induction": self.induction},
        }  # fmt: skip

    def next(
        self, ids: list[int], off: Any, t: int, settings: dict[str, Any], extra: Sequence[int] = ()
    ) -> dict[str, Any]:
        """Candidates after token t: the most probable, samples, and those with all parts on."""
        logits, before = self.seen(ids, off).logits[t], self.seen(ids).logits[t]
        shares, drawn = self._draw(logits, settings, ids[: t + 1])
        wanted = [*np.argsort(-logits, kind="stable")[:SHOWN]]
        wanted += [*np.argsort(-before, kind="stable")[:BEFORE]] if off else []
        shown = list(dict.fromkeys(map(int, [*wanted, *extra])))
        whole, whole_before = (float(lenses.log_sum(x[None])[0]) for x in (logits, before))
        bars = [
            {**self.token(i), "logit": float(logits[i]), "logprob": float(logits[i] - whole),
             "before": float(before[i] - whole_before), "share": float(shares[i]),
             "drawn": drawn.count(i)}
            for i in shown
        ]  # fmt: skip
        return {"changed": bool(off), "others": DRAWS - sum(bar["drawn"] for bar in bars),
                "bars": bars}  # fmt: skip

    def _draw(self, logits: Array, settings: Any, ids: Sequence[int]) -> tuple[Array, list[int]]:
        """Probabilities [V] after ids under the settings, and 100 samples with the seed.

        The model's own options apply too, as in `write`.
        """
        options = self.looking.engine._resolve(None, _options(settings))
        chain = build(options, len(ids), self.config.n_positions + 1, vocabulary=len(logits))
        scores = apply(chain, np.array([ids]), logits[None].astype(np.float32))
        if not options.do_sample:
            best = int(scores.argmax())
            return np.eye(1, len(logits), best)[0], [best] * DRAWS
        with np.errstate(under="ignore"):
            weights = np.exp(scores[0].astype(np.float64) - scores.max())
        noise = [uniform(settings["seed"], row, len(ids)) for row in range(DRAWS)]
        drawn = pick(np.broadcast_to(scores[0], (DRAWS, len(logits))), noise)
        return weights / weights.sum(), [int(i) for i in drawn]

    def head(self, ids: list[int], off: Any, layer: int, head: int) -> Array:
        """The attention weights of one head, [T, T]."""
        return self.seen(ids, off).points[f"h.{layer}.attn.pattern"][head]

    def pair(
        self, ids: list[int], off: Any, layer: int, head: int, t: int, s: int
    ) -> dict[str, Any]:
        """The query of token t and the key of token s in one head, component by component."""
        points, at = self.seen(ids, off).points, f"h.{layer}.attn"
        query, keys = points[f"{at}.q"][head, t], points[f"{at}.k"][head]
        scale = self.config.attention_scale(layer)
        return {
            "query": query, "key": keys[s], "products": query * keys[s], "scale": scale,
            "scores": keys[: t + 1] @ query * np.float32(scale),
            "weights": points[f"{at}.pattern"][head, t, : t + 1],
        }  # fmt: skip

    def lens(self, ids: list[int], off: Any, t: int, token: int) -> list[dict[str, Any]]:
        """The logit lens after each part of each layer, with the rank of one token."""
        seen = self.seen(ids, off)
        states = lenses.stream_at(seen, self.config.n_layer, t)  # [S, D]
        logits = self.looking.head(states)
        sums = lenses.log_sum(logits)
        return [
            {"top": [{**self.token(i), "logprob": float(row[i] - whole)}
                     for i in np.argsort(-row, kind="stable")[:LENS]],
             "rank": 1 + int((row > row[token]).sum()), "logprob": float(row[token] - whole)}
            for row, whole in zip(logits, sums, strict=True)
        ]  # fmt: skip

    def sources(
        self, ids: list[int], off: Any, t: int, token: int, other: int | None = None
    ) -> dict[str, Any]:
        """The parts that add up to a token's logit after t, or to its difference from another's."""
        seen, H = self.seen(ids, off), self.config.n_head
        tokens = np.array([[token] if other is None else [token, other]])
        every = parts.contributions_at(self.looking, ids, seen, [t], tokens)
        x = {
            n: v[0, ..., 0] - (0 if other is None else v[0, ..., 1]) for n, v in vars(every).items()
        }
        seen_as = parts.directions(self.looking, seen, [t], tokens)
        aim = seen_as[:, :1] - (0 if other is None else seen_as[:, 1:])
        shares = [{"part": name, "value": float(x[name])} for name in ("token", "position")]
        for layer in range(self.config.n_layer):
            at = f"h.{layer}.attn"
            inner = parts.before(self.looking, layer, aim)[0, 0]  # [H, d]
            taken = np.einsum("htd,hd->ht", seen.points[f"{at}.v"][:, : t + 1], inner)
            source = (seen.points[f"{at}.pattern"][:, t, : t + 1] * taken).argmax(-1)
            shares += [{"part": "head", "layer": layer, "head": head, "source": int(source[head]),
                       "value": float(x["heads"][layer, head])} for head in range(H)]  # fmt: skip
            shares.append({"part": "mlp", "layer": layer, "value": float(x["mlps"][layer])})
        rest = x["attention_bias"].sum() + x["ln_f_bias"] + x["rounding"]
        return {"logit": float(x["logits"]),
                "parts": [*shares, {"part": "rest", "value": float(rest)}]}  # fmt: skip

    def patches(
        self, ids: list[int], others: list[int], where: str, check: Nothing = lambda: None
    ) -> dict[str, Any]:
        """How far patching in each position of another text moves the prediction to the other's.

        Raises `InputError` if it would take more than 1,024 passes.
        """
        L, T = self.config.n_layer, len(ids)
        if len(others) != T:
            return {"counts": [T, len(others)]}
        if L * T > MOST_PATCHES:
            raise InputError(f"patching every position takes {L * T} forward passes, but the "
                             f"limit is {MOST_PATCHES}: use a shorter text.")  # fmt: skip
        base, there = self.seen(ids).logits[-1], self.seen(others)
        mine, theirs = int(base.argmax()), int(there.logits[-1].argmax())

        def apart(logits: Array) -> float:
            return float(logits[mine] - logits[theirs])

        differences = np.empty((L, T), np.float32)
        for layer, t in np.ndindex(L, T):
            check()
            name = WHERE[where].format(layer)
            put = place(there.points[name], [t], None)
            differences[layer, t] = apart(self.looking.run(ids, changes={name: put}).logits[-1])
        return {
            "mine": self.token(mine), "theirs": self.token(theirs),
            "tokens": [self.token(i) for i in others], "differences": differences,
            "from": apart(base), "to": apart(there.logits[-1]), "L": L, "T": T,
        }  # fmt: skip

    def write(
        self,
        ids: list[int],
        off: Any,
        count: int,
        settings: dict[str, Any],
        check: Nothing = lambda: None,
    ) -> dict[str, Any]:
        """Tokens generated after ids, as `gpt2 generate` generates them, up to the context."""
        room = min(count, self.config.n_positions - len(ids) + 1)
        new: list[int] = []
        if room > 0:
            with self.looking.without(self.off(off)):
                how = {**_options(settings), "max_new_tokens": room}
                for token in self.looking.engine.stream(list(ids), **how):
                    check()
                    new.append(int(token))
        pieces = [list(self.tokenizer.token_bytes(i)) for i in new]
        text = bytes(byte for piece in pieces for byte in piece)
        prompt = b"".join(self.tokenizer.token_bytes(i) for i in ids)
        return {
            "ids": new, "pieces": pieces, "bytes": list(text), "prompt": list(prompt),
            "sha256": hashlib.sha256(text).hexdigest(), "ended": bool(new) and new[-1] in self.ends,
        }  # fmt: skip


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    """The page's settings as options of `generate`; the model's own complete them."""
    greedy = settings["temperature"] == 0
    return {**({"do_sample": False} if greedy else {"do_sample": True, **settings}), **ALONE}


def _size(seen: Pass) -> int:
    return sum(x.nbytes for x in seen.points.values()) + seen.logits.nbytes
