"""The page of `gpt2 explain` in a real browser, opened from the disk: Chromium by Playwright.

tests/browsers.py tells what they need.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.explain.page import explain
from tests.browsers import MARKS, PICTURES, SIZES, chromium
from tests.explain.conftest import needs_core
from tests.explain.thousand import here, questions

pytestmark = [needs_core, *MARKS]
TEXT = "Once upon a time, there was a little dog. The little dog"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = explain("gpt2-mini", tmp_path_factory.mktemp("page") / "gpt2.html")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page opened under its own policy; an error of a script or any request fails the test."""
    with watched(browser, address) as tab:
        yield tab


@pytest.fixture
def recorded(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A recording of a text, opened the same way."""
    path = explain("gpt2-mini", tmp_path / "recorded.html", TEXT, record=True, heads=[(1, 2)])
    assert path.stat().st_size < 700_000
    with watched(browser, path.as_uri()) as tab:
        yield tab


@contextlib.contextmanager
def watched(browser: Any, address: str) -> Iterator[Any]:
    """A tab with a page in which nothing may fail and which may ask for nothing."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
    tab.set_default_timeout(120_000)
    errors: list[str] = []
    asked: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address)
    tab.wait_for_selector(".panels", state="attached")
    yield tab
    assert not errors
    allowed = (address, "blob:", "data:")
    assert [url for url in asked if not url.startswith(allowed)] == []
    tab.close()


def words(page: Any) -> list[str]:
    found: list[str] = page.locator("#panel-next .bars button.word").all_inner_texts()
    return found


def settled(page: Any, text: str) -> None:
    """Waits until the tokens shown are those of a text."""
    for _ in range(600):
        if "".join(page.locator(".token").all_inner_texts()) == text:
            return
        time.sleep(0.1)
    raise AssertionError(page.locator(".reading").inner_text())


def test_typing_shows_tokens_and_the_command_lines_next_words(page: Any, model: Any) -> None:
    text = "The cat sat on the 小狗"
    page.fill("#text", text)
    settled(page, text)
    page.wait_for_timeout(500)
    ids = model.tokenizer.encode(text)
    logits = np.asarray(model.extend(model.new_cache(1), [ids]))[0]
    best = np.argsort(-logits, kind="stable")[:12]
    shown = words(page)
    assert len(shown) == len(best)
    for word, token in zip(shown, best, strict=True):
        if "\ufffd" not in (text := model.tokenizer.decode([token])):  # else its bytes are shown
            assert word.strip("·") == text.strip()


def test_a_head_opens_and_switching_it_off_changes_the_next_word(page: Any) -> None:
    page.locator(".gallery button").nth(7).click()
    page.get_by_role("heading", name="layer 1, head 2").wait_for()
    before = page.locator("#panel-next .percent").all_inner_texts()
    assert page.locator("#panel-next .before").count() == 0
    for layer in ("0", "1", "2", "3", "4", "5"):
        page.locator("#panel-switches").get_by_role("button", name=layer, exact=True).click()
    page.locator("#panel-next .before").first.wait_for(state="attached")
    page.wait_for_timeout(500)
    assert page.locator("#panel-next .percent").all_inner_texts() != before
    page.get_by_role("button", name="Switch everything on").click()
    page.locator("#panel-next .before").first.wait_for(state="detached")
    assert page.locator("#panel-next .percent").all_inner_texts() == before


def test_a_shade_is_a_number_with_its_lines(page: Any) -> None:
    page.locator("#panel-next .bars button.word").first.click()
    card = page.locator("aside.number")
    card.wait_for()
    assert "reference.py" in card.inner_text()
    assert "weights[head].T" in card.inner_text()
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    canvas = page.locator(".map canvas").first
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    page.locator("#panel-pair .steps").wait_for()
    assert page.locator("#panel-pair .steps li").count() == 3


def test_what_it_wrote_is_proved(page: Any, address: str) -> None:
    from gpt2 import proof

    page.get_by_role("button", name="Generate 30 tokens").click()
    page.get_by_role("button", name="Copy proof link").wait_for()
    assert page.get_by_role("img", name="QR code of the proof link").bounding_box()["width"] > 100
    page.get_by_role("button", name="Copy proof link").click()
    link = page.evaluate("navigator.clipboard.readText ? null : null")
    link = page.locator(".notice").inner_text() if link is None else link
    if proof.MARK not in link:  # it went to the clipboard
        page.context.grant_permissions(["clipboard-read"])
        link = page.evaluate("navigator.clipboard.readText()")
    found, text = proof.replay(proof.read(link))
    assert found.same
    assert text == page.input_value("#text")
    page.fill("input[name=link]", link)
    page.get_by_role("button", name="Verify").click()
    page.locator(".good").wait_for()
    assert "The same bytes" in page.locator(".good").inner_text()
    other = proof.read(link)
    damaged = proof.Proof(**{**vars(other), "text": "0" * 64}).link()
    page.fill("input[name=link]", damaged)
    page.get_by_role("button", name="Verify").click()
    page.locator("#panel-proof_panel .failed").wait_for()
    page.fill("input[name=link]", proof.Proof(**{**vars(other), "dtype": ["int4"] * 3}).link())
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("another precision (layers, head, keys and values: int4, int4").wait_for()


def test_what_is_typed_while_the_page_computes_is_not_lost(browser: Any, address: str) -> None:
    """The worker's answers are held back, as a large model would."""
    size = {"width": 1280, "height": 900}
    tab = browser.new_page(viewport=size, locale="en-US", bypass_csp=True)
    tab.set_default_timeout(60_000)
    tab.add_init_script(
        "window.held = null; const Own = Worker;"
        "window.Worker = class extends Own {"
        "  set onmessage(take) {"
        "    super.onmessage = (e) => window.held ? window.held.push([take, e]) : take(e);"
        "  } };"
        "window.letGo = () => { const all = window.held; window.held = null;"
        "  for (const [take, event] of all) take(event); };"
    )
    tab.goto(address)
    tab.wait_for_selector("[aria-busy=false] .panels", state="attached")
    tab.fill("#text", "The cat")
    settled(tab, "The cat")
    tab.evaluate("window.held = []")
    tab.fill("#text", "The cat sat on the")
    tab.locator(".plus").first.click()  # of a word after "The cat"
    tab.evaluate("window.letGo()")
    tab.wait_for_function("document.querySelector('#text').value !== 'The cat sat on the'")
    assert tab.input_value("#text").startswith("The cat sat on the")
    tab.evaluate("window.held = []")
    tab.fill("#text", "My dog ran")
    tab.get_by_role("button", name="Generate 30 tokens").click()
    tab.evaluate("window.letGo()")
    tab.get_by_role("button", name="Copy proof link").wait_for()
    assert tab.input_value("#text").startswith("My dog ran")
    tab.wait_for_selector("[aria-busy=false]", state="attached")
    tab.evaluate("window.held = []")
    tab.get_by_role("button", name="Generate 30 tokens").click()
    tab.fill("#text", "Something else")
    tab.evaluate("window.letGo()")
    settled(tab, "Something else")
    assert tab.input_value("#text") == "Something else"
    assert tab.get_by_role("button", name="Copy proof link").count() == 0
    tab.close()


def test_numbers_and_hidden_characters_have_names_in_the_pages_language(
    browser: Any, address: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(address)
    tab.wait_for_selector("[aria-busy=false] .panels", state="attached")
    tab.locator(".reading .figure").last.click()
    assert "下一个词元的熵" in tab.locator("aside.number code").inner_text()
    tab.get_by_role("button", name="English").click()
    assert tab.locator("aside.number").count() == 0
    for language in ("en", "zh"):  # the header is one line on a phone
        tops = tab.evaluate(
            "[...document.querySelectorAll('header button')].map((one) => one.offsetTop)"
        )
        assert len(set(tops)) == 1, language
        tab.locator("header [lang]").click()
    tab.fill("#text", "a\u200b\u202eb")
    settled(tab, "a‥‥‥‥b")
    names = [token.get_attribute("aria-label") for token in tab.locator(".token").all()]
    assert any(name.startswith("‹U+202E›") for name in names), names
    context.close()


def test_a_patch_and_a_tour(page: Any) -> None:
    page.fill("#text", "The dog ran to the")
    settled(page, "The dog ran to the")
    page.fill("#other", "My cat ate a fish")
    page.get_by_role("button", name="Patch", exact=True).click()
    page.locator("#panel-switches .map canvas").wait_for()
    for _ in range(7):
        page.locator(".tour .main").click()
    assert page.locator(".tour").inner_text().count("8 of 8") == 1


def test_a_file_is_compressed_and_brought_back(page: Any, tmp_path: Path) -> None:
    """What the page writes the command line reads, and the other way round."""
    from gpt2.compression import compress, compressing_model, decompress

    data = (TEXT + " 小狗很高兴。\n").encode() * 90
    file, there = tmp_path / "story.txt", tmp_path / "there.txt.g2c"
    file.write_bytes(data)
    model, identity = compressing_model("gpt2-mini")
    there.write_bytes(compress(model, identity, data))

    def through(path: Path, name: str) -> bytes:
        page.set_input_files("#panel-files input", path)
        link = page.get_by_role("link", name=f"Save {name}", exact=True)
        with page.expect_download() as download:
            link.click()
        return Path(download.value.path()).read_bytes()

    packed = through(file, "story.txt.g2c")
    assert packed == there.read_bytes()
    assert decompress(model, identity, packed) == data
    assert through(there, "there.txt") == data
    damaged = tmp_path / "damaged.g2c"
    damaged.write_bytes(packed[:-9])
    page.set_input_files("#panel-files input", damaged)
    assert "damaged" in page.locator("#panel-files").get_by_role("alert").inner_text()


def test_a_head_opens_at_once(page: Any) -> None:
    text = " ".join(["Once upon a time there was a little dog."] * 12)
    page.fill("#text", text)
    settled(page, text)
    page.wait_for_timeout(1000)
    took = page.evaluate(
        """async () => {
          const times = [];
          for (let i = 0; i < 6; i++) {
            const button = document.querySelectorAll('.gallery button')[i * 4 + 1];
            const start = performance.now();
            button.click();
            const name = button.getAttribute('aria-label').match(/layer \\d+, head \\d+/)[0];
            const shown = () => document.querySelector('#panel-heads h3').textContent;
            while (shown() !== name) await new Promise(requestAnimationFrame);
            times.push(performance.now() - start);
          }
          return times;
        }"""
    )
    assert sorted(took)[len(took) // 2] < 1000, took  # a tenth where nothing else runs


def test_a_recording_shows_the_same_and_says_what_it_lacks(recorded: Any, model: Any) -> None:
    import gpt2

    found = gpt2.trace(model, TEXT)
    assert "the model itself is not in this page" in recorded.locator("main > p").first.inner_text()
    assert "".join(recorded.locator(".token").all_inner_texts()) == TEXT
    assert recorded.locator("#text").get_attribute("readonly") is not None
    best = model.tokenizer.decode([int(found.predicted[0])]).strip()
    assert words(recorded)[0].strip("·") == best
    for gone in ("#panel-switches", "#panel-proof_panel", ".plus", "input[type=number]"):
        assert recorded.locator(gone).count() == 0
    assert recorded.locator("#panel-heads h3").inner_text() == "layer 1, head 2"
    canvas = recorded.locator(".map canvas").first
    canvas.focus()
    recorded.keyboard.press("ArrowLeft")
    recorded.locator("#panel-pair .steps").wait_for()
    recorded.locator(".gallery button").nth(11).click()
    recorded.get_by_text("were not recorded").wait_for()
    recorded.locator(".token").nth(4).click()
    recorded.get_by_role("heading", name="layer 2, head 1").wait_for()
    recorded.locator(".sliders input").first.fill("0.5")
    for step in range(2, 7):
        recorded.locator(".tour .main").click()
        assert f"{step} of 6" in recorded.locator(".tour").inner_text()
    recorded.get_by_role("button", name="Compare with").click()
    recorded.get_by_role("button", name="its logit alone").wait_for()


def test_many_heads_stay_within_their_panel(browser: Any, tmp_path: Path, model: Any) -> None:
    """20 heads a layer, as GPT-2 large has: on a phone they are scrolled within the panel."""
    from gpt2.checkpoint.mapped import write_safetensors
    from gpt2.checkpoint.names import expected_shapes
    from gpt2.config import GPT2Config

    config = GPT2Config(n_layer=2, n_head=20, n_embd=160, vocab_size=8192, n_positions=64)
    draw = np.random.default_rng(0)
    weights = {
        name: draw.normal(0, 0.05, shape).astype(np.float32)
        for name, shape in expected_shapes(config).items()
    }
    write_safetensors(tmp_path / "model.safetensors", weights)
    (tmp_path / "config.json").write_text(config.to_json_string(), "utf-8")
    model.tokenizer.save_pretrained(tmp_path)
    page = explain(tmp_path, tmp_path / "page.html", TEXT, record=True)
    for width in (360, 768, 1280):
        tab = browser.new_page(viewport={"width": width, "height": 800})
        tab.goto(page.as_uri())
        tab.wait_for_selector(".panels", state="attached")
        if width == 360:
            tab.locator(".tabs button").nth(1).click()
        panel, maps = (tab.locator(x).bounding_box() for x in ("#panel-heads", ".gallery"))
        assert maps["x"] + maps["width"] <= panel["x"] + panel["width"]
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.locator(".gallery button").nth(39).click()
        tab.get_by_role("heading", name="layer 1, head 19").wait_for()
        tab.close()


def test_a_thousand_prompts_have_the_command_lines_bits(
    browser: Any, address: str, model: Any
) -> None:
    """Asked of the page's own worker, under the page's policy."""
    tab = browser.new_page()
    tab.set_default_timeout(600_000)
    tab.add_init_script(
        "const Own = Worker; window.Worker = class extends Own {"
        "  constructor(address) { super(address); window.worker = this; } };"
    )
    tab.goto(address)
    tab.wait_for_selector(".panels", state="attached")
    asked = questions(model.config.vocab_size, model.config.n_layer, model.config.n_head)
    there = tab.evaluate(
        """async (all) => {
          const found = [];
          const ask = (name, asked) => new Promise((yes, no) => {
            const settle = ({result, error}) => (error ? no(error) : yes(result));
            window.worker.onmessage = ({data}) => settle(data);
            window.worker.postMessage({id: 0, name, asked});
          });
          for (const asked of all) {
            await ask('read', asked);
            found.push({digest: await ask('digest', {}), ids: (await ask('write', asked)).ids});
          }
          return found;
        }""",
        asked,
    )
    tab.close()
    for one, found, wanted in zip(asked, there, here(model, asked), strict=True):
        assert found == wanted, one


def test_a_panel_is_copied_as_a_picture(page: Any) -> None:
    """What the clipboard then holds is a picture of the panel, maps and all."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#panel-heads").get_by_role("button", name="Copy as picture").click()
    page.get_by_text("Copied", exact=True).wait_for()
    picture = page.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const bitmap = await createImageBitmap(await item.getType('image/png'));
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          canvas.getContext('2d').drawImage(bitmap, 0, 0);
          const box = document.querySelector('#panel-heads').getBoundingClientRect();
          const {data} = canvas.getContext('2d').getImageData(0, 0, bitmap.width, bitmap.height);
          const shades = new Set();
          for (let i = 0; i < data.length; i += 4) shades.add(data.slice(i, i + 4).join());
          const size = [bitmap.width / box.width, bitmap.height / box.height];
          return {size, shades: shades.size};
        }"""
    )
    assert picture["size"] == pytest.approx([2, 2], abs=0.02)
    assert picture["shades"] > 50


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_and_is_accessible(
    browser: Any, address: str, size: str, theme: str, language: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    width, height = SIZES[size]
    # axe is put in from outside, which the policy forbids.
    context = browser.new_context(
        viewport={"width": width, "height": height},
        bypass_csp=True,
        color_scheme=theme,
        locale="zh-CN" if language == "zh" else "en-US",
        device_scale_factor=2 if size == "phone" else 1,
    )
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(address)
    tab.wait_for_selector(".panels", state="attached")
    PICTURES.mkdir(parents=True, exist_ok=True)
    panels = ("next", "heads", "sources", "lens") if size == "phone" else ("all",)
    for i, panel in enumerate(panels):
        if size == "phone":
            tab.locator(".tabs button").nth(i).click()
        else:
            tab.locator(".map canvas").first.focus()
            tab.keyboard.press("ArrowLeft")
            tab.locator("#panel-pair .steps").wait_for()
        tab.wait_for_timeout(300)
        tab.screenshot(path=PICTURES / f"explain-{size}-{theme}-{language}-{panel}.png",
                       full_page=True)  # fmt: skip
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
    context.close()
