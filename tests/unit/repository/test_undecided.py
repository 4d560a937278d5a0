from pathlib import Path

import pytest

from keel.repository.check import OPEN, undecided


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "a: {question: what}\nb: {question: who, decided: 1}\nc: {question: when}\n",
            ["a", "c"],
        ),
        ("{}\n", []),
        ("# nothing\n", []),
        ("- no mapping\n", []),
        ("a: [broken\n", []),
    ],
)
def test_decisions_without_a_record_are_open(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / OPEN).parent.mkdir(parents=True)
    (tmp_path / OPEN).write_text(text)

    assert undecided(tmp_path) == names


def test_a_project_without_a_list_has_none(tmp_path: Path) -> None:
    assert undecided(tmp_path) == []
