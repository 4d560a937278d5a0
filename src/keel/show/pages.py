"""The pages that people read: templates of HTML beside the code, filled in."""

import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape


def page(template: str, **context: Any) -> str:
    """One of the pages that stand beside the code, such as judge/report.html, filled in."""
    return environment(Path(__file__).parents[1]).get_template(template).render(**context)


def environment(folder: Path) -> jinja2.Environment:
    """What fills in the templates of a folder; a name that it is not given is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"percent": _percent, "number": number, "coded": coded}
    return made


def number(value: float | None, digits: int = 3) -> str:
    """A number as people read it, or a dash for none: the larger, the fewer digits it needs."""
    if value is None:
        return "–"
    large = sum(abs(value) >= limit for limit in (100, 1000, 10_000))
    return f"{value:,.{max(0, digits - large)}f}"


def coded(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped


def _percent(share: float) -> str:
    return f"{share:.1%}"
