"""The reports that runs, checks and monitoring left, as the page of quality reads them."""

import csv
from pathlib import Path
from typing import TypeVar

import yaml

from keel.project.errors import UserError
from keel.quality.records.documents import report, text, typed

Content = TypeVar("Content")


class Reports:
    """Reads reports; one that is broken is named in `wrong`, and keeps no other from being read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wrong: dict[str, str] = {}  # by the name of the file

    def read(self, name: str, kind: type[Content], maker: str) -> Content | None:
        """A report by its type, None where it is missing or broken; `maker` writes it."""
        if not (self.root / name).is_file():
            return None
        try:
            match Path(name).suffix:
                case ".csv":
                    rows = list(csv.DictReader(text(self.root, name).splitlines()))
                    return typed(rows, name, kind)
                case ".yaml":
                    return typed(yaml.safe_load(text(self.root, name)), name, kind)
                case _:
                    return report(self.root, name, kind, maker)
        except (UserError, yaml.YAMLError, csv.Error) as error:
            self.wrong[name] = str(error).partition("\n")[0]
        return None
