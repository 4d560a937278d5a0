"""What a share of the time means in hours."""

import math
from datetime import timedelta

MANY = 30  # days
YEAR = timedelta(days=365.25)
SPANS = {"a year": YEAR, "a month": YEAR / 12}


def as_time(target: float) -> str:
    """What a target in percent allows of the time, in hours a year and hours a month."""
    allowed = 1 - target / 100
    spans = (f"{hours(allowed * span)} in {name}" for name, span in SPANS.items())
    return f"at most {', '.join(spans)} out of order"


def as_days(target: float, days: int, least: int) -> str:
    """The same of days, of which each is good or bad."""
    allowed = max(math.floor(round((1 - target / 100) * days, 9)), least)
    return f"at most {allowed} bad {'day' if allowed == 1 else 'days'} in {days}"


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
    """A time as people write it: in days when it is longer than two, in whole ones after 30."""
    days = span / timedelta(days=1)
    if days >= MANY:
        return f"{days:.0f} days"
    return f"{days:.1f} days" if days >= 2 else hours(span)
