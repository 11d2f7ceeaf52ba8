"""The page in a real browser: Chromium, driven by Playwright.

tests/browsers.py tells what they need.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsers import MARKS, PICTURES, SIZES, chromium
from tests.serving.conftest import Running, running

pytestmark = MARKS


@pytest.fixture(scope="module")
def mini() -> Iterator[Running]:
    from gpt2.hub import resolve

    with running(resolve("gpt2-mini")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Any, mini: Running) -> Iterator[Any]:
    """The page opened; the test fails on an error of a script or a request to another host."""
    # Playwright waits by eval and axe is put in; test_page.py holds the policy, which forbids both.
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    tab.set_default_timeout(120_000)
    errors: list[str] = []
    asked: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{mini.url}/")
    tab.wait_for_selector("select option", state="attached")
    yield tab
    assert not errors
    assert all(url.startswith((mini.url, "data:", "blob:")) for url in asked)
    tab.close()


def write(page: Any, text: str = "Once upon a time") -> None:
    page.fill("#prompt", text)
    page.click("button.main")
    finished(page)


def finished(page: Any) -> None:
    page.wait_for_function(
        "document.querySelector('.token') && !['Generating…', '正在生成……'].includes("
        "document.querySelector('.notice').textContent)"
    )


def tokens(page: Any) -> list[str]:
    found: list[str] = page.locator(".token").all_inner_texts()
    return found


def test_it_writes_and_another_token_goes_another_way(page: Any) -> None:
    write(page)
    first = tokens(page)
    assert "".join(first).startswith("Once upon a time")
    page.click(".token >> nth=6")
    other = page.locator(".alternatives tbody tr:not(.taken) button").first
    label = other.inner_text().replace("·", " ")
    other.click()
    finished(page)
    second = tokens(page)
    assert second[:6] == first[:6]
    assert second[6].strip() == label.strip()
    page.get_by_role("button", name="Undo").click()
    assert tokens(page) == first
    assert page.locator(".branches li").count() == 2


def test_a_refused_request_loses_nothing(browser: Any, mini: Running) -> None:
    tab = browser.new_page(locale="en-US", bypass_csp=True)
    tab.set_default_timeout(120_000)
    tab.goto(f"{mini.url}/")
    tab.wait_for_selector("select option", state="attached")
    long = "A dog ran home. " * 400
    tab.fill("#prompt", long)
    tab.click("button.main")
    tab.locator(".notice.failed").wait_for()
    assert tab.input_value("#prompt") == long
    tab.get_by_label("Max tokens").fill("5")
    tab.get_by_label("Max tokens").blur()
    write(tab)
    first = tokens(tab)
    tab.click("button.main")
    finished(tab)
    tab.get_by_role("button", name="Undo").click()
    assert tokens(tab) == first
    tab.context.set_offline(True)
    tab.click("button.main")
    tab.get_by_text("The server cannot be reached.").wait_for()
    assert tokens(tab) == first
    tab.click(".token >> nth=6")
    tab.locator(".alternatives tbody tr:not(.taken) button").first.click()
    tab.get_by_text("The server cannot be reached.").wait_for()
    assert tokens(tab) == first
    tab.get_by_role("button", name="New text").click()
    assert tab.input_value("#prompt") == ""
    tab.close()


def test_the_same_seed_writes_the_same(page: Any) -> None:
    page.get_by_label("Seed").fill("5")
    page.get_by_label("Seed").blur()
    write(page)
    first = tokens(page)
    page.get_by_role("button", name="New text").click()
    write(page)
    assert tokens(page) == first


def test_the_keyboard_reaches_everything(page: Any) -> None:
    write(page)
    page.locator(".token[tabindex='0']").focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.locator(".token").nth(2).get_attribute("aria-pressed") == "true"
    assert page.locator(".alternatives tbody tr").count() == 20
    before = len(tokens(page))
    page.keyboard.press("Control+Enter")
    finished(page)
    assert len(tokens(page)) > before


def test_a_task_answers(page: Any) -> None:
    page.get_by_role("button", name="Tasks").click()
    page.locator("textarea[name=text]").fill("A dog ran home. It was tired. It slept all day.")
    page.locator("form .main").click()
    answered(page)


def answered(page: Any) -> str:
    """The result of a task, once there is one."""
    page.wait_for_function("(document.querySelector('.result')?.textContent ?? '').length > 3"
                           "&& document.querySelector('form .main').type === 'submit'")  # fmt: skip
    found: str = page.locator(".result").inner_text()
    return found


def test_a_form_keeps_what_was_typed_and_each_task_its_result(page: Any) -> None:
    text = "A dog ran home. It was tired. It slept all day."
    page.get_by_role("button", name="Tasks").click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_label("Question").fill("Where did the dog run?")
    page.get_by_label("Text that contains the answer").fill(text)
    page.get_by_role("button", name="Translate").click()
    page.get_by_label("From").select_option("fr")
    page.get_by_role("button", name="Write", exact=True).last.click()
    assert page.get_by_label("Kind of text").input_value() == "article"
    page.get_by_role("button", name="Answer").click()
    page.locator("form .main").click()
    page.get_by_role("button", name="Summarize").click()  # while the other one runs
    assert page.locator("textarea[name=text]").input_value() == ""
    page.wait_for_function("document.querySelector('form .main').type === 'submit'")
    assert page.locator(".result").inner_text() == ""
    page.get_by_role("button", name="Write", exact=True).first.click()
    page.get_by_role("button", name="Tasks").click()
    page.get_by_role("button", name="Answer").click()
    assert page.get_by_label("Question").input_value() == "Where did the dog run?"
    assert page.get_by_label("Text that contains the answer").input_value() == text
    assert len(answered(page)) > 0
    page.get_by_role("button", name="Translate").click()
    assert page.get_by_label("From").input_value() == "fr"


def test_a_stream_that_breaks_is_told_and_its_tokens_stay(browser: Any, mini: Running) -> None:
    body = {"prompt": "Once upon a time", "max_tokens": 9, "logprobs": 2, "echo": True}
    events = mini.events("/v1/completions", **body)
    tab = browser.new_page(locale="zh-CN", bypass_csp=True)
    tab.set_default_timeout(120_000)
    cut = "".join(f"data: {event}\n\n" for event in events[:5])
    tab.route("**/v1/completions", lambda route: route.fulfill(
        status=200, content_type="text/event-stream", body=cut))  # fmt: skip
    tab.goto(f"{mini.url}/")
    tab.wait_for_selector("select option", state="attached")
    tab.click("button.main")
    tab.get_by_text("文字尚未完成").wait_for()
    assert len(tokens(tab)) > 4
    tab.close()


def test_without_storage_and_clipboard_the_page_works(browser: Any, tmp_path: Path) -> None:
    from gpt2.hub import resolve

    (tmp_path / "keys").write_text("0123456789abcdef\n")
    with running(resolve("gpt2-mini"), api_keys=str(tmp_path / "keys")) as found:
        tab = browser.new_page(locale="en-US", bypass_csp=True)
        tab.set_default_timeout(120_000)
        tab.add_init_script(
            "for (const name of ['localStorage', 'sessionStorage'])"
            " Object.defineProperty(window, name, {get() { throw new DOMException('denied'); }});"
            "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        )
        tab.goto(f"{found.url}/")
        tab.locator(".notice.failed").wait_for()
        tab.get_by_label("API key").fill("0123456789abcdef")
        tab.get_by_label("API key").blur()
        tab.wait_for_selector("select option", state="attached")
        assert tab.locator(".notice").inner_text() == ""
        write(tab)
        tab.get_by_role("button", name="Copy proof link").click()
        tab.locator(".notice", has_text="#proof=").wait_for()
        tab.goto(f"{found.url}/explain")
        for key in ("not this one, surely", "0123456789abcdef"):
            tab.locator("input[name=key]").fill(key)
            tab.get_by_role("button", name="Open", exact=True).click()
        tab.wait_for_selector(".panels", state="attached")
        tab.close()


def test_why_this_token_opens_the_servers_view_of_it(page: Any) -> None:
    write(page)
    text = tokens(page)
    page.click(".token >> nth=7")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Why this token?").click(modifiers=["ControlOrMeta"])
    view = opened.value
    view.set_default_timeout(120_000)
    view.wait_for_selector(".panels", state="attached")
    assert "The server computes" in view.locator("main > p").first.inner_text()
    assert "".join(view.locator(".token").all_inner_texts()) == "".join(text)
    assert view.locator(".token[aria-pressed=true]").inner_text() == text[6]
    chosen = view.locator("#panel-next .bars li.target button.word").inner_text()
    assert chosen.strip("·") == text[7].strip()
    before = view.locator("#panel-next .percent").all_inner_texts()
    for layer in range(6):
        view.locator("#panel-switches").get_by_role("button", name=str(layer), exact=True).click()
    view.locator("#panel-next .before").first.wait_for(state="attached")
    view.wait_for_timeout(1000)
    assert view.locator("#panel-next .percent").all_inner_texts() != before
    view.get_by_role("button", name="Switch everything on").click()
    view.get_by_role("button", name="Generate 30 tokens").click()
    view.get_by_role("button", name="Copy proof link").wait_for()
    view.close()


def test_the_servers_view_reads_a_text_that_could_not_be_read(browser: Any, mini: Running) -> None:
    view = browser.new_page(locale="en-US", bypass_csp=True)
    view.set_default_timeout(60_000)
    view.goto(f"{mini.url}/explain#ids=1,999999&target=999999&layer=99")
    view.wait_for_selector("[aria-busy=false] .panels", state="attached")
    assert view.input_value("#text").startswith("Once upon a time")
    view.route("**/v1/explain", lambda route: route.fulfill(
        status=429, json={"error": {"message": "Too many requests."}}))  # fmt: skip
    view.fill("#text", "The cat")
    view.get_by_text("Too many requests.").wait_for()
    view.unroute("**/v1/explain")
    view.locator(".token").first.click()
    view.wait_for_function("document.querySelectorAll('.token').length === 2")
    assert tokens(view) == ["The", " cat"]
    view.close()


def test_the_servers_view_asks_for_a_key(browser: Any, tmp_path: Path) -> None:
    from gpt2.hub import resolve

    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef\n")
    with running(resolve("gpt2-mini"), api_keys=str(keys)) as found:
        view = browser.new_page(locale="en-US")
        view.set_default_timeout(120_000)
        view.goto(f"{found.url}/explain")
        for key in ("not this one, surely", "0123456789abcdef"):
            view.locator("input[name=key]").fill(key)
            assert "gpt2-mini" not in view.content()
            view.get_by_role("button", name="Open", exact=True).click()
            view.wait_for_selector(".panels, [role=alert]", state="attached")
        view.wait_for_selector(".panels", state="attached")
        assert "The server computes" in view.locator("main > p").first.inner_text()
        view.close()
        lost = browser.new_page(locale="en-US")
        lost.add_init_script("sessionStorage.setItem('key', '0123456789abcdef')")
        lost.goto(f"{found.url}/explain?model=none")
        assert "none" in lost.get_by_role("alert").inner_text()
        lost.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_and_is_accessible(page: Any, size: str, theme: str, language: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(
        "([language, theme]) => { localStorage.setItem('gpt2-language', JSON.stringify(language));"
        " localStorage.setItem('gpt2-theme', JSON.stringify(theme)); }",
        [language, theme],
    )
    page.reload()
    page.wait_for_selector("select option", state="attached")
    page.wait_for_function("document.querySelector('select').value")
    write(page, "从前有一只小狗" if language == "zh" else "Once upon a time")
    page.locator(".token").nth(4).click()
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"playground-{size}-{theme}-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.evaluate("localStorage.clear()")
