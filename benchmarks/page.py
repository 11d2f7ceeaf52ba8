"""The speed of the page of `gpt2 explain` in headless Chromium, and its size.

    python -m benchmarks.page [--rounds N]

Writes benchmarks/results/page.json. Needs ``pip install -r tests/browser.txt`` and Debian's
``chromium``. An interaction is timed from the event to the frame in which the panels about the
chosen token show the result, and to the frame in which the shades of all tokens and heads do as
well, on texts of 128 and of 1,024 tokens. The latter use the bundled model with twice its
positions, so its words are meaningless. Generation is timed in the page's worker and on the native
engine with one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import figure, machine, spread, table, write

import gpt2
from gpt2.explain.contents import contents_of
from gpt2.explain.page import explain

MODEL = "gpt2-mini"
SIZES = (128, 1_024)
STORY = "Once upon a time there was a little dog, who ran to the big tree. He saw a red bird. "
WRITTEN = 200
SETTINGS: dict[str, Any] = {"temperature": 1.0, "top_k": 40, "top_p": 1.0}
INPUT = "x.dispatchEvent(new Event('input'))"
# User action -> JavaScript that performs it; i is the number of the round.
ACTIONS = {
    "type a letter": "const x = $('#text'); x.value += 'abcdefgh'[i % 8]; " + INPUT,
    "choose a token": "$$('.token')[40 + i].click()",
    "open a head": "$$('.gallery button')[(7 * i + 3) % $$('.gallery button').length].click()",
    "take a weight apart": "const c = $('.map canvas'); c.focus(); "
    "c.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}))",
    "move the temperature": "const x = $('.sliders input'); x.value = 0.5 + i / 10; " + INPUT,
    "move top-p": "const x = $$('.sliders input')[2]; x.value = 0.9 - i / 20; " + INPUT,
    "explain another word": "$$('#panel-next .bars button.word')[1 + i % 5].click()",
    "compare two words": "$('#panel-sources .row .small-button').click()",
    "a head off or on": "[...$$('#panel-heads .small-button')].at(-1).click()",
    "an MLP off or on": "$$('#panel-switches .tight .small-button')[i % 2].click()",
    "a token off or on": "$$('#panel-switches .tight')[1].querySelector('button').click()",
    "lines or matrix": "$$('#panel-heads .row .small-button')[(i + 1) % 2].click()",
    "a step of the tour": "$$('.tour button')[1 - i % 2].click()",
    "the other language": "$$('header button')[1].click()",
    "light or dark": "$$('header button')[2].click()",
}
TIMED = """async (i) => {  // its policy forbids eval: what is done stands in the text
  const $ = (x) => document.querySelector(x), $$ = (x) => document.querySelectorAll(x);
  const frame = () => new Promise(requestAnimationFrame);
  const act = () => { ACTION };
  await frame();
  const start = performance.now();
  act();
  while ($('[data-waiting=answer]')) await frame();
  await frame();
  const answer = performance.now() - start;
  if ($('[aria-busy=true]')) {
    while ($('[aria-busy=true]')) await frame();
    await frame();
  }
  return {answer, all: performance.now() - start};
}"""
WRITE = """async ([ids, count, settings]) => {
  const start = performance.now();
  const found = await new Promise((yes) => {
    window.worker.onmessage = ({data}) => yes(data.result);
    window.worker.postMessage({id: 0, name: 'write', asked: {ids, count, settings}});
  });
  return [found.ids.length, performance.now() - start];
}"""
KEPT = """
  const Own = Worker;
  window.Worker = class extends Own { constructor(x) { super(x); window.worker = this; } };
  new MutationObserver((_, seen) => {
    if (!document.querySelector('#panel-next .bars')) return;
    seen.disconnect();
    requestAnimationFrame(() => {
      window.firstWord = performance.now();
      document.documentElement.dataset.shown = '';
    });
  }).observe(document, {childList: true, subtree: true});
"""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    sync_playwright = importlib.import_module("playwright.sync_api").sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, path: Path, fragment: str = "") -> Any:
    """The page, once it has shown its first next word."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
    tab.set_default_timeout(300_000)
    tab.add_init_script(KEPT)
    tab.goto(path.as_uri() + fragment)
    tab.wait_for_selector("[data-shown]")
    return tab


def first_words(browser: Any, path: Path, rounds: int) -> dict[str, float]:
    """Seconds from the navigation to the frame with the first next word."""
    seconds = []
    for _ in range(rounds):
        tab = opened(browser, path)
        seconds.append(tab.evaluate("window.firstWord") / 1e3)
        tab.close()
    return figure(seconds)


def interactions(
    browser: Any, path: Path, size: int, rounds: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds of each action on a text of that size, to the answer and to all shades."""
    ids = [int(i) for i in gpt2.load(MODEL).tokenizer.encode(STORY * size)[:size]]
    tab = opened(browser, path, f"#ids={','.join(map(str, ids))}")
    found = dict[str, dict[str, dict[str, float]]]()
    tab.wait_for_selector("[aria-busy=true]", state="detached")
    assert tab.locator(".token").count() == size
    for name, code in ACTIONS.items():
        times = [tab.evaluate(TIMED.replace("ACTION", code), i) for i in range(rounds + 1)]
        kinds = ("answer", "all")  # the first round is a warm-up
        found[name] = {kind: figure([one[kind] for one in times[1:]]) for kind in kinds}
        shown = ", ".join(f"{kind} {spread(found[name][kind])}" for kind in kinds)
        print(f"{size} tokens, {name}: {shown} ms", flush=True)
    tab.close()
    return found


def rates(browser: Any, path: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Tokens per second: the page's worker and the native engine's kernels, one thread each."""
    native = {
        f"native {kernels}, one thread": gpt2.load(MODEL, kernels=kernels, threads=1)
        for kernels in ("avx2", "avx512")
        if kernels in _kernels()
    }
    tab, found = opened(browser, path), dict[str, list[float]]()
    ids = [int(i) for i in gpt2.load(MODEL).tokenizer.encode(STORY)]
    for turn in range(rounds + 1):
        settings: dict[str, Any] = {**SETTINGS, "seed": turn}
        count, took = tab.evaluate(WRITE, [ids, WRITTEN, settings])
        now = {"page": 1e3 * count / took}
        for name, model in native.items():
            begin = time.perf_counter()
            new = model.generate([ids], max_new_tokens=WRITTEN, do_sample=True, **settings)[0]
            assert len(new) - len(ids) == count  # the same tokens
            now[name] = count / (time.perf_counter() - begin)
        for name, rate in now.items():
            found.setdefault(name, []).extend([rate] if turn else [])
    tab.close()
    return {name: figure(all_) for name, all_ in found.items()}


def _kernels() -> list[str]:
    model: Any = gpt2.load(MODEL)
    best = model.kernels
    wide = ["avx2", "avx512"]
    return {"amx": wide, "avx512": wide, "avx2": ["avx2"]}.get(best, [])


def longer(folder: Path) -> Path:
    """The bundled model with the positions of `SIZES`, by repeating its own."""
    from gpt2.checkpoint import read_checkpoint
    from gpt2.hub import resolve
    from gpt2.loading import load

    model: Any = load(MODEL)
    weights = dict(read_checkpoint(resolve(MODEL)).tensors)
    wpe = np.asarray(weights["transformer.wpe.weight"])
    weights["transformer.wpe.weight"] = np.resize(wpe, (max(SIZES), wpe.shape[1]))
    return saved(folder, weights, model)


def saved(folder: Path, weights: Mapping[str, Any], model: Any) -> Path:
    from gpt2.checkpoint.mapped import write_safetensors

    folder.mkdir()
    config = json.loads(model.config.to_json_string()) | {"n_positions": max(SIZES)}
    config.pop("quantization_config", None)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    write_safetensors(folder / "model.safetensors", weights)
    model.tokenizer.save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    result: dict[str, Any] = {"machine": machine(["playwright"])}
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        page = explain(MODEL, folder / "mini.html")
        large = explain(longer(folder / "longer"), folder / "longer.html")
        packed = sum(map(len, contents_of(MODEL).files))
        result["chromium"] = browser.version
        result["bytes"] = {"page": page.stat().st_size, "packed": packed}
        result["first_word_seconds"] = first_words(browser, page, rounds)
        result["tokens_per_second"] = rates(browser, page, rounds)
        for size in SIZES:
            path = page if size < 512 else large
            result[f"milliseconds_{size}"] = interactions(browser, path, size, rounds)
    print(describe(result))
    write("page", result)


def describe(found: Mapping[str, Any]) -> str:
    """The section of docs/results.md."""
    times = [found[f"milliseconds_{size}"] for size in SIZES]
    rows = [
        [name, *(spread(one[name][kind]) for one in times for kind in ("answer", "all"))]
        for name in times[0]
    ]
    heads = [f"{size:,} tokens: {kind}" for size in SIZES for kind in ("answer", "all")]
    sizes, every = found["bytes"], found["tokens_per_second"]
    rates = [[name, spread(rate)] for name, rate in every.items()]
    most = sizes["packed"] * 4 / 3 + 1e6
    avx2 = every.get("native avx2, one thread")
    share = f" at {every['page']['median'] / avx2['median']:.0%} of AVX2's speed" if avx2 else ""
    return "\n\n".join(
        [
            f"The page of the bundled model in headless Chromium {found['chromium']}. From "
            "navigation to the first next-word prediction: "
            f"{spread(found['first_word_seconds'], 2)} s (target: 1 s). The file has "
            f"{sizes['page'] / 1e6:.2f} MB (target: {most / 1e6:.2f} MB, which is 4/3 of the "
            "packed weights plus 1 MB).",
            table(["generating 200 tokens from a story's beginning", "tokens/s"], rates),
            f"The page generates the same tokens{share} (target: a third). The next table gives "
            "milliseconds from an event to the frame after the panels about the selected token "
            "show the answer, and to the frame after the shades of all tokens and heads do as well "
            "(target: 100 at 128 tokens):",
            table(["", *heads], rows),
        ]
    )


if __name__ == "__main__":
    main()
