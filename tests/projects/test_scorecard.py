"""The page of quality in a real browser, on a phone and on paper."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from browsing import asked, browser, log, needs_browser, show, too_wide
from rendering import commit, keel, must, render
from selenium.webdriver import Chrome

__all__ = ["browser"]  # a fixture
PHONE = 375  # pixels
NAME = '<b>Flights</b> & "friends"'
LONG = "a_word_that_is_far_too_long_for_any_phone_and_has_no_place_to_break_it_in_two"
WORDS = ("● good", "▲ watch", "■ bad", "○ not known", "○ broken")


@pytest.fixture(scope="module")
def scorecard(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a project with a spent budget, a broken file and long words."""
    named = render(
        tmp_path_factory.mktemp("scorecard") / "project",
        project_name=NAME,
        package_name="flight_delay",
    )
    today = datetime.now(UTC).date()
    events = [
        {"day": str(today - timedelta(days=back)), "indicator": "quality", "good": good, "bad": bad}
        for back, (good, bad) in enumerate([(0, 1), (1, 0)] * 14)
    ]
    events[0]["why"] = LONG
    (named / "reports").mkdir()
    (named / "reports/indicators.jsonl").write_text("\n".join(map(json.dumps, events)))
    (named / "docs/quality/people.yaml").write_text(f"people: {LONG}\n")
    debt = named / "docs/quality/debt.yaml"
    entry = next(iter(yaml.safe_load(debt.read_text()).values()))
    debt.write_text(yaml.safe_dump({LONG: entry | {"where": f"{LONG}/{LONG}"}}))
    commit(named, "Begin")
    must(named, *keel(project), "scorecard")
    return named / "reports/scorecard.html"


@pytest.fixture
def page(browser: Chrome, scorecard: Path) -> Chrome:
    """The browser with the page in it, as wide as a phone."""
    return show(browser, scorecard, PHONE)


@needs_browser
@pytest.mark.parametrize("details", ["closed", "open"])
def test_a_phone_need_not_scroll_sideways(page: Chrome, details: str) -> None:
    if details == "open":
        page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")

    assert too_wide(page) <= 0


@needs_browser
def test_the_page_has_no_errors_and_asks_the_network_for_nothing(page: Chrome) -> None:
    addresses = asked(page)

    assert [url for url in addresses if not url.startswith(("file:", "data:"))] == []
    assert log(page, "browser") == []


@needs_browser
def test_the_headings_are_in_order(page: Chrome) -> None:
    found: list[list[str]] = page.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')]"
        ".map(one => [one.tagName, one.innerText])"
    )

    levels = [int(tag[1]) for tag, _ in found]
    assert found[0] == ["H1", f"{NAME}: quality"]
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert [text for tag, text in found if tag == "H2"] == [
        "What to look at first",
        "Is the product well?",
        "Do we deliver?",
        "Can we keep changing it?",
    ]


@needs_browser
def test_what_stops_the_work_is_seen_first(page: Chrome) -> None:
    shown = page.find_element("css selector", "body").text

    assert shown.index("Features have to wait") < shown.index("Is the product well?")
    assert shown.index("Files to fix") < shown.index("Is the product well?")


@needs_browser
def test_each_state_is_also_a_shape_and_a_word(page: Chrome) -> None:
    states: list[str] = page.execute_script(
        "return [...document.querySelectorAll('.state')].map(one => one.textContent)"
    )

    assert set(states) <= set(WORDS)
    assert {"■ bad", "○ broken", "● good"} <= set(states)


@needs_browser
def test_each_link_leads_to_a_figure_of_the_page(page: Chrome) -> None:
    lost: list[str] = page.execute_script(
        "return [...document.querySelectorAll('a')].map(one => one.getAttribute('href'))"
        ".filter(to => !document.getElementById(to.slice(1)))"
    )

    assert lost == []


@needs_browser
def test_paper_shows_what_is_folded_on_a_screen(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown: list[str] = page.execute_script(
            "return [...document.querySelectorAll('details')]"
            ".map(one => getComputedStyle(one, '::details-content').contentVisibility)"
        )
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert set(shown) == {"visible"}
