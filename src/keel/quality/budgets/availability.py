"""What a share of the time means in hours."""

from datetime import timedelta

YEAR = timedelta(days=365.25)
SPANS = {"a year": YEAR, "a month": YEAR / 12}


def as_time(target: float) -> str:
    """What a target in percent allows, in hours a year and hours a month."""
    allowed = 1 - target / 100
    return ", ".join(f"{hours(allowed * span)} {name}" for name, span in SPANS.items())


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
