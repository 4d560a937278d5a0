"""The page's charts: how something went from day to day."""

from typing import Any

from markupsafe import Markup

from keel.show.charts import BASELINE, FAINT, MODEL, Rows, svg

GOOD, BAD = "#9ec1e8", "#a51d2d"
KINDS = ("answered", "refused or not valid")
DAYS = {
    "field": "day",
    "type": "temporal",
    "title": None,
    "axis": {"format": "%d %b", "tickCount": 5, "labelOverlap": True, "labelSeparation": 6},
}


def sliding(rows: Rows, title: str, floor: float | None) -> Markup:
    """A line with its interval, and the floor; rows have day, model, score, low, high."""
    y = {"type": "quantitative", "scale": {"zero": False}, "title": title}
    model = {"field": "model", "type": "nominal", "legend": None, "scale": {"range": [MODEL]}}
    both = {"x": DAYS, "color": model}
    low, high = {"field": "low", **y}, {"field": "high"}
    band = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {**both, "y": low, "y2": high},
    }
    line = {"mark": "line", "encoding": {**both, "y": {"field": "score", **y}}}
    return svg(rows, {"height": 200, "layer": [band, line, *_level(floor, "floor")]})


def volume(rows: Rows) -> Markup:
    """Rows by day, in the colour of their kind; rows have day, rows, and kind, of `KINDS`."""
    encoding = {
        "x": {**DAYS, "timeUnit": "yearmonthdate"},
        "y": {"field": "rows", "type": "quantitative", "title": "rows a day"},
        "color": _colour({"domain": KINDS, "range": [GOOD, BAD]}),
    }
    mark = {"type": "bar", "binSpacing": 0}
    return svg(rows, {"height": 200, "mark": mark, "encoding": encoding})


def shares(rows: Rows, label: str) -> Markup:
    """What was predicted and what came, by week; rows have day, share, kind."""
    share = {"field": "share", "type": "quantitative", "axis": {"format": ".0%"}}
    encoding = {
        "x": DAYS,
        "y": {**share, "title": f"{label}, by week"},
        "color": _colour({"domain": ["predicted", "came"], "range": [MODEL, BASELINE]}),
    }
    mark = {"type": "line", "point": {"filled": True, "size": 20}}
    return svg(rows, {"height": 200, "mark": mark, "encoding": encoding})


def _colour(scale: dict[str, Any]) -> dict[str, Any]:
    legend = {"title": None, "orient": "top"}
    return {"field": "kind", "type": "nominal", "scale": scale, "legend": legend}


def _level(value: float | None, name: str) -> list[dict[str, Any]]:
    """A dashed line at a value."""
    if value is None:
        return []
    y = {"field": "value", "type": "quantitative"}
    rule = {"type": "rule", "strokeDash": [4, 3], "color": FAINT}
    text = {"type": "text", "align": "left", "dx": 4, "color": FAINT, "text": name, "fontSize": 11}
    layers: list[dict[str, Any]] = [
        {"mark": rule, "encoding": {"y": y}},
        {"mark": text, "encoding": {"y": y, "x": {"value": 300}}},
    ]
    return [{"data": {"values": [{"value": value}]}, **layer} for layer in layers]
