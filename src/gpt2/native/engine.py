"""`NativeEngine`: the C++ core as a `gpt2.engine.Engine`."""

from __future__ import annotations

import ctypes
import weakref
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import check_uncut
from gpt2.config import GPT2Config
from gpt2.engine import Answer, Ask, Logits, Sampling
from gpt2.errors import InputError, OptionError, WeightError
from gpt2.generation import GenerationMixin
from gpt2.generation.sampling import likeliest, undecided
from gpt2.native.asking import MOST_TOP, Asking, ask_in_pieces, draw_of
from gpt2.native.batch import Batch, Step, whole_number
from gpt2.native.cache import NativeCache, undone
from gpt2.native.library import (
    DTYPES,
    EXACT_HEAD,
    LOGITS,
    STOPPED,
    Options,
    RescoredCounts,
    Shape,
    check,
    core,
    shape_of,
)
from gpt2.native.threads import thread_count
from gpt2.native.trace import NativeTap, Tap, omissions, omissions_struct, together

Weights = Mapping[str, npt.NDArray[Any]]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

KV_DTYPES = ("fp16", "fp32", "int8")
# Tokens one call of the core takes: between calls Python can answer Ctrl-C.
PIECE = 256


class Rescored(NamedTuple):
    """Logits that the exact head computed in full precision; others were ruled out by a bound."""

    last: int  # for the last row of logits
    total: int  # for all rows
    rows: int  # how many there were


class NativeEngine(GenerationMixin):
    """GPT-2 on the CPU's own instructions.

    A row's logits are the same bits alone and in any batch, in one call and token by token, with
    one thread and with many; with int8 and int4 on every processor as well.
    """

    def __init__(
        self,
        weights: Weights,
        config: GPT2Config,
        *,
        dtype: str = "fp32",
        head_dtype: str | None = None,
        kv_dtype: str = "fp16",
        threads: int | None = None,
        kernels: str | None = None,
        exact_head: bool | None = None,
        tokenizer: Any = None,
    ) -> None:
        """Pack ``weights`` (by the checkpoint's names); they are not needed afterwards.

        Args:
            weights: arrays of fp32, fp16 or bf16; or, for a matrix, the bytes that `packed` gave,
                which are used where they lie.
            config: the model's shape.
            dtype: how matrices are stored: fp32, fp16, bf16, int8 or int4.
            head_dtype: how the token embedding and the output head are stored; None means as
                ``dtype``, but int8 where that is int4.
            kv_dtype: keys and values in the cache: fp16, fp32 or int8 (a scale per position and
                head; about half the memory of fp16).
            threads: None means GPT2_THREADS, or the physical cores; the processors that this
                process may use are the most.
            kernels: generic; avx2 or avx512 on x86-64; neon (with the dot product of ARMv8.2) or
                neon_base on 64-bit ARM; None means the best this processor runs.
            exact_head: whether `extend_top` (greedy decoding) with k, and `extend_draw` (sampling)
                with top_k, up to 64 look for the largest logits in an int8 copy of an fp32, fp16
                or bf16 head, and compute only those that can be among them: the same results,
                for a byte a weight of the head, from the first such call on. None means where
                the head is over 32 MB.
            tokenizer: for texts given to ``generate``.

        Raises:
            OptionError: an unknown dtype, kernels this processor cannot run.
            WeightError: wrong names or shapes, or numbers that are not finite.
        """
        self.tokenizer = tokenizer
        self.config = config
        self.dtype, self.kv_dtype = dtype, kv_dtype
        self.head_dtype = head_dtype or ("int8" if dtype == "int4" else dtype)
        options = Options(
            code_of("dtype", self.dtype, DTYPES),
            code_of("head_dtype", self.head_dtype, DTYPES),
            code_of("kv_dtype", self.kv_dtype, {n: DTYPES[n] for n in KV_DTYPES}),
            thread_count(threads),
            kernels.encode() if kernels is not None else None,
            EXACT_HEAD[exact_head],
        )
        self._tap: NativeTap | None = None
        self._omitted: dict[str, Any] | None = None
        self._borrowed: list[npt.NDArray[np.uint8]] = []  # packed bytes the core reads in place
        self.handle = _new_engine(shape_of(config), options)
        weakref.finalize(self, core().gpt2_engine_free, self.handle)
        for name in tensor_names(config):
            if name not in weights:
                raise WeightError(f"the weights lack {name!r}.")
            self._set(name, weights[name])

    def _set(self, name: str, values: npt.NDArray[Any]) -> None:
        if values.dtype == np.uint8 and values.ndim == 1:
            packed = np.ascontiguousarray(values)
            self._borrowed.append(packed)
            data = ctypes.c_void_p(packed.ctypes.data)
            check(core().gpt2_engine_set_packed(self.handle, name.encode(), data, packed.nbytes))
            return
        kind, numbers = as_numbers(name, values)
        dims = (ctypes.c_int64 * numbers.ndim)(*numbers.shape)
        data = ctypes.c_void_p(numbers.ctypes.data)
        check(core().gpt2_engine_set(self.handle, name.encode(), kind, data, dims, numbers.ndim))

    @property
    def exact_pieces(self) -> bool:
        """Whether a text's logits are the same however it is cut; not while it is changed."""
        return self._tap is None and self._omitted is None

    @property
    def kernels(self) -> str:
        """The instruction set in use."""
        return str(core().gpt2_engine_kernels(self.handle).decode())

    @property
    def threads(self) -> int:
        """How many threads compute."""
        return int(core().gpt2_engine_threads(self.handle))

    @property
    def weight_bytes(self) -> int:
        """The memory the packed weights take, and the int8 copy of the head once it is made."""
        return int(core().gpt2_engine_bytes(self.handle))

    @property
    def rescored(self) -> Rescored:
        """What the exact head computed so far; zeros while it was not used."""
        counts = RescoredCounts()
        check(core().gpt2_engine_rescored(self.handle, ctypes.byref(counts)))
        return Rescored(counts.last, counts.total, counts.rows)

    def packed(self, name: str) -> npt.NDArray[np.uint8]:
        """A copy of a matrix's packed bytes, by its name in the checkpoint."""
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        places = (ctypes.byref(data), ctypes.byref(size))
        check(core().gpt2_engine_packed(self.handle, name.encode(), *places))
        return np.frombuffer(ctypes.string_at(data, size.value), np.uint8).copy()

    def new_cache(self, rows: int, capacity: int | None = None) -> NativeCache:
        """An empty cache; capacity None means ``n_positions``, and so does any larger one."""
        check_uncut(self._borrowed)
        limit = self.config.n_positions
        room = limit if capacity is None else min(whole_number(capacity, "capacity"), limit)
        return NativeCache(self, whole_number(rows, "rows"), room)

    def extend(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Floats | None:
        """Append tokens to rows of the cache and return their logits; see `gpt2.engine.Engine`."""
        _check_mode(logits, LOGITS)
        batch = Batch(cache, ids, rows)
        wanted = batch.wanted(logits)
        out = np.empty((wanted, self.config.vocab_size), np.float32)
        at = out.ctypes.data
        step = self.config.vocab_size * out.itemsize

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            return core().gpt2_extend(*self._call(piece, mode), at + begin * step)

        self._run(batch, logits, call)
        return None if logits == "none" else out

    most_top = MOST_TOP

    def extend_top(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        k: int = 1,
        logits: Logits = "last",
    ) -> tuple[Ints, Floats]:
        """Append tokens and return the k largest logits; see `gpt2.engine.ChoosingEngine`."""
        _check_mode(logits, ("last", "all"))
        k = whole_number(k, "k")
        if not 1 <= k <= min(MOST_TOP, self.config.vocab_size):
            raise OptionError(
                f"k must be at least 1 and at most {min(MOST_TOP, self.config.vocab_size)}, "
                f"found {k}."
            )
        batch = Batch(cache, ids, rows)
        wanted = batch.wanted(logits)
        top, values = np.empty((wanted, k), np.int32), np.empty((wanted, k), np.float32)
        places = top.ctypes.data, values.ctypes.data

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            into = (place + 4 * k * begin for place in places)
            return core().gpt2_extend_top(*self._call(piece, mode), k, *into)

        self._run(batch, logits, call)
        return top, values

    def extend_draw(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        sampling: Sampling,
        noise: Sequence[float],
        logits: Logits = "last",
    ) -> list[int]:
        """Append tokens and draw the next ones; see `gpt2.engine.ChoosingEngine`."""
        _check_mode(logits, ("last", "all"))
        batch = Batch(cache, ids, rows)
        wanted = batch.wanted(logits)
        if len(noise) != wanted:
            raise InputError(f"{wanted} draws need as many numbers of noise, found {len(noise)}.")
        numbers, tokens = array("d", noise), array("i", bytes(4 * wanted))
        first, into = numbers.buffer_info()[0], tokens.buffer_info()[0]
        how = draw_of(sampling)

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            places = first + 8 * begin, into + 4 * begin
            return core().gpt2_extend_draw(*self._call(piece, mode), how, *places)

        self._run(batch, logits, call)
        return tokens.tolist()

    def stepper(
        self, cache: NativeCache, sampling: Sampling | None
    ) -> Callable[[list[int], list[float]], list[int]]:
        """One token in every row at each call; see `gpt2.engine.ChoosingEngine`."""
        if cache.rows > PIECE:  # more than one call of the core may take
            return lambda tokens, noise: self._slow_step(cache, sampling, tokens, noise)
        step = Step(cache)
        call = self.handle, cache.handle, cache.rows, *step.places, LOGITS["last"]
        if sampling is None:
            choose = partial(core().gpt2_extend_top, *call, 1, step.tokens_at, step.values_at)
        else:
            how = draw_of(sampling)
            choose = partial(core().gpt2_extend_draw, *call, how, step.noise_at, step.tokens_at)
        ids, numbers = step.ids, step.noise

        def take(tokens: list[int], noise: list[float]) -> list[int]:
            for row, token in enumerate(tokens):
                ids[row] = token
            for row, number in enumerate(noise):
                numbers[row] = number
            if status := choose():
                self._checked(status)
            if sampling is None and (total := sum(step.values)) != total:  # one of them is NaN
                raise undecided()
            return step.tokens.tolist()  # and the core's places stay while this function does

        return take

    def _slow_step(
        self, cache: NativeCache, sampling: Sampling | None, tokens: list[int], noise: list[float]
    ) -> list[int]:
        ids = [[token] for token in tokens]
        if sampling is not None:
            return self.extend_draw(cache, ids, None, sampling, noise)
        return likeliest(self.extend_top(cache, ids))

    score_tokens = PIECE

    def extend_logprobs(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        *,
        targets: Sequence[Any] | Any,
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Append tokens and score what follows each; see `gpt2.engine.ScoringEngine`."""
        batch = Batch(cache, ids, rows)
        wanted = Batch(cache, targets, rows)
        if wanted.counts != batch.counts:
            raise InputError("targets must have the shape of the ids.")
        judged = wanted.flat
        logprobs = np.zeros(len(judged), np.float32)
        greedy = np.zeros(len(judged), np.bool_)
        places = judged.buffer_info()[0], logprobs.ctypes.data, greedy.ctypes.data
        sizes = judged.itemsize, logprobs.itemsize, greedy.itemsize

        def call(piece: Batch, begin: int) -> None:
            at = (place + size * begin for place, size in zip(places, sizes, strict=True))
            self._checked(core().gpt2_extend_logprobs(*self._call(piece, "none")[:-1], *at))

        if self._tap is not None:  # it sees a call as a whole
            call(batch, 0)
            return logprobs, greedy
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        with undone(cache, batch):
            begin = 0
            for piece in batch.slices(PIECE):
                call(piece, begin)
                begin += len(piece.flat)
        return logprobs, greedy

    def extend_asked(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        asks: Sequence[tuple[int, Ask]],
    ) -> list[Answer]:
        """Append tokens and answer what is asked of some; see `gpt2.engine.AskedEngine`."""
        batch, asking = Batch(cache, ids, rows), Asking(asks, self.config.vocab_size)

        def call(piece: Batch, wishes: tuple[Any, ...]) -> None:
            self._checked(core().gpt2_extend_asked(*self._call(piece, "none")[:-1], *wishes))

        if len(batch.flat) <= PIECE or self._tap is not None:  # a tap sees a call as a whole
            call(batch, asking.call(0, len(asks), 0))
            return asking.found()
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        with undone(cache, batch):
            ask_in_pieces(batch, asking, PIECE, call)
        return asking.found()

    def draw(self, logits: Floats, sampling: Sampling, noise: Sequence[float]) -> list[int]:
        """The tokens `extend_draw` would draw from these logits [R, vocab_size]."""
        rows = np.ascontiguousarray(logits, np.float32)
        if rows.shape != (len(noise), self.config.vocab_size):
            raise InputError(
                f"{len(noise)} draws need logits [{len(noise)}, {self.config.vocab_size}], found "
                f"{list(rows.shape)}."
            )
        numbers, tokens = array("d", noise), array("i", bytes(4 * len(noise)))
        places = numbers.buffer_info()[0], tokens.buffer_info()[0]
        check(
            core().gpt2_draw(self.handle, len(rows), rows.ctypes.data, draw_of(sampling), *places)
        )
        return tokens.tolist()

    def _call(self, batch: Batch, mode: Logits) -> tuple[Any, ...]:
        """The first arguments of a call that extends."""
        places = [numbers.buffer_info()[0] for numbers in (batch.rows, batch.counts, batch.flat)]
        return self.handle, batch.cache.handle, len(batch.rows), *places, LOGITS[mode]

    def _run(self, batch: Batch, logits: Logits, call: Callable[[Batch, Logits, int], int]) -> None:
        """``call(piece, mode, where its results begin)`` for the batch, or for its pieces.

        An interrupted run leaves the cache as it was.
        """
        if len(batch.flat) <= PIECE or self._tap is not None:  # a tap sees a call as a whole
            self._checked(call(batch, logits, 0))
            return
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        done = 0
        with undone(batch.cache, batch):
            for i, (row, count) in enumerate(zip(batch.rows, batch.counts, strict=True)):
                for begin in range(0, count, PIECE):
                    end = min(begin + PIECE, count)
                    piece = batch.piece(row, batch.flat[done : done + end - begin])
                    mode: Logits = "none" if logits == "last" and end < count else logits
                    self._checked(call(piece, mode, done if logits == "all" else i))
                    done += end - begin

    def _checked(self, status: int) -> None:
        """Raise what a status stands for; where a tap ended the call, the tap's own error."""
        if status == STOPPED and self._tap is not None and (error := self._tap.error()):
            raise error
        check(status)

    @contextmanager
    def tapped(self, tap: Tap, points: Collection[str] | None = None) -> Iterator[None]:
        """Within the block, what stands at every named point goes through ``tap``.

        Args:
            tap: called with a name and a float32 array, which it may keep. What it returns takes
                its place in the pass; None leaves it. What it raises ends the call, and the cache
                is as it was. It may not call this engine.
            points: only these, by name ("h.0.attn.pattern") or for all layers
                ("h.*.attn.pattern"); None means all. `gpt2.points.POINTS` tells what there is.
        """
        before, new = self._tap, NativeTap(tap, points, self.config.n_layer)
        check(core().gpt2_engine_tap(self.handle, new.callback, None))
        self._tap = new
        try:
            yield
        finally:
            callback = before.callback if before else None
            check(core().gpt2_engine_tap(self.handle, callback, None))
            self._tap = before

    @contextmanager
    def ablate(
        self,
        *,
        heads: Iterable[tuple[int, int]] = (),
        attention: Iterable[int] = (),
        mlps: Iterable[int] = (),
        positions: Iterable[int] = (),
        position_embeddings: bool = False,
    ) -> Iterator[None]:
        """Within the block, parts of the model are left out, beside what is left out already.

        Args:
            heads: (layer, head): the head gives zeros.
            attention, mlps: layers in which that block adds nothing to the residual stream.
            positions: of the context, which later tokens then do not see.
            position_embeddings: none are added.

        Raises:
            InputError: a layer, head or position that this model has not.
        """
        before = self._omitted
        new = omissions(self.config, heads, attention, mlps, positions, position_embeddings)
        self._omit(together(before, new) if before else new)
        try:
            yield
        finally:
            self._omit(before)

    def _omit(self, flags: dict[str, Any] | None) -> None:
        check(core().gpt2_engine_omit(self.handle, omissions_struct(flags) if flags else None))
        self._omitted = flags


def _check_mode(logits: str, modes: Any) -> None:
    if logits not in modes:
        raise OptionError(f"logits must be one of {', '.join(modes)}, found {logits!r}.")


def tensor_names(config: GPT2Config) -> list[str]:
    """The checkpoint's names of all tensors of a model."""
    parts = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
    modules = [f"transformer.h.{i}.{part}" for i in range(config.n_layer) for part in parts]
    modules.append("transformer.ln_f")
    head = [] if config.tie_word_embeddings else ["lm_head.weight"]
    tables = ["transformer.wte.weight", "transformer.wpe.weight", *head]
    return tables + [f"{module}.{kind}" for module in modules for kind in ("weight", "bias")]


def _new_engine(shape: Shape, options: Options) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    try:
        check(core().gpt2_engine_new(shape, options, ctypes.byref(handle)))
    except InputError as error:  # here the caller's options are the only input
        raise OptionError(str(error)) from None
    return handle


def code_of(option: str, name: str, codes: Mapping[str, int]) -> int:
    """The core's number of a name; raises `OptionError` for another one."""
    if name not in codes:
        raise OptionError(f"{option} must be one of {', '.join(codes)}, found {name!r}.")
    return codes[name]


def as_numbers(name: str, values: npt.NDArray[Any]) -> tuple[int, npt.NDArray[Any]]:
    """A tensor as the core reads it: its dtype's code and contiguous numbers."""
    array = np.asarray(values)
    if array.dtype.name == "bfloat16":  # not numpy's own: ml_dtypes has it
        return DTYPES["bf16"], np.ascontiguousarray(array).view(np.uint16)
    if array.dtype == np.float16:
        return DTYPES["fp16"], np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise WeightError(f"{name} must be floating numbers, found {array.dtype}.")
    return DTYPES["fp32"], np.ascontiguousarray(array, np.float32)
