"""What a person can mend."""

from collections.abc import Mapping


class UserError(Exception):
    """A mistake in settings, data or use. Its text names the place, the value and the cure."""


class RefusedError(UserError):
    """The model misses gates, each of which is described by a sentence."""

    def __init__(self, sentences: list[str], scores: Mapping[str, object] = {}) -> None:
        self.scores = scores  # of the model, to be shown all the same
        super().__init__(
            "the model is refused:\n  " + "\n  ".join(sentences) + "\nreports/report.html shows "
            "where it is weak. Fix the model or the data, take out a feature that does not help, "
            "change the limit in conf/ and say why, or waive a gate other than the floors for a "
            "while in conf/waivers.yaml, as docs/how-to.md shows"
        )


def reason(error: BaseException) -> str:
    """The first line of what an error says; of broken YAML what is wrong in which line."""
    if mark := getattr(error, "problem_mark", None):
        place = mark.name if mark.name.startswith("<") else mark.name.rpartition("conf/")[2]
        return f"{place}, line {mark.line + 1}: {getattr(error, 'problem', '')}"
    return (getattr(error, "strerror", None) or str(error)).partition("\n")[0]
