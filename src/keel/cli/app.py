"""The verbs in their groups: which there are, what each is for, and where it stands.

A verb is imported when it is used, so that `keel --help` answers at once.
"""

import difflib
import importlib
from pathlib import Path
from typing import NamedTuple

import click

from keel.project.about import own_settings
from keel.project.errors import UserError


class Verb(NamedTuple):
    """Where a command stands, as module:function, and what it is for in a line."""

    place: str
    help: str


EVERY_DAY = {
    "run": Verb(
        "pipeline:run", "train and evaluate, only what changed; `run data=quick` in seconds"
    ),
    "exp": Verb(
        "pipeline:exp", "try settings: `exp model=logistic`; `exp` alone lists experiments"
    ),
    "check": Verb("check:check", "format, lint, types and tests, or one of them: `check unit`"),
    "notebook": Verb(
        "pipeline:notebook", "explore examples, features, errors and single predictions"
    ),
    "predict": Verb("predict:predict", "predict the rows of a file: `predict july.parquet`"),
    "promote": Verb(
        "pipeline:promote", "make the model the champion (the one in use), if it is better"
    ),
}
IN_USE = {
    "serve": Verb("service:serve", "serve the model over HTTP"),
    "monitor": Verb("service:monitor", "write a page on how well the predictions in use do"),
    "replay": Verb("service:replay", "simulate half a year of use in a minute or two"),
    "lineage": Verb("service:lineage", "trace a model or a prediction back to the raw rows"),
    "release": Verb("release:release", "give code, data and model one version, as a Git tag"),
    "deploy": Verb("release:deploy", "record that a version runs in an environment"),
    "rollback": Verb("release:rollback", "go back to the previous version"),
    "reproduce": Verb("release:reproduce", "build a version again and compare the results"),
    "sandbox": Verb("release:sandbox", "try things out in a private copy, with limits"),
}
QUALITY = {
    "scorecard": Verb("quality:scorecard", "write a page on the quality of the product"),
    "budget": Verb("quality:budget", "show the error budgets; fails while one is spent"),
    "incident": Verb("quality:incident", "start an incident report"),
    "decide": Verb("quality:decide", "start a decision record"),
    "score": Verb("quality:score", "work out the ML Test Score from the last check and run"),
    "mutate": Verb(
        "quality:mutate", "find mistakes that the unit tests miss, in about two minutes"
    ),
}
THE_PROJECT = {
    "start": Verb("start:start", "replace the example by your own table: `start FILE`"),
    "doctor": Verb("repository:doctor", "find what is missing on this machine, and how to get it"),
    "setup": Verb("repository:setup", "create the Git repository and its hooks, if missing"),
    "update": Verb("repository:update", "get a newer Keel, on a branch to review"),
    "upgrade": Verb("repository:upgrade", "lock newer packages"),
    "vendor": Verb("repository:vendor", "keep Keel's wheel in the project, for closed networks"),
}
HIDDEN = {  # called by the pipeline and by CI
    "stage": Verb("pipeline:stage", "a stage of the pipeline, as dvc.yaml runs it"),
    "documents": Verb("quality:documents", "what is wrong with the files on quality"),
}
GROUPS = {
    "Every day": EVERY_DAY,
    "In use": IN_USE,
    "Quality": QUALITY,
    "The project": THE_PROJECT,
}
# A proof of concept has neither a service nor people who depend on it.
PRODUCT = {*IN_USE, *QUALITY, "documents"} - {"score", "mutate", "lineage"}


class Verbs(click.Group):
    """The groups of verbs. In a proof of concept those of a product are not shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's
        return [name for verbs in GROUPS.values() for name in verbs]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 -- click gives it
        cmd_name: str,
    ) -> click.Command | None:
        verb = {**{n: v for verbs in GROUPS.values() for n, v in verbs.items()}, **HIDDEN}
        if cmd_name not in verb:
            near = difflib.get_close_matches(cmd_name, verb, 1)
            raise UserError(
                f"there is no command {cmd_name!r}: "
                + (f"did you mean {near[0]}?" if near else "`keel --help` lists them")
            )
        if cmd_name in PRODUCT and not is_product(Path.cwd()):
            raise UserError(
                f"`uv run keel update maturity=product` makes this a product: {cmd_name} comes "
                "with one, and this is a proof of concept"
            )
        module, _, name = verb[cmd_name].place.partition(":")
        command: click.Command = getattr(importlib.import_module(f"keel.cli.{module}"), name)
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 -- click's
        formatter: click.HelpFormatter,
    ) -> None:
        product = is_product(Path.cwd())
        for title, verbs in GROUPS.items():
            shown = [(n, v.help) for n, v in verbs.items() if product or n not in PRODUCT]
            if shown:
                with formatter.section(title):
                    formatter.write_dl(shown)


def is_product(root: Path) -> bool:
    """Whether the project is a product; outside of a project all verbs are shown."""
    return bool(own_settings(root).get("maturity", "product") == "product")


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keel-ml", prog_name="keel")
def app() -> None:
    """Commands of this project. `uv run keel COMMAND --help` says more about each."""
