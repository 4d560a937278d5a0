"""An experiment: the pipeline with other settings, recorded by DVC beside the ones before."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from keel.pipeline.configuration import overrides
from keel.project.commands import call, output
from keel.project.errors import UserError

USE = (
    "uv run keel exp model=logistic, or several: uv run keel exp --queue model.trees=100,400, "
    "then uv run keel exp --run-all"
)


def experiment(
    root: Path, metrics: Iterable[str], changes: Sequence[str], options: Sequence[str]
) -> int:
    """Run `dvc exp run` with changes such as `model.trees=100`; options such as --queue are DVC's.

    It runs in a copy that DVC makes, so the files that a person works on stay as they are. Then it
    shows how the experiments do by the metrics.
    """
    if not changes and "--run-all" not in options:
        raise UserError(f"say what to change: {USE}")
    if output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise UserError(
            "an experiment starts from a commit, and there is none yet: "
            'git add --all && git commit -m "Start"'
        )
    if not output(root, "git", "config", "user.email"):
        raise UserError(
            "DVC records an experiment under your name, and Git does not know it: "
            'git config --global user.name "…" and git config --global user.email "…"'
        )
    overrides(root / "conf/overrides.yaml")
    parameters = [part for change in changes for part in ("--set-param", recorded(root, change))]
    where = [] if {"--queue", "--run-all"} & set(options) else ["--temp"]
    # In DVC's copy of the project, `src` is the copy's and not the one that is installed.
    code = call(root, "dvc", "exp", "run", *where, *options, *parameters, PYTHONPATH="src")
    if code == 0 and "--queue" not in options:
        print(flush=True)
        # What a table can do without: all but scores and the model's settings.
        dull = rf"^(?!Experiment|refusals|{'|'.join(metrics)}|model\.).*"
        call(root, "dvc", "exp", "show", "--md", "--only-changed", "--drop", dull)
        print("\nTake one over: uv run dvc exp apply NAME, then uv run keel run")
    return code


def recorded(root: Path, change: str) -> str:
    """A change such as `model=logistic` as one of `conf/overrides.yaml`, which DVC records."""
    name, separator, value = change.lstrip("+").partition("=")
    if not separator or not name:
        raise UserError(f"{change!r} is not a change of a setting: {USE}")
    if "@" in name:  # DVC takes it in a value only
        choices = ",".join(f"{{{name}:{choice}}}" for choice in value.split(","))
        return f"conf/overrides.yaml:++choose={choices}"
    part = "choose" if (root / "conf" / name).is_dir() else "set"
    return f"conf/overrides.yaml:++{part}.{name}={value}"
