"""The model report in a real browser, on a desk and on a phone."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import must, render
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

NAME = '<b>Flights</b> & "friends"'
WIDTHS = {"desk": 1280, "phone": 390}
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
# The left and right end of each chart that is on the page, and its height.
CHARTS = """return [...document.querySelectorAll("figure svg")].map(chart => {
    const {left, right, height} = chart.getBoundingClientRect();
    return [left, right, height];
})"""


@pytest.fixture(scope="module")
def report(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a quick run of a project whose name has to be escaped."""
    folder = tmp_path_factory.mktemp("report")
    named = render(folder / "project", project_name=NAME, package_name="flight_delay")
    python = ("uv", "run", "--quiet", "--project", str(project), "python", "-m")
    printed = must(named, *python, "flight_delay", "data=quick", f"hydra.run.dir={folder}/run")
    return Path(printed.splitlines()[-1])


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


@pytest.fixture(scope="module", params=WIDTHS.values(), ids=list(WIDTHS))
def page(request: pytest.FixtureRequest, browser: Chrome, report: Path) -> Chrome:
    """The browser with the report in it, as wide as a desk's or a phone's."""
    size = {"width": request.param, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(report.as_uri())
    return browser


@needs_browser
def test_the_page_has_no_errors(page: Chrome) -> None:
    assert log(page, "browser") == []


@needs_browser
def test_the_page_is_not_wider_than_the_window(page: Chrome) -> None:
    widths: list[int] = page.execute_script(
        "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
    )

    assert widths[0] <= widths[1]


@needs_browser
def test_each_chart_is_seen_whole(page: Chrome) -> None:
    width: int = page.execute_script("return document.documentElement.clientWidth")

    charts: list[tuple[float, float, float]] = page.execute_script(CHARTS)

    assert len(charts) >= 4
    assert [
        chart for chart in charts if not (0 <= chart[0] < chart[1] <= width and chart[2] > 0)
    ] == []


@needs_browser
def test_the_page_asks_the_network_for_nothing(page: Chrome) -> None:
    page.refresh()

    asked = [message["params"]["request"]["url"] for message in requests(page)]

    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@needs_browser
def test_the_name_is_shown_as_it_was_written(page: Chrome) -> None:
    assert page.find_element("css selector", "h1").text == NAME
    assert page.title.startswith(NAME)


def test_the_page_names_no_other_place(report: Path) -> None:
    text = report.read_text(encoding="utf-8")

    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"'>\s]*""", text) == []


def test_the_page_has_the_name_escaped(report: Path) -> None:
    text = report.read_text(encoding="utf-8")

    assert "<b>Flights" not in text
    assert "&lt;b&gt;Flights" in text


def requests(page: Chrome) -> list[dict[str, Any]]:
    """The requests that the page has sent since last asked."""
    messages = [json.loads(entry["message"])["message"] for entry in log(page, "performance")]
    return [message for message in messages if message["method"] == "Network.requestWillBeSent"]


def log(page: Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = page.get_log(kind)  # type: ignore[no-untyped-call]
    return entries
