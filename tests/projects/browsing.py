"""Pages in a real browser, if there is one on this machine."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

PROGRAMS = [shutil.which("chromium"), shutil.which("chromedriver")]
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
needs_browser = pytest.mark.skipif(
    not all(PROGRAMS),
    reason="there is no Chromium here: apt-get install chromium chromium-driver",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(PROGRAMS[0])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for option in QUIET:
        options.add_argument(option)
    browser = Chrome(options=options, service=ChromeService(PROGRAMS[1]))
    yield browser
    browser.quit()


def show(browser: Chrome, page: Path, width: int) -> Chrome:
    """Open a page in a window of this width."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    return browser


def too_wide(page: Chrome) -> int:
    """By how many pixels a page is wider than its window."""
    width: int = page.execute_script(
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    )
    return width


def asked(page: Chrome) -> list[str]:
    """The addresses that a page asks for when it is loaded once more."""
    page.refresh()
    messages = [json.loads(entry["message"])["message"] for entry in log(page, "performance")]
    sent = [one for one in messages if one["method"] == "Network.requestWillBeSent"]
    return [one["params"]["request"]["url"] for one in sent]


def log(page: Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = page.get_log(kind)  # type: ignore[no-untyped-call]
    return entries
