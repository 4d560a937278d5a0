"""The library's folders are floors, and the docs can show each with what it is for."""

from reference.floors import KEEL, floors, table


def test_each_folder_of_the_library_is_a_floor() -> None:
    assert sorted(floors()) == sorted(file.parent.name for file in KEEL.glob("*/__init__.py"))


def test_the_table_of_folders_says_of_each_what_it_is_for() -> None:
    rows = [line.split(" | ") for line in table().splitlines()[2:]]

    assert [row[0] for row in rows] == [f"| `{name}`" for name in floors()]
    assert [row for row in rows if len(row[1]) < 20] == []
