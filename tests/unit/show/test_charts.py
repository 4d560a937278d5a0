"""Charts as files of their own."""

from xml.etree import ElementTree as ET

from keel.show import charts


def test_a_chart_is_a_picture_on_white() -> None:
    chart = charts.bars([{"name": "a < b", "value": 1.0}], "share", ".0%")

    picture = ET.fromstring(charts.with_ground(chart))  # noqa: S314 -- drawn here

    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.get("style") == "background: white"
