from __future__ import annotations

import threading
from typing import Any

import pytest
import transformers

from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation import TextIteratorStreamer, TextStreamer
from gpt2.tokenizer import GPT2Tokenizer
from tests.generation import tiny_models

BIG = {"vocab_size": 300}


@pytest.fixture(scope="module")
def tokenizer() -> GPT2Tokenizer:
    peer = tiny_models.tokenizer()
    merges = [tuple(m) for m in _merges(peer)]
    return GPT2Tokenizer(peer.get_vocab(), merges)


def _merges(peer: Any) -> Any:
    import json

    return json.loads(peer.backend_tokenizer.to_str())["model"]["merges"]


OPTIONS = {"max_new_tokens": 25, "do_sample": True, "seed": 3, "temperature": 2.0, "top_k": 0}


def test_the_pieces_are_the_text(tokenizer: GPT2Tokenizer) -> None:
    engine = tiny_models.ours(**BIG)
    whole = engine.generate("The quick 狐", tokenizer=tokenizer, **OPTIONS)
    pieces = list(engine.stream("The quick 狐", tokenizer=tokenizer, **OPTIONS))
    assert "".join(pieces) == whole[len("The quick 狐") :]
    assert len(pieces) > 5
    assert all(pieces)


def test_ids_in_ids_out() -> None:
    engine = tiny_models.ours()
    ids = list(engine.stream([3, 4], max_new_tokens=6))
    assert ids == engine.generate([3, 4], max_new_tokens=6)[0, 2:].tolist()
    assert ids == list(engine.stream([3, 4], max_new_tokens=6, prompt_lookup_num_tokens=3))


def test_what_subclasses_of_a_streamer_use(tokenizer: GPT2Tokenizer) -> None:
    for kind in (TextIteratorStreamer, transformers.TextIteratorStreamer):
        streamer = kind(tokenizer, skip_prompt=True, timeout=1.0, skip_special_tokens=True)
        assert streamer.tokenizer is tokenizer
        assert streamer.decode_kwargs == {"skip_special_tokens": True}
        streamer.text_queue.put("a")
        streamer.text_queue.put(streamer.stop_signal)  # from the thread that failed
        assert list(streamer) == ["a"]


def test_half_a_character_waits(tokenizer: GPT2Tokenizer) -> None:
    fox = tokenizer.encode("狗\N{OWL}")  # the owl is four tokens of one byte

    def allowed(prompt: int, ids: Any) -> list[int]:
        return [fox[len(ids) - 1]] if len(ids) <= len(fox) else [tokenizer.encode("!")[0]]

    engine = tiny_models.ours(**BIG)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    engine.generate(
        [5], max_new_tokens=len(fox) + 1, prefix_allowed_tokens_fn=allowed, streamer=streamer
    )
    pieces = [piece for piece in streamer if piece]
    assert "".join(pieces) == "狗\N{OWL}!"
    assert "\ufffd" not in "".join(pieces)


def test_errors_come_before_the_first_piece() -> None:
    with pytest.raises(ContextLengthError):
        tiny_models.ours().stream([3], max_new_tokens=99)
    with pytest.raises(OptionError, match="stream supports only one text"):
        tiny_models.ours().stream([[3], [4]])


@pytest.mark.parity
def test_a_text_streamer_prints_what_theirs_prints(
    tokenizer: GPT2Tokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = tiny_models.prompt()
    for options in ({}, {"skip_prompt": True}, {"skip_special_tokens": True}):
        tiny_models.peer(**BIG).generate(
            ids,
            max_new_tokens=9,
            streamer=transformers.TextStreamer(tiny_models.tokenizer(), **options),
        )
        theirs = capsys.readouterr().out
        for own in (tokenizer, tiny_models.tokenizer()):
            streamer = TextStreamer(own, **options)
            tiny_models.ours(**BIG).generate(ids, max_new_tokens=9, streamer=streamer)
            assert capsys.readouterr().out == theirs


@pytest.mark.parametrize("name", ["reference", "torch", "native"])
def test_a_streamer_of_ones_own_gets_the_arrays_that_theirs_gets(name: str) -> None:
    class Kept:
        def __init__(self) -> None:
            self.values: list[Any] = []

        def put(self, value: Any) -> None:
            self.values.append(value.cpu().tolist())

        def end(self) -> None:
            self.values.append("end")

    theirs, mine = Kept(), Kept()
    ids = tiny_models.prompt()
    tiny_models.peer().generate(ids, max_new_tokens=4, streamer=theirs)
    tiny_models.engines()[name].generate(ids, max_new_tokens=4, streamer=mine)
    assert mine.values == theirs.values


def test_a_text_iterator_streamer_feeds_another_thread(tokenizer: GPT2Tokenizer) -> None:
    engine = tiny_models.ours(**BIG)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, timeout=20)
    job = {"inputs": "The", "tokenizer": tokenizer, "streamer": streamer, "max_new_tokens": 9}
    thread = threading.Thread(target=engine.generate, kwargs=job)
    thread.start()
    text = "".join(streamer)
    thread.join()
    assert "The" + text == engine.generate("The", tokenizer=tokenizer, max_new_tokens=9)


def test_a_streamer_takes_one_text(tokenizer: GPT2Tokenizer) -> None:
    engine = tiny_models.ours(**BIG)
    with pytest.raises(InputError, match="one text"):
        engine.generate([[3], [4]], streamer=TextStreamer(tokenizer))
    with pytest.raises(OptionError, match="cannot be combined with beam search"):
        engine.generate([3], num_beams=2, streamer=TextStreamer(tokenizer))
