"""The report as a person sees it, in a real browser: accessible, silent on the network, without scripts, on paper."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from wedsync_dr.audit.material import Material
from wedsync_dr.audit.pdf import printed
from wedsync_dr.audit.period import Period
from wedsync_dr.audit.questions import restores_page
from wedsync_dr.audit.render import html
from wedsync_dr.audit.report import report
from wedsync_dr.audit.sign import sealed
from wedsync_dr.encryption.signing import Signer
from wedsync_dr_tests.audit.conftest import FIRST

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="NO CHROMIUM ON PATH: NOBODY LOOKED AT THE REPORT")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(material: Material, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The report of some days and the answer to a question, as files."""
    material = replace(material, period=Period(FIRST, FIRST + timedelta(days=8)))
    home, signer = tmp_path_factory.mktemp("pages"), Signer.new()
    made = [home / "report.html", home / "restores.html"]
    for path, page in zip(made, (report(material), restores_page(material)), strict=True):
        path.write_bytes(sealed(html(page), signer, {}))
    return made


@pytest.mark.parametrize("media", ["screen", "print"])
def test_nothing_in_a_page_keeps_anybody_from_reading_it(browser: Browser, pages: list[Path], media: str) -> None:
    for path in pages[:1] if media == "screen" else pages[1:]:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.emulate_media(media=media)  # type: ignore[arg-type]
        page.goto(path.as_uri())
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        page.close()
        assert found.violations_count == 0, found.generate_report()


def test_a_page_asks_the_network_for_nothing_and_needs_no_script(browser: Browser, pages: list[Path]) -> None:
    asked: list[str] = []
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[0].as_uri())
    assert page.locator("h1").inner_text() == "Backup and recovery: evidence"
    assert page.locator("svg[role=img]").count() == 2
    page.locator("a[href^='#e']").first.click()
    assert "#e" in page.url
    context.close()
    assert asked == [pages[0].as_uri()]


def test_a_narrow_screen_scrolls_in_tables_only(browser: Browser, pages: list[Path]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(pages[0].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_it_prints_on_numbered_pages(pages: list[Path]) -> None:
    made = printed(pages[0].read_bytes(), CHROMIUM)
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") > 3 or made.count(b"/Type /Page") > 3
