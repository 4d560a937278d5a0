"""The page's charts: how something went from day to day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from keel.show.charts import BASELINE, FAINT, MODEL, Rows, svg

GOOD, BAD = "#9ec1e8", "#a51d2d"
DAYS = {
    "field": "day",
    "type": "temporal",
    "title": None,
    "axis": {"format": "%d %b", "tickCount": 5, "labelOverlap": True, "labelSeparation": 6},
}


def sliding(rows: Rows, title: str, floor: float | None) -> Markup:
    """A line with its interval, and the floor; rows have day, model, score, low, high."""
    y = {"type": "quantitative", "scale": {"zero": False}, "title": title}
    one = {"field": "model", "type": "nominal", "legend": None, "scale": {"range": [MODEL]}}
    band = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {"x": DAYS, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": one},
    }
    line = {
        "mark": {"type": "line"},
        "encoding": {"x": DAYS, "y": {"field": "score", **y}, "color": one},
    }
    return svg(rows, {"height": 200, "layer": [band, line, *_level(floor, "floor")]})


def volume(days: Sequence[tuple[date, int, int]]) -> Markup:
    """Rows by day, in the colour of their kind: those with a prediction, and the others."""
    rows = [
        {"day": str(day), "rows": count, "kind": kind}
        for day, good, bad in days
        for kind, count in (("answered", good), ("refused or not valid", bad))
    ]
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": ["answered", "refused or not valid"], "range": [GOOD, BAD]},
        "legend": {"title": None, "orient": "top"},
    }
    x = {**DAYS, "timeUnit": "yearmonthdate"}
    y = {"field": "rows", "type": "quantitative", "title": "rows a day"}
    chart = {
        "mark": {"type": "bar", "binSpacing": 0},
        "encoding": {"x": x, "y": y, "color": colour},
    }
    return svg(rows, {"height": 200, **chart})


def shares(rows: Rows, label: str) -> Markup:
    """What was predicted and what came, by week; rows have day, share, kind."""
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": ["predicted", "came"], "range": [MODEL, BASELINE]},
        "legend": {"title": None, "orient": "top"},
    }
    y = {
        "field": "share",
        "type": "quantitative",
        "title": f"{label}, by week",
        "axis": {"format": ".0%"},
    }
    mark = {"type": "line", "point": {"filled": True, "size": 20}}
    return svg(
        rows, {"height": 200, "mark": mark, "encoding": {"x": DAYS, "y": y, "color": colour}}
    )


def shift(rows: Rows) -> Markup:
    """The stability index by column and month; rows have column, month, index."""
    x = {"field": "month", "type": "ordinal", "title": None, "axis": {"labelAngle": -45}}
    y = {"field": "column", "type": "nominal", "title": None, "sort": None}
    colour = {
        "field": "index",
        "type": "quantitative",
        "scale": {"scheme": "blues", "domain": [0, 2], "clamp": True},
        "legend": None,
    }
    text = {
        "field": "index",
        "type": "quantitative",
        "format": ".1f",
    }
    dark = {"condition": {"test": "datum.index > 1", "value": "white"}, "value": "#241f31"}
    cells = {"mark": "rect", "encoding": {"x": x, "y": y, "color": colour}}
    words = {
        "mark": {"type": "text", "fontSize": 10},
        "encoding": {"x": x, "y": y, "text": text, "color": dark},
    }
    return svg(rows, {"height": {"step": 19}, "layer": [cells, words]})


def _level(value: float | None, name: str) -> list[dict[str, Any]]:
    """A dashed line at a value."""
    if value is None:
        return []
    y = {"field": "value", "type": "quantitative"}
    rule = {"mark": {"type": "rule", "strokeDash": [4, 3], "color": FAINT}, "encoding": {"y": y}}
    text = {
        "mark": {
            "type": "text",
            "align": "left",
            "dx": 4,
            "color": FAINT,
            "text": name,
            "fontSize": 11,
        },
        "encoding": {"y": y, "x": {"value": 300}},
    }
    return [{"data": {"values": [{"value": value}]}, **part} for part in (rule, text)]
