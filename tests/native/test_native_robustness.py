"""Wrong input is an error, never a crash; threads, forks and signals are survived."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.engine import Ask, Sampling
from gpt2.errors import ConfigError, ContextLengthError, InputError, OptionError, WeightError
from gpt2.machine import processors
from gpt2.native import NativeCache, NativeEngine, library, threads
from gpt2.native.threads import thread_count
from tests.examples import some
from tests.native.models import AWKWARD, EVEN, random_weights, weights_of
from tests.native.test_native_engine import packed_weights

NAME = "transformer.h.1.mlp.c_fc.weight"


@pytest.fixture(scope="module")
def engine() -> NativeEngine:
    return NativeEngine(weights_of("awkward"), AWKWARD, dtype="int8", threads=2)


@pytest.mark.parametrize(
    ("ids", "rows", "error", "message"),
    [
        ([[1], [101]], None, InputError, "token id 101; the vocabulary has 101"),
        ([[1], [-1]], None, InputError, "token id -1"),
        ([[1], [2**40]], None, InputError, "32 bits"),
        ([[1], []], None, InputError, "no new token"),
        ([[1], [1.5]], None, InputError, "integers"),
        ([[1], ["a"]], None, InputError, "integers"),
        ([[1]], None, InputError, "found 1"),
        ([[1], [1]], [0, 0], InputError, "named twice"),
        ([[1]], [2], InputError, "row 2 .* cache .* 2 rows"),
        ([[1]], [-1], InputError, "row -1"),
        ([[1], [1] * 41], None, ContextLengthError, "would hold 41 tokens; there is room for 40"),
        ([[1], [1] * 999], None, ContextLengthError, "would hold 999 tokens"),
    ],
)
def test_refused_calls_change_nothing(
    engine: NativeEngine,
    ids: list[Any],
    rows: list[int] | None,
    error: type[Exception],
    message: str,
) -> None:
    memory = engine.new_cache(2, 40)
    with pytest.raises(error, match=f"(?i){message}"):
        engine.extend(memory, ids, rows)
    assert memory.lengths == [0, 0]


def test_refused_caches(engine: NativeEngine) -> None:
    for rows, capacity in ((0, 4), (-1, 4), (1, 0)):
        with pytest.raises(InputError):
            engine.new_cache(rows, capacity)
    with pytest.raises(MemoryError):  # at once: before anything is allocated
        NativeEngine(weights_of("even"), EVEN).new_cache(2**31 - 1)
    memory = engine.new_cache(2)
    with pytest.raises(InputError, match="requires 2 sources"):
        memory.gather([0])
    with pytest.raises(InputError, match=r"^row 7"):
        memory.gather([0, 7])
    with pytest.raises(InputError, match="cannot be cut"):
        memory.truncate(0, 1)
    with pytest.raises(OptionError, match="logits"):
        engine.extend(memory, [[1], [1]], logits="some")
    other = NativeEngine(weights_of("awkward"), AWKWARD)
    with pytest.raises(InputError, match="another engine"):
        other.extend(memory, [[1], [1]])


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": "fp8"},
        {"kv_dtype": "int4"},
        {"threads": 0},
        {"threads": True},
        {"kernels": "sse"},
        {"exact_head": "on"},
    ],
)
def test_refused_options(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        NativeEngine(weights_of("awkward"), AWKWARD, **options)


def test_refused_weights() -> None:
    good = weights_of("awkward")
    for wrong, message in (
        (good[NAME].T, r"\[50, 36\], expected \[36, 50\]"),
        (good[NAME][0], r"\[50\]"),
        (np.full_like(good[NAME], np.nan), f"{NAME} holds values that are NaN"),
        (good[NAME].astype(np.int64), "int64"),
    ):
        with pytest.raises(WeightError, match=message):
            NativeEngine({**good, NAME: wrong}, AWKWARD)
    with pytest.raises(WeightError, match="have no tensor"):
        NativeEngine({n: w for n, w in good.items() if n != NAME}, AWKWARD)


@pytest.mark.parametrize("dtype", ["fp32", "int8", "int4"])
@given(data=st.data())
@settings(max_examples=some(30), deadline=None)
def test_damaged_packed_weights(dtype: str, data: st.DataObject) -> None:
    """An error, or logits of some kind; the process lives."""
    source = NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype)
    packed = packed_weights(source, weights_of("awkward"))
    if data.draw(st.booleans()):
        packed[NAME] = packed[NAME][: data.draw(st.integers(0, packed[NAME].size - 1))]
        with pytest.raises(WeightError, match=r"(?i)packed weights"):
            NativeEngine(packed, AWKWARD)
        return
    damaged = packed[NAME].copy()
    for _ in range(data.draw(st.integers(1, 20))):
        limit = data.draw(st.sampled_from([64, damaged.size]))
        damaged[data.draw(st.integers(0, limit - 1))] = data.draw(st.integers(0, 255))
    try:
        engine = NativeEngine({**packed, NAME: damaged}, AWKWARD)
    except WeightError:
        return
    assert engine.extend(engine.new_cache(1), [[1, 2, 3]]).shape == (1, 101)


def test_two_engines_and_four_threads() -> None:
    engines = [
        NativeEngine(weights_of("awkward"), AWKWARD, dtype=d, threads=2) for d in ("int8", "fp32")
    ]
    wanted = [e.extend(e.new_cache(1), [[7] * 50]) for e in engines]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(20):
            one = engines[i % 2]
            if not np.array_equal(one.extend(one.new_cache(1), [[7] * 50]), wanted[i % 2]):
                wrong.append(i)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_works_in_a_forked_child(engine: NativeEngine) -> None:
    wanted = engine.extend(engine.new_cache(1), [[1, 2, 3]])
    child = os.fork()
    if child == 0:
        same = np.array_equal(engine.extend(engine.new_cache(1), [[1, 2, 3]]), wanted)
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    np.testing.assert_array_equal(engine.extend(engine.new_cache(1), [[1, 2, 3]]), wanted)


def test_an_interrupted_call_leaves_the_cache_as_it_was() -> None:
    engine = NativeEngine(weights_of("even"), EVEN)
    memory = engine.new_cache(2)
    engine.extend(memory, [[1] * 5, [2] * 9])
    timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        extend_for_ever(engine, memory)
    timer.join()
    # Not begun, done, or cut back by the loop: never a part of a call.
    assert set(memory.lengths) <= {5, 9, 695, 699}


def extend_for_ever(engine: NativeEngine, memory: NativeCache) -> None:
    while True:
        extend_again(engine, memory)


def extend_often(engine: NativeEngine, memory: NativeCache, timer: threading.Timer) -> None:
    timer.start()
    for _ in range(200):
        extend_again(engine, memory)


def extend_again(engine: NativeEngine, memory: NativeCache) -> None:
    memory.truncate(0, 5)
    memory.truncate(1, 9)
    engine.extend(memory, [[3] * 690, [4] * 690])


def test_an_interrupt_during_a_tapped_call_is_not_lost() -> None:
    engine = NativeEngine(weights_of("even"), EVEN)
    memory = engine.new_cache(2)
    engine.extend(memory, [[1] * 5, [2] * 9])
    for _ in range(4):  # mostly while C computes: Python handles it at the start of the callback
        timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
        with engine.tapped(lambda *_: None, points=["embed"]), pytest.raises(KeyboardInterrupt):
            extend_often(engine, memory, timer)
        timer.join()
        assert set(memory.lengths) <= {5, 9, 695, 699}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


PROGRAM = """
import importlib, os, resource, signal, threading, time
from tests.native.models import EVEN, weights_of
from gpt2.native import NativeEngine, library
engine = NativeEngine(weights_of('even'), EVEN, threads=2)

def write_for_ever():
    while True:
        engine.generate([[1]], max_new_tokens=500, eos_token_id=None)

"""


def run_program(code: str) -> subprocess.CompletedProcess[bytes]:
    """Runs ``code`` after PROGRAM."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        timeout=60,
    )


def test_interrupt_in_generate_ends_the_process() -> None:
    run = run_program(
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\nwrite_for_ever()"
    )
    assert b"KeyboardInterrupt" in run.stderr
    assert run.returncode in (1, 130, -signal.SIGINT)


def test_a_process_ends_while_a_daemon_thread_writes() -> None:
    run = run_program(
        "threading.Thread(target=write_for_ever, daemon=True).start()\ntime.sleep(0.2)"
    )
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_hooks_registered_twice_let_a_process_fork() -> None:
    """By a module that is loaded again, or by two threads that load the core at once."""
    run = run_program("""
importlib.reload(library).core()
signal.alarm(20)
child = os.fork()
engine.extend(engine.new_cache(1), [[1]])
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_threads_that_cannot_start_are_an_error() -> None:
    """In a child, which starts its own; root may start any number, another user may not."""
    run = run_program("""
child = os.fork()
if child == 0:
    if os.getuid() == 0:
        os.setuid(65534)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    for call in (lambda: engine.extend(memory, [[1]]),) * 2 + (engine.twin,):
        try:
            memory = engine.new_cache(1)
            call()
        except ValueError as error:
            assert "use fewer threads" in str(error), error
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")
    assert (run.returncode, run.stderr) == (0, b"")


def test_an_interrupted_draw_leaves_the_cache_as_it_was() -> None:
    engine = NativeEngine(weights_of("even"), EVEN)
    memory = engine.new_cache(1)
    engine.extend(memory, [[1] * 5], logits="none")
    timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        draw_for_ever(engine, memory)
    timer.join()
    assert memory.lengths[0] in (5, 695)


def draw_for_ever(engine: NativeEngine, memory: NativeCache) -> None:
    while True:
        memory.truncate(0, 5)
        engine.extend_draw(memory, [[3] * 690], None, Sampling(), [0.5])


OPTIONS = {"do_sample": True, "seed": 1, "max_new_tokens": 40, "eos_token_id": None}


def test_two_engines_write_side_by_side() -> None:
    engines = [
        NativeEngine(weights_of("even"), EVEN, dtype=dtype, threads=2) for dtype in ("int8", "fp32")
    ]
    prompts = [[[i + 1, 2]] for i in range(3)]
    wanted = [[e.generate(p, **OPTIONS).tolist() for p in prompts] for e in engines]
    found: dict[tuple[int, int], list[list[int]]] = {}

    def work(which: int, prompt: int) -> None:
        found[which, prompt] = engines[which].generate(prompts[prompt], **OPTIONS).tolist()

    keys = [(which, prompt) for which in range(2) for prompt in range(3)]
    workers = [threading.Thread(target=work, args=key) for key in keys]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert found == {(which, prompt): wanted[which][prompt] for which, prompt in keys}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_goes_on_writing(engine: NativeEngine) -> None:
    """In the middle of a text, and the parent goes on too."""
    wanted = engine.generate([[1, 2]], **OPTIONS)[0, 2:].tolist()
    steps = engine.stream([1, 2], **OPTIONS)
    begun = [next(steps) for _ in range(10)]
    child = os.fork()
    if child == 0:
        os._exit(0 if begun + list(steps) == wanted else 1)
    assert begun + list(steps) == wanted
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_thread_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thread_count(3) == 3
    assert thread_count(None) >= 1
    monkeypatch.setenv("GPT2_THREADS", "5")
    assert thread_count(None) == 5
    assert thread_count(2) == 2
    for wrong in ("many", "0", "1025", "9" * 5000):
        monkeypatch.setenv("GPT2_THREADS", wrong)
        with pytest.raises(OptionError, match="GPT2_THREADS"):
            thread_count(None)
    for number in (0, 1025, 2**32 + 2, 2.0, True):
        with pytest.raises(OptionError, match="from 1 to 1024"):
            thread_count(number)
    monkeypatch.setattr(threads, "processors", processors)
    assert thread_count(1000) == min(1000, processors())


def test_numbers_beyond_32_bits_are_refused(engine: NativeEngine) -> None:
    memory = engine.new_cache(2)
    engine.extend(memory, [[1, 2], [3]])
    for row, length in ((0, 2**32), (2**32, 0), (0, 0.0), (False, 0), (0, None)):
        with pytest.raises(InputError, match=r"row|length"):
            memory.truncate(row, length)
    assert memory.lengths == [2, 1]
    memory.truncate(np.int64(0), np.int32(1))
    assert memory.lengths == [1, 1]
    for rows, capacity in ((2**32 + 1, None), (1.5, None), (1, 1.5), ("2", 4), (1, 2**32 + 4)):
        with pytest.raises(InputError, match=r"integer|32 bits"):
            engine.new_cache(rows, capacity)
    assert engine.new_cache(1, 2**20).capacity == AWKWARD.n_positions
    with pytest.raises(InputError, match="32 bits"):
        engine.extend_top(memory, [[1], [1]], k=2**32 + 1)
    with pytest.raises(InputError, match="32 bits"):
        engine.extend_asked(memory, [[1], [1]], None, [(0, Ask("given", 2**32 + 1))])
    number: Any
    for number in (2**32, 1.5):
        with pytest.raises(InputError, match=r"integer|32 bits"):
            engine.rows("transformer.wte.weight", [number])
        with pytest.raises(InputError, match=r"integer|32 bits"):
            engine.interval_at(np.zeros(101, np.float32), number)
    huge = engine.draw(np.zeros((1, 101), np.float32), Sampling(top_k=2**32 + 1), [0.99])
    assert huge == engine.draw(np.zeros((1, 101), np.float32), Sampling(top_k=0), [0.99])
    for name in ("n_positions", "n_inner"):
        with pytest.raises(ConfigError):
            NativeEngine(weights_of("awkward"), AWKWARD.replace(**{name: 2**32 + 16}))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks_while_other_threads_write(engine: NativeEngine) -> None:
    """Also while a tap is called, which needs the interpreter that the forking thread has."""
    tapped = NativeEngine(weights_of("awkward"), AWKWARD, threads=2)
    wanted = engine.generate([[1, 2]], **OPTIONS).tolist()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            assert engine.generate([[1, 2]], **OPTIONS).tolist() == wanted

    def look() -> None:
        with tapped.tapped(lambda name, values: None):
            while not stop.is_set():
                tapped.extend(tapped.new_cache(1), [[1, 2]])

    others = [threading.Thread(target=work) for work in (write, write, look)]
    for thread in others:
        thread.start()
    try:
        children = [_forked(engine, tapped, wanted) for _ in range(15)]
        codes = [_waited(child) for child in children]
    finally:
        stop.set()
        for thread in others:
            thread.join()
    assert codes == [0] * 15


def _forked(engine: NativeEngine, tapped: NativeEngine, wanted: list[list[int]]) -> int:
    child = os.fork()
    if child == 0:
        same = engine.generate([[1, 2]], **OPTIONS).tolist() == wanted
        os._exit(0 if same and tapped.extend(tapped.new_cache(1), [[1]]).shape == (1, 101) else 1)
    return child


def _waited(child: int) -> int:
    """The exit code; a child that hangs is killed after 20 seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if (found := os.waitpid(child, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(found[1])
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tap_may_fork(engine: NativeEngine) -> None:
    codes: list[int] = []

    def tap(name: str, values: np.ndarray) -> None:
        if name == "h.0.attn.pattern" and not codes:
            child = os.fork()
            if child == 0:
                other = NativeEngine(weights_of("awkward"), AWKWARD, dtype="int8")
                os._exit(other.extend(other.new_cache(1), [[1, 2, 3]]).shape != (1, 101))
            codes.append(_waited(child))

    wanted = engine.extend(engine.new_cache(1), [[1, 2, 3]])
    with engine.tapped(tap):
        found = engine.extend(engine.new_cache(1), [[1, 2, 3]])
    assert codes == [0]
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("source", ["", 'const char* gpt2_abi(void) { return "1 4 4"; }'])
def test_a_core_of_another_version_is_told(tmp_path: Path, source: str) -> None:
    if (compiler := shutil.which("cc")) is None:
        pytest.skip("there is no C compiler")
    known = [name for name in library._FUNCTIONS if name != "gpt2_abi"]
    text = source + "".join(f"void {name}(void) {{}}\n" for name in known)
    (tmp_path / "old.c").write_text(text, "utf-8")
    command = [compiler, "-shared", "-fPIC", "-o", "old.so", "old.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(
        [sys.executable, "-m", "gpt2", "generate", "a"],
        env={**os.environ, "GPT2_CORE": str(tmp_path / "old.so")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "another version of this package" in run.stderr
    assert "pip install" in run.stderr


def test_the_largest_sums_do_not_overflow() -> None:
    """All weights and activations of one long dot product as large as they come, of one sign."""
    config = EVEN.replace(n_layer=1, n_inner=8192, activation_function="relu")
    weights = random_weights(config)
    for name, value in (("c_fc.weight", 0.0), ("c_fc.bias", 1e4), ("c_proj.weight", -0.5)):
        weights[f"transformer.h.0.mlp.{name}"][:] = value
    exact = NativeEngine(weights, config, kv_dtype="fp32")
    wanted = exact.extend(exact.new_cache(1), [[1, 2, 3]])
    for dtype in ("int8", "int4"):
        engine = NativeEngine(weights, config, dtype=dtype, kv_dtype="fp32")
        found = engine.extend(engine.new_cache(1), [[1, 2, 3]])
        np.testing.assert_allclose(found, wanted, atol=0.02 * np.abs(wanted).max())
