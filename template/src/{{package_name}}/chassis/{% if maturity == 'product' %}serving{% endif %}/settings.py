# Keel keeps this file up to date.
"""The settings of the service and of what watches it: what `conf/service.yaml` leaves out."""

from pathlib import Path
from typing import Annotated

import yaml
from annotated_types import Ge, Gt, Le
from pydantic import ValidationError

from ...settings import Section
from ..configuration import sentences
from ..errors import UserError

Positive = Annotated[int, Gt(0)]


class Serving(Section):
    """Where the service listens, and how much it takes on."""

    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8000
    rows: Positive = 1_000  # of one request
    bytes: Positive = 2_000_000  # of the body of one request
    seconds: Annotated[float, Gt(0)] = 10.0  # for one request
    at_once: Positive = 32  # requests; more are told to come again
    keep_days: Positive = 90  # of the prediction log


class Sandbox(Section):
    """What a person may use to try things out."""

    rows: Annotated[int, Gt(1)] = 100_000  # of a table
    minutes: Annotated[float, Gt(0)] = 10.0  # for one run
    price_per_hour: Annotated[float, Ge(0)] = 0.2  # of this machine
    cost: Annotated[float, Ge(0)] = 5.0  # of all runs in a sandbox


class Operation(Section):
    """All of them."""

    serving: Serving = Serving()
    sandbox: Sandbox = Sandbox()


def load(root: Path) -> Operation:
    """The settings of `conf/service.yaml`, with the usual values for what it leaves out.

    Raises UserError that names each wrong one.
    """
    file = root / "conf/service.yaml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return Operation.model_validate(content or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"conf/{file.name} is not YAML: {error}") from error
    except ValidationError as error:
        raise UserError(sentences(error, f"conf/{file.name}: ")) from error
