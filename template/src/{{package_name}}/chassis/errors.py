# Keel keeps this file up to date.
"""What a person can mend."""


class UserError(Exception):
    """A mistake in settings, data or use. Its text names the place, the value and the cure."""


def reason(error: Exception) -> str:
    """The first line of what an error says."""
    return (getattr(error, "strerror", None) or str(error)).partition("\n")[0]
