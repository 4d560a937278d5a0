"""The page's charts: how something went from day to day."""

from typing import Any

from markupsafe import Markup

from keel.show.charts import BASELINE, FAINT, MODEL, Rows, svg

KINDS = {"answered": "#9ec1e8", "refused or not valid": "#a51d2d"}
BOTH = {"predicted": MODEL, "came": BASELINE}
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


def rows_by_day(rows: Rows) -> Markup:
    """Bars; rows have day, value and kind, one of `KINDS`."""
    day = {**DAYS, "timeUnit": "yearmonthdate"}
    return _by_kind(rows, {"type": "bar", "binSpacing": 0}, day, {"title": "rows a day"}, KINDS)


def by_week(rows: Rows, title: str, *, shares: bool) -> Markup:
    """Lines; rows have day, value and kind, one of `BOTH`."""
    line = {"type": "line", "point": {"filled": True, "size": 20}}
    y = {"title": title, "scale": {"zero": shares}}
    if shares:
        y["axis"] = {"format": ".0%"}
    return _by_kind(rows, line, DAYS, y, BOTH)


def _by_kind(
    rows: Rows, mark: dict[str, Any], x: dict[str, Any], y: dict[str, Any], colours: dict[str, str]
) -> Markup:
    """The `value`s by day in the colour of their `kind`."""
    scale = {"domain": list(colours), "range": list(colours.values())}
    legend = {"title": None, "orient": "top"}
    encoding = {
        "x": x,
        "y": {"field": "value", "type": "quantitative", **y},
        "color": {"field": "kind", "type": "nominal", "scale": scale, "legend": legend},
    }
    return svg(rows, {"height": 200, "mark": mark, "encoding": encoding})
