from pathlib import Path

import pytest

from keel.project.errors import UserError
from keel.quality.score import mutate
from keel.quality.score.mutate import Mutant, Survivor

SAID = """\
    flight_delay.features.x_seats__mutmut_1: killed
    flight_delay.features.x_seats__mutmut_2: survived
    flight_delay.models.boosting.xǁBoostingǁpredict__mutmut_1: timeout
    flight_delay.models.boosting.xǁBoostingǁpredict__mutmut_2: no tests
    flight_delay.models.boosting.xǁBoostingǁpredict__mutmut_3: segfault
"""
NOT_YET = "    flight_delay.tables.x_a__mutmut_1: not checked\n"
SURVIVOR = Survivor("src/flight_delay/a.py", 7, "age", ["- return a - b", "+ return a + b"])


def written(root: Path, **modules: str) -> Path:
    """A folder with these modules of the package."""
    for name, text in modules.items():
        file = root / f"src/flight_delay/{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def parsed(results: str, *modules: str) -> list[Mutant]:
    return mutate.parsed(results, "flight_delay", modules)


def settings(root: Path, only_mutate: list[str]) -> None:
    (root / "pyproject.toml").write_text(f"[tool.mutmut]\nonly_mutate = {only_mutate}\n")


def test_a_decorated_function_is_the_same_with_its_decorators_as_calls() -> None:
    source = (
        "import f\n\n@outer(1)\n@inner\ndef one(a):\n    return a\n\n\ndef two():\n    return 2\n"
    )

    assert mutate.undecorated(source) == (
        "import f\n\ndef one(a):\n    return a\none = inner(one)\none = outer(1)(one)\n"
        "\n\ndef two():\n    return 2\n"
    )


def test_what_is_not_decorated_stays_as_it_is() -> None:
    source = "@frozen\nclass A:\n    @property\n    def b(self):\n        return 1\n\n\nC = 'ü'"

    assert mutate.undecorated(source) == source


def test_the_modules_are_those_whose_files_match(tmp_path: Path) -> None:
    modules = ("features", "tables", "models.__init__", "models.boosting")
    root = written(tmp_path, **dict.fromkeys(modules, ""))

    found = mutate.mutated(root, "flight_delay", ["src/*/features.py", "src/flight_delay/models/*"])

    assert found == {
        "features": "src/flight_delay/features.py",
        "models": "src/flight_delay/models/__init__.py",
        "models.boosting": "src/flight_delay/models/boosting.py",
    }


def test_a_change_that_makes_the_tests_crash_or_hang_is_noticed() -> None:
    found = mutate.score(parsed(SAID))

    assert found == {"mutants": 5, "killed": 3, "score": 0.6}


def test_of_some_modules_only_their_mutants_count() -> None:
    found = parsed(SAID + NOT_YET, "features")

    assert found == [
        Mutant("features", "x_seats__mutmut_1", "killed"),
        Mutant("features", "x_seats__mutmut_2", "survived"),
    ]


@pytest.mark.parametrize("said", ["", SAID + NOT_YET])
def test_what_was_not_tried_to_its_end_has_no_score(said: str) -> None:
    with pytest.raises(UserError, match="mutmut stopped before it had tried every change"):
        parsed(said)


def test_a_survivor_is_shown_where_it_stands_in_the_project(tmp_path: Path) -> None:
    root = written(tmp_path / "project", a="\n@feature\ndef age():\n    c = 1\n    return c - 2\n")
    copy = written(
        tmp_path / "copy",
        a="def age():\n    return 'trampoline'\n"
        "def x_age__mutmut_orig():\n    c = 1\n    return c - 2\n"
        "def x_age__mutmut_1():\n    c = 1\n    return c + 2\n",
    )

    found = mutate.survivor("x_age__mutmut_1", "src/flight_delay/a.py", root, copy)

    assert found == Survivor(
        "src/flight_delay/a.py", 5, "age", ["- return c - 2", "+ return c + 2"]
    )


def test_a_survivor_in_a_method_has_the_name_of_the_method(tmp_path: Path) -> None:
    root = written(tmp_path / "project", a="class A:\n    def b(self, c=1):\n        return c\n")
    copy = written(
        tmp_path / "copy",
        a="class A:\n    def xǁAǁb__mutmut_orig(self, c=1):\n        return c\n"
        "    def xǁAǁb__mutmut_1(self, c=2):\n        return c\n",
    )

    found = mutate.survivor("xǁAǁb__mutmut_1", "src/flight_delay/a.py", root, copy)

    change = ["- def b(self, c=1):", "+ def b(self, c=2):"]
    assert found == Survivor("src/flight_delay/a.py", 2, "b", change)


def test_score_and_survivors_are_told_with_their_places() -> None:
    mutants = [Mutant("a", "x_age__mutmut_1", "survived"), Mutant("a", "x_b__mutmut_1", "killed")]

    assert mutate.summary(mutants, [SURVIVOR]) == (
        "A test notices 1 of 2 changes, 50.0%.\nNo test notices these:\n\n"
        "src/flight_delay/a.py:7 age\n"
        "    - return a - b\n"
        "    + return a + b"
    )


def test_a_module_that_is_not_mutated_is_named_beside_those_that_are(tmp_path: Path) -> None:
    settings(written(tmp_path, features="", tables=""), ["src/flight_delay/features.py"])

    with pytest.raises(UserError, match="'tables' is not mutated: there is features"):
        mutate.mutate(tmp_path, "flight_delay", ["tables"])


@pytest.mark.parametrize("patterns", [[], ["lib/features.py"]])
def test_a_project_that_names_no_file_is_told_where_to(tmp_path: Path, patterns: list[str]) -> None:
    settings(written(tmp_path, features=""), patterns)

    with pytest.raises(UserError, match=r"only_mutate of \[tool.mutmut\] in pyproject.toml"):
        mutate.mutate(tmp_path, "flight_delay", [])


def test_code_that_can_not_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    settings(written(tmp_path, features="a = 1\ndef ():\n"), ["src/flight_delay/features.py"])
    (tmp_path / "tests").mkdir()

    with pytest.raises(UserError, match=r"src/flight_delay/features.py:2: invalid syntax"):
        mutate.mutate(tmp_path, "flight_delay", [])
