"""What people read: numbers as they write them, and pages that say when a figure is missing."""

from pathlib import Path

import jinja2
import pytest

from keel.show.charts import bars
from keel.show.pages import environment, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.12345, "0.123"),
        (123.45, "123.45"),
        (1234.5, "1,234.5"),
        (-98765.4, "-98,765"),
        (0.0, "0.000"),
    ],
)
def test_a_number_is_written_as_people_read_it(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_figure_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ nothing }}")

    with pytest.raises(jinja2.UndefinedError, match="'nothing' is undefined"):
        environment(tmp_path).get_template("page.html").render()


def test_text_in_a_page_can_not_be_markup(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ name }} {{ share | percent }}")

    text = environment(tmp_path).get_template("page.html").render(name="<b>", share=0.125)

    assert text == "&lt;b&gt; 12.5%"


def test_a_chart_is_drawn_without_a_script() -> None:
    drawn = bars([{"name": "<wind>", "value": 0.25}], "lost when shuffled", ".1%")

    assert drawn.startswith("<svg")
    assert "&lt;wind&gt;" in drawn
    assert "<script" not in drawn
