"""What a share of the time means in hours, for one service and for a chain of them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import prod

from keel.project.errors import UserError

YEAR = timedelta(days=365.25)
SPANS = {"a year": YEAR, "a month": YEAR / 12, "a week": timedelta(days=7)}
USE = (
    "`uv run keel availability 99.5`, or the parts of a chain: `uv run keel availability 99.5 99.9`"
)


def percent(text: str) -> Decimal:
    """`99.5` or `99.5%` as a number. Raises UserError for what is no share of the time."""
    try:
        number = Decimal(text.removesuffix("%").strip())
    except InvalidOperation as error:
        raise UserError(f"{text!r} is not a number of percent: {USE}") from error
    if not (number.is_finite() and 0 < number <= 100):
        raise UserError(f"{text} % is no share of the time: it is above 0 and at most 100")
    return number


def chain(parts: Sequence[Decimal]) -> Decimal:
    """The percentage of a chain that needs all of its parts, when they fail independently."""
    return prod((part / 100 for part in parts), start=Decimal(1)) * 100


def downtime(share: Decimal, span: timedelta) -> timedelta:
    """How long of a span that is not reached."""
    return span * float((100 - share) / 100)


def explain(parts: Sequence[Decimal]) -> str:
    """What the shares of a chain's parts mean together, as lines. Raises UserError without any."""
    if not parts:
        raise UserError(f"say how many percent: {USE}")
    share = chain(parts)
    lines = []
    if len(parts) > 1:
        names = ", ".join(f"{part} %" for part in parts)
        lines.append(f"A chain of {names} that fail independently: {share.normalize():f} %.")
        lines.append(f"It is worse than its weakest part, {min(parts)} %.")
    lines.append(f"{share.normalize():f} % of the time may be out of order for")
    lines += [f"  {hours(downtime(share, span)):>13} {name}" for name, span in SPANS.items()]
    if share == 100:
        lines.append("Nothing is always there: a target below 100 leaves something to plan with.")
    return "\n".join(lines)


def as_time(target: float) -> str:
    """What a target allows, in hours a year and minutes a month."""
    share = percent(str(target))
    return ", ".join(f"{hours(downtime(share, SPANS[span]))} {span}" for span in list(SPANS)[:2])


def hours(span: timedelta) -> str:
    """A time in hours and minutes, or minutes and seconds, as people write it."""
    seconds = round(span.total_seconds())
    if seconds >= 3600:
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60} min"
    minutes, rest = divmod(seconds, 60)
    parts = [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest or not minutes)
    return " ".join(parts)


def lasting(span: timedelta) -> str:
    """A time as people write it: in days when it is longer than two."""
    days = span / timedelta(days=1)
    return f"{days:.1f} days" if days >= 2 else hours(span)
