"""The model report in a real browser, on a desk and on a phone."""

import re
import shutil
from pathlib import Path

import pytest
from browsing import asked, browser, log, needs_browser, show, too_wide
from rendering import keel, must
from selenium.webdriver import Chrome

__all__ = ["browser"]  # a fixture

NAME = '<b>Flights</b> & "friends"'
WIDTHS = {"desk": 1280, "phone": 390}
# The left and right end of each chart that is on the page, and its height.
CHARTS = """return [...document.querySelectorAll("figure svg")].map(chart => {
    const {left, right, height} = chart.getBoundingClientRect();
    return [left, right, height];
})"""


@pytest.fixture(scope="module")
def report(project: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a project whose name has to be escaped."""
    folder = tmp_path_factory.mktemp("report") / "project"
    shutil.copytree(trained, folder, symlinks=True)
    settings = folder / "pyproject.toml"
    text = settings.read_text("utf-8")
    assert text.count('title = "Flight delay"') == 1
    settings.write_text(text.replace('title = "Flight delay"', f"title = '{NAME}'"), "utf-8")
    must(folder, *keel(project), "stage", "evaluate")
    return folder / "reports/report.html"


@pytest.fixture(scope="module", params=WIDTHS.values(), ids=list(WIDTHS))
def page(request: pytest.FixtureRequest, browser: Chrome, report: Path) -> Chrome:
    """The browser with the report in it, as wide as a desk's or a phone's."""
    return show(browser, report, request.param)


@needs_browser
def test_the_page_has_no_errors(page: Chrome) -> None:
    assert log(page, "browser") == []


@needs_browser
def test_the_page_is_not_wider_than_the_window(page: Chrome) -> None:
    assert too_wide(page) <= 0


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
    addresses = asked(page)

    assert addresses
    assert [url for url in addresses if not url.startswith(("file:", "data:"))] == []


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
