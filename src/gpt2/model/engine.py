"""The `gpt2.engine.Engine` methods of the language model: extend rows of a cache, score tokens."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Self, get_args

import torch
from torch import Tensor, nn

from gpt2.config import GPT2Config
from gpt2.engine import Logits
from gpt2.errors import InputError
from gpt2.model import taps
from gpt2.model.cache import TorchCache, Window
from gpt2.model.checks import check_length, check_rows
from gpt2.model.loss import token_logprobs
from gpt2.points import only

# Called with a point's name and value; the result replaces the value, None leaves it unchanged.
Tap = Callable[[str, Tensor], "Tensor | None"]


class TorchEngine(nn.Module):
    """The engine part of `GPT2LMHeadModel`, on top of its ``transformer`` and ``lm_head``."""

    config: GPT2Config
    transformer: Any
    lm_head: Any
    _tap: Any = None

    @contextmanager
    def tapped(self, tap: Tap, points: Collection[str] | None = None) -> Iterator[None]:
        """In the block, pass the value of every named point through ``tap``.

        ``points`` selects points of one layer ("h.0.attn.pattern") or of all layers
        ("h.*.attn.pattern"); None means all points. `gpt2.points.POINTS` lists them.
        """
        outer, self._tap = self._tap, only(tap, points, self.config.n_layer)
        shown = taps.install(self.transformer, lambda name, x: self._tap(name, x))
        try:
            with shown if outer is None else nullcontext():  # an inner tap replaces the outer one
                yield
        finally:
            self._tap = outer

    def twin(self) -> Self:
        """A second model on the same parameters, for reading, with its own taps."""
        shared = [*self.parameters(), *self.buffers(), getattr(self, "tokenizer", None)]
        twin = copy.deepcopy(self, {id(part): part for part in shared})
        twin._tap = None
        taps.forget(twin.transformer)
        return twin.eval()

    def new_cache(self, rows: int, capacity: int | None = None) -> TorchCache:
        """Create an empty cache for this engine."""
        return self.transformer.new_cache(rows, capacity)

    @torch.no_grad()
    def extend(
        self,
        cache: TorchCache,
        ids: Sequence[Any] | Tensor,
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Tensor | None:
        """Append tokens to rows of the cache and return their logits: see `gpt2.engine.Engine`."""
        if logits not in get_args(Logits):
            raise InputError(f"logits must be one of {get_args(Logits)}, found {logits!r}.")
        with self._use_packed(cache):
            x, counts = self._extend(cache, ids, rows)
            if logits == "none":
                return None
            if logits == "last":
                ends = [n - 1 for n in counts]
                last = x[:, -1] if len(set(ends)) == 1 else x[torch.arange(len(ends)), ends]
                return self.lm_head(last)  # [R, V]
            parts = [row[:n] for row, n in zip(x, counts, strict=True)]
            return self.lm_head(torch.cat(parts))  # [sum of counts, V]

    score_tokens = 1024

    @torch.no_grad()
    def extend_logprobs(
        self,
        cache: TorchCache,
        ids: Sequence[Any] | Tensor,
        rows: Sequence[int] | None = None,
        *,
        targets: Sequence[Any] | Tensor,
    ) -> tuple[Any, Any]:
        """Append tokens and score the target after each: see `gpt2.engine.ScoringEngine`."""
        flat = torch.cat([torch.as_tensor(row).flatten() for row in targets]).to(self._place)
        if [len(row) for row in targets] != [len(row) for row in ids]:
            raise InputError("targets must have the shape of the ids.")
        if len(flat) and int(flat.max()) >= self.config.vocab_size:
            raise InputError(f"targets must be below {self.config.vocab_size}.")
        with self._use_packed(cache):
            x, counts = self._extend(cache, ids, rows)
            hidden = torch.cat([row[:n] for row, n in zip(x, counts, strict=True)])
            wanted = flat >= 0
            logprobs = torch.zeros(len(flat), device=flat.device)
            greedy = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
            logprobs[wanted], greedy[wanted] = token_logprobs(
                hidden[wanted], self.lm_head, flat[wanted]
            )
        return logprobs.cpu().numpy(), greedy.cpu().numpy()

    def _extend(
        self, cache: TorchCache, ids: Sequence[Any] | Tensor, rows: Sequence[int] | None
    ) -> tuple[Tensor, list[int]]:
        """The last hidden states [R, T, D] of new tokens in a cache, and each row's length."""
        taking = list(range(cache.rows)) if rows is None else list(rows)
        if len(ids) != len(taking):
            raise InputError(f"{len(ids)} rows of ids were given for {len(taking)} rows.")
        check_rows(taking, cache)
        tokens, counts = self._rectangle(ids)
        check_length(tokens.shape[1], self.config)
        window = Window(cache, tokens.shape[1], tokens.device, rows, counts)
        hidden = self.transformer.run(self.transformer.embed(tokens), window.positions, window)
        assert hidden.last_hidden_state is not None
        return hidden.last_hidden_state, counts

    def _rectangle(self, ids: Sequence[Any] | Tensor) -> tuple[Tensor, list[int]]:
        """Rows of ids as [R, T] on the device, and each row's length."""
        if isinstance(ids, Tensor) and ids.dim() == 2:
            return ids.to(self._place), [ids.shape[1]] * len(ids)
        rows = [torch.as_tensor(row).flatten() for row in ids]
        counts = [len(row) for row in rows]
        if 0 in counts:
            raise InputError(f"row {counts.index(0)} has no tokens.")
        for row in rows:
            if row.is_floating_point():
                raise InputError(f"token ids must be integers, found {row.dtype}.")
        tokens = nn.utils.rnn.pad_sequence([row.long() for row in rows], batch_first=True)
        return tokens.to(self._place), counts

    def _no_prompt(self) -> Tensor:
        return torch.empty(1, 0, dtype=torch.long, device=self._place)

    def _use_packed(self, cache: TorchCache) -> Any:
        from gpt2.model import inference  # not above: it imports the model, which imports this

        return inference.use_packed(self, cache)

    @property
    def _place(self) -> torch.device:
        return self.transformer.wte.weight.device
