"""How dates and moments are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from keel.start.words import NAMES, says

NUMBERS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%Y-%m", "%Y%m%d"),
)
MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d. %b %Y", "%a, %d %b %Y")
DAYS = (*NUMBERS, *MONTHS, *(form.replace("%b", "%B") for form in MONTHS))
ISO_DAY = "%Y-%m-%d"
ISO_MOMENT = re.compile(r"%Y-%m-%d[T ]%H:%M:%S%\.f(%#z)?")
WRITTEN = (  # what is worth trying
    r"^(?:[A-Za-z]{3}, )?(?:\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?"
    r"|\d{1,2}\.?[- ][A-Za-z]{3,9}[- ]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{8})(?:[T ,].*)?$"
)
CLOCK = re.compile(
    r"(?P<between>T| |, )\d{1,2}:\d\d(?P<seconds>:\d\d(\.\d+)?)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> UTC| GMT| ?Z| ?[+-]\d\d:?\d\d)?$"
)
LITERAL = (" UTC", " GMT")
EPOCH = {"epoch:s": 1, "epoch:ms": 1_000}
FROM, UNTIL = 631_152_000, 4_102_444_800  # 1990 to 2100, in seconds since 1970
ENOUGH = 0.9  # of the values, to take text for dates
TRIED = 2_000  # different values


@dataclass(frozen=True)
class Written:
    """How the dates of a column are written."""

    strptime: str
    forms: tuple[str, ...] = ()  # where none reads all values: those that read a part each
    also: str = ""  # another form that reads all values: day and month could be swapped

    @property
    def form(self) -> str | None:
        """What a plan says of it: nothing where it is ISO."""
        is_iso = self.strptime == ISO_DAY or ISO_MOMENT.fullmatch(self.strptime)
        return None if is_iso else self.strptime

    @property
    def has_time(self) -> bool:
        """Whether these are moments, not days."""
        return "%H" in self.strptime or "%I" in self.strptime or self.strptime in EPOCH

    @property
    def has_zone(self) -> bool:
        """Whether each value says where it is that late."""
        return self.strptime.endswith(("%#z", *LITERAL)) or self.strptime in EPOCH

    def read(self, text: pl.Expr) -> pl.Expr:
        """The text as dates or moments, with null for what is none."""
        return read(text, self.strptime)


def read(text: pl.Expr, form: str) -> pl.Expr:
    """The text as dates or moments in that form, with null for what is none."""
    if form in EPOCH:
        milliseconds = text.cast(pl.Int64, strict=False) * (1_000 // EPOCH[form])
        return milliseconds.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    text = pl.when(text.str.contains(r"\d{4}") == ("%Y" in form)).then(text)
    if "%H" in form or "%I" in form:
        moments = text.str.to_datetime(form, strict=False, time_unit="us")
        return moments.dt.replace_time_zone("UTC") if form.endswith(LITERAL) else moments
    return text.str.to_date(form, strict=False)


def written(name: str, values: pl.Series) -> Written | None:
    """How these values are written as dates; None if they are none."""
    values = values.unique(maintain_order=True).head(TRIED)
    looks = values.str.contains(WRITTEN)
    if not len(values) or looks.sum() < ENOUGH * len(values):
        return None
    if values.str.contains(r"^\d{8}$").all() and not says(name, NAMES["time"]):
        return None
    values = values.filter(looks)
    counts = _counted(values)
    if not counts:
        return None
    best = max(counts, key=lambda form: counts[form])
    full = [form for form in counts if counts[form] == len(values) and form != best]
    if counts[best] == len(values):
        swapped = [form for form in full if sorted(form) == sorted(best)]
        return Written(best, also=swapped[0] if swapped else "")
    return _several(values, counts, best)


def _counted(values: pl.Series) -> dict[str, int]:
    """How many values each form reads, of forms that read any."""
    clocks = {_clock(value) for value in values.head(200).to_list()}
    forms = [day + clock for clock in sorted(clocks) for day in DAYS]
    frame = values.to_frame("value")
    counts = {form: frame.select(read(pl.col("value"), form).count()).item() for form in forms}
    return {form: count for form, count in counts.items() if count}


def _clock(value: str) -> str:
    """The end of the form of such a value: how its time of day is written."""
    found = CLOCK.search(value)
    if not found:
        return ""
    seconds = "%S%.f" if found["seconds"] else ""
    half = found["half"] or ""
    clock = (
        f"%I:%M{':' * bool(seconds)}{seconds}" if half else f"%H:%M{':' * bool(seconds)}{seconds}"
    )
    zone = found["zone"] or ""
    literal = zone in LITERAL
    ending = zone if literal else " " * zone.startswith(" ") + "%#z" * bool(zone)
    return found["between"] + clock + (" " * half.startswith(" ") + "%p") * bool(half) + ending


def _several(values: pl.Series, counts: dict[str, int], best: str) -> Written | None:
    """The best form, and those that read what it does not."""
    forms, rest = [best], values
    for form in sorted(counts, key=lambda form: -counts[form]):
        unread = rest.to_frame("value").select(read(pl.col("value"), form).is_null()).to_series()
        if form != best and unread.all():
            continue
        forms, rest = [*dict.fromkeys([*forms, form])], rest.filter(unread)
    if len(rest) > (1 - ENOUGH) * len(values):
        return None
    return Written(best, forms=tuple(forms) if len(forms) > 1 else ())


def epoch(name: str, low: float, high: float) -> Written | None:
    """Whole numbers that count from 1970, if they are from 1990 on and the name speaks of time."""
    if not says(name, NAMES["time"]):
        return None
    fits = [form for form, unit in EPOCH.items() if FROM * unit <= low <= high <= UNTIL * unit]
    return Written(fits[0]) if fits else None
