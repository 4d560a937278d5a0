"""The report's charts: Vega-Lite, drawn to SVG, so that the page needs no script and no network."""

from collections.abc import Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

MODEL, BASELINE, FAINT = "#1a5fb4", "#c64600", "#77767b"
COLOURS = {"domain": ["model", "baseline"], "range": [MODEL, BASELINE]}
SHAPES = {"domain": ["model", "baseline"], "range": ["circle", "square"]}
WIDTH = 300  # with its axes a chart fits a phone unscaled, so that its letters stay readable

ZERO, ORIGIN = {"y": {"datum": 0}}, {"x": {"datum": 0}, "y": None}
MONTHS = {"labelAngle": -45, "labelOverlap": True}

Rows = Sequence[dict[str, Any]]


def over_time(rows: Rows, title: str) -> Markup:
    """A line for each model with its interval; rows have time, model, score, low, high."""
    x = {"field": "time", "type": "ordinal", "title": None, "axis": MONTHS}
    y = {"type": "quantitative", "scale": {"zero": False}, "title": title}
    band = {
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
    }
    line = {"mark": {"type": "line"}, "encoding": {"y": {"field": "score", **y}}}
    point = {
        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
        "encoding": {"y": {"field": "score", **y}, "shape": _shape(rows)},
    }
    return svg(
        rows,
        {"height": 210, "layer": [band, line, point], "encoding": {"x": x, "color": _colour(rows)}},
    )


def by_slice(rows: Rows, title: str) -> Markup:
    """A point and interval for each slice and model; rows have slice, model, score, low, high."""
    y = {
        "field": "slice",
        "type": "nominal",
        "title": None,
        "sort": [row["slice"] for row in rows if row["model"] == "model"],
    }
    x = {"type": "quantitative", "scale": {"zero": False}, "title": title}
    offset = {"field": "model", "type": "nominal", "sort": COLOURS["domain"]}
    interval = {
        "mark": {"type": "rule"},
        "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
    }
    point = {
        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
        "encoding": {"x": {"field": "score", **x}, "shape": _shape(rows)},
    }
    return svg(
        rows,
        {
            "height": {"step": 11},
            "layer": [interval, point],
            "encoding": {"y": y, "yOffset": offset, "color": _colour(rows)},
        },
    )


def calibration(rows: Rows) -> Markup:
    """Observed against predicted shares; rows have model, predicted, observed."""
    share = {"type": "quantitative", "axis": {"format": ".0%"}}
    top = max([0.1, *(max(row["predicted"], row["observed"]) for row in rows)])
    scale = {"scale": {"domain": [0, top]}}
    x = {"field": "predicted", "title": "predicted", **share, **scale}
    y = {"field": "observed", "title": "observed", **share, **scale}
    perfect = {
        "data": {"values": [{"predicted": 0, "observed": 0}, {"predicted": top, "observed": top}]},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": FAINT},
        "encoding": {"x": x, "y": y},
    }
    lines = {
        "mark": {"type": "line", "point": {"filled": True, "size": 45, "opacity": 1}},
        "encoding": {"x": x, "y": y, "color": _colour(rows), "shape": _shape(rows)},
    }
    return svg(rows, {"height": 240, "layer": [perfect, lines]})


def confusion(rows: Rows, order: Sequence[str]) -> Markup:
    """A table of counts, darker with more; rows have was, seemed, rows."""
    axis = {"type": "nominal", "sort": list(order)}
    most = max([1, *(row["rows"] for row in rows)])
    colour = {"field": "rows", "type": "quantitative", "legend": None}
    light = {
        "condition": {"test": f"datum.rows > {most / 2}", "value": "white"},
        "value": "#241f31",
    }
    return svg(
        rows,
        {
            "height": {"step": 26},
            "encoding": {
                "x": {"field": "seemed", "title": "seemed likeliest", **axis},
                "y": {"field": "was", "title": "was", **axis},
            },
            "layer": [
                {
                    "mark": "rect",
                    "encoding": {"color": {**colour, "scale": {"range": ["#f3f6fb", MODEL]}}},
                },
                {
                    "mark": {"type": "text", "fontSize": 11},
                    "encoding": {"text": {"field": "rows", "format": ","}, "color": light},
                },
            ],
        },
    )


def observed(rows: Rows, title: str) -> Markup:
    """A point for each row, which has label and model, and the line of those that are equal."""
    ends = [value for row in rows for value in (row["label"], row["model"])] or [0, 1]
    scale = {"type": "quantitative", "scale": {"zero": False, "nice": True}}
    x = {"field": "model", "title": f"{title}, predicted", **scale}
    y = {"field": "label", "title": f"{title}, observed", **scale}
    equal = [{"model": end, "label": end} for end in (min(ends), max(ends))]
    line = {
        "data": {"values": equal},
        "mark": {"type": "line", "strokeDash": [4, 3], "color": FAINT},
        "encoding": {"x": x, "y": y},
    }
    point = {"type": "point", "filled": True, "size": 14, "opacity": 0.35, "color": MODEL}
    points = {"mark": point, "encoding": {"x": x, "y": y}}
    return svg(rows, {"height": 240, "layer": [points, line]})


def residuals(rows: Rows, title: str) -> Markup:
    """A line in its band by name, such as a month; rows have name, low, middle, high."""
    x = {"field": "name", "type": "ordinal", "title": None, "axis": MONTHS}
    y = {"type": "quantitative", "title": title}
    layers = [
        {
            "mark": {"type": "area", "opacity": 0.2, "color": MODEL},
            "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "point": True, "color": MODEL},
            "encoding": {"y": {"field": "middle", **y}},
        },
        {"mark": {"type": "rule", "strokeDash": [4, 3], "color": FAINT}, "encoding": ZERO},
    ]
    return svg(rows, {"height": 210, "encoding": {"x": x}, "layer": layers})


def ranges(rows: Rows, title: str) -> Markup:
    """A point on its line for each name; rows have name, low, middle, high."""
    y = {"field": "name", "type": "nominal", "title": None, "sort": None}
    x = {"type": "quantitative", "title": title}
    layers = [
        {
            "mark": {"type": "rule", "color": MODEL},
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1, "color": MODEL},
            "encoding": {"x": {"field": "middle", **x}},
        },
        {"mark": {"type": "rule", "strokeDash": [4, 3], "color": FAINT}, "encoding": ORIGIN},
    ]
    return svg(rows, {"height": {"step": 17}, "encoding": {"y": y}, "layer": layers})


def bars(rows: Rows, title: str, number_format: str) -> Markup:
    """A bar for each row, which has name and value."""
    return svg(
        rows,
        {
            "height": {"step": 17},
            "mark": {"type": "bar", "color": MODEL},
            "encoding": {
                "y": {"field": "name", "type": "nominal", "title": None, "sort": None},
                "x": {
                    "field": "value",
                    "type": "quantitative",
                    "title": title,
                    "axis": {"format": number_format, "tickCount": 5},
                },
            },
        },
    )


def with_ground(chart: str) -> str:
    """The chart as a file of its own, on white: a viewer may be dark."""
    # As text: Markup would escape what takes the place.
    return str(chart).replace("<svg ", '<svg style="background: white" ', 1)


def _colour(rows: Rows) -> dict[str, Any]:
    return {"field": "model", "type": "nominal", "scale": COLOURS, "legend": _legend(rows)}


def _shape(rows: Rows) -> dict[str, Any]:
    """Models differ by shape too, for who can't tell the colours."""
    return {"field": "model", "type": "nominal", "scale": SHAPES, "legend": _legend(rows)}


def _legend(rows: Rows) -> dict[str, Any] | None:
    """None where all is the model's."""
    if all(row["model"] == "model" for row in rows):
        return None
    return {"title": None, "orient": "top", "symbolOpacity": 1}


def svg(rows: Rows, chart: dict[str, Any]) -> Markup:
    """The chart as SVG. Rows without a score are left out, as a gap."""
    config = {
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {"labelFontSize": 11, "titleFontSize": 11, "labelLimit": 110},
    }
    drawn = vl_convert.vegalite_to_svg(
        {
            "width": WIDTH,
            "background": None,
            "config": config,
            "data": {"values": list(rows)},
            **chart,
        }
    )
    return Markup(drawn)  # noqa: S704 -- drawn from numbers and escaped text by vl-convert
