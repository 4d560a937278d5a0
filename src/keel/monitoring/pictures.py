"""The page's charts: how something went from day to day."""

from typing import Any

from markupsafe import Markup

from keel.show.charts import BASELINE, FAINT, MODEL, Rows, svg

KINDS = {"answered": "#9ec1e8", "refused or not valid": "#a51d2d"}
SHARES = {"predicted": MODEL, "came": BASELINE}
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
    dashed = {"type": "rule", "strokeDash": [4, 3], "color": FAINT}
    level = [] if floor is None else [{"mark": dashed, "encoding": {"y": {"datum": floor}}}]
    return svg(rows, {"height": 200, "layer": [band, line, *level]})


def by_kind(rows: Rows, title: str, colours: dict[str, str]) -> Markup:
    """The `value`s by `day` in the colour of their `kind`: bars of rows, or lines of shares."""
    bars = colours is KINDS
    line = {"type": "line", "point": {"filled": True, "size": 20}}
    value = {"field": "value", "type": "quantitative", "title": title}
    scale = {"domain": list(colours), "range": list(colours.values())}
    encoding: dict[str, Any] = {
        "x": {**DAYS, "timeUnit": "yearmonthdate"} if bars else DAYS,
        "y": value if bars else {**value, "axis": {"format": ".0%"}},
        "color": {
            "field": "kind",
            "type": "nominal",
            "scale": scale,
            "legend": {"title": None, "orient": "top"},
        },
    }
    mark = {"type": "bar", "binSpacing": 0} if bars else line
    return svg(rows, {"height": 200, "mark": mark, "encoding": encoding})
