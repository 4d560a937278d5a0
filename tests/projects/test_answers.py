"""Answers: wrong ones are refused with the cure, odd ones arrive as they are."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy, run_update
from rendering import TEMPLATE, commit, files, must, parse, questions, render

LINES = ("project_name", "user_name", "purpose")
HIDDEN = {
    "two\nlines": r"\n",
    "two\u2028lines": r"\u2028",
    "a bell\x07": r"\u0007",
    "a colour\x1b[31m": r"\u001b",
    "zero\x00": r"\u0000",
    "\x85.": r"\u0085",
    "from right to left \u202e": r"\u202e",
    "from right to left \u2067": r"\u2067",
    "\u061cfrom right to left": r"\u061c",
    "no wi\u200bdth": r"\u200b",
    "\ufeff": r"\ufeff",
    "\u3164": r"\u3164",
    "a byte \udcff": r"\udcff",
}
EMPTY = ["", " ", "\n", "\u00a0", "\u200d", "\u3000\ufe0f"]
OUTSIDE = "Name one outside the project: such as ../storage or /srv/data."
NAMES_OF_OTHERS = """
class match json test tests polars con annotationlib profiling attr click dateutil git google jinja2
keel_ml packaging pandas pil requests scikit_learn scikit__learn sklearn validate yaml
"""
NO_ADDRESSES = """
name name@ @example.com name@example name@example.c a..b@example.com a@example..com a@-example.com
a.@example.com .a@example.com a@example.com. a@example-.com
"""
NO_PLACES = """
. ./ .. ../.. / // -rf src data/raw ./store C:/data .git .dvc/cache ../other/.git /srv/.DVC
../project ../project/src ../x/../project/
"""
UNSAFE = "a\"b a'b a#b a;b a%b a\\b $HOME `a` ~ ~/data s3://bucket/data"
WRITTEN = "Write it as in ../churn-storage: / between folders, no spaces, quotes or ~."
TAKEN = "Add a word, such as _model: Python, Keel, Windows or a library has the name."
QUESTIONS = questions()
# The question, and what is said of each answer that is wrong.
WRONG = {
    ("package_name", 'Use a-z, 0-9, _; start with a-z: not "{}".'): (
        ["", "Flight", "1st", "a-b", "a b", "été", "_a"]
    ),
    ("package_name", r'start with a-z: not "a\n".'): ["a\n"],
    ("package_name", 'Take out the _ at the end: not "{}".'): ["a_"],
    ("package_name", TAKEN): NAMES_OF_OTHERS.split(),
    ("package_name", "Shorten it to 40 characters: it has 41."): ["a" * 41],
    ("user_email", 'Write it as in name@example.com: not "{}".'): NO_ADDRESSES.split(),
    ("user_email", 'com: not "{}".'): [
        "a b@example.com",
        "a@exam ple.com",
        "A <a@example.com>",
    ],
    ("user_email", r'not "name@example.com\n".'): ["name@example.com\n"],
    ("user_email", r'not "a\"b@example.com".'): ['a"b@example.com'],
    ("user_email", 'not "a@example.com, b@exampl…".'): ["a@example.com, b@example.com"],
    ("project_name", "Shorten it to 80 characters: it has 81."): ["a" * 81],
    ("user_name", "Shorten it to 80 characters: it has 81."): ["a" * 81],
    ("purpose", "Shorten it to 300 characters: it has 301."): ["a" * 301],
    **{
        (question, f'Take out "{shown}": it can\'t be seen, breaks the line or turns it'): [answer]
        for question in LINES
        for answer, shown in HIDDEN.items()
    },
    ("storage_folder", WRITTEN): ["", "a b", "a\tb", "a\n", *UNSAFE.split()],
    ("storage_folder", OUTSIDE): NO_PLACES.split(),
    ("storage_s3", 'Write it as in s3://bucket/folder: not "{}".'): (
        ["", "bucket", "s3://", "gs://bucket/data", "s3://bucket/a b"]
    ),
    ("storage_s3", r'not "s3://bucket/a\n".'): ["s3://bucket/a\n"],
    ("storage_gs", 'Write it as in gs://bucket/folder: not "{}".'): (
        ["", "bucket", "gs://", "s3://bucket/data", "gs://bucket/a#b"]
    ),
    ("storage_gs", r'not "gs://bucket\n".'): ["gs://bucket\n"],
    ("storage_azure", 'Write it as in azure://data/churn: not "{}".'): (
        ["", "azure://", "https://example.com"]
    ),
    ("storage_azure", r'not "azure://data\n".'): ["azure://data\n"],
    ("storage_ssh", 'Write it as in ssh://me@host/folder: not "{}".'): (
        ["", "ssh://", "ssh://server", "user@server:/data", "ssh://a:port/b", "ssh://-oProxy=x/b"]
    ),
    ("storage_ssh", r'not "ssh://a/b\n".'): ["ssh://a/b\n"],
    ("ci", "is not in ['github', 'gitlab', 'none']"): ["jenkins"],
    ("storage", "is not in ['local', 's3', 'gs', 'azure', 'ssh']"): ["ftp"],
    ("licence", "is not in ['MIT', 'BSD-3-Clause', 'Apache-2.0', 'none']"): ["GPL-3.0"],
}
ODD_TEXTS = {
    "quotes": "it's \"quoted\" 'twice' `thrice`",
    "triple quotes": '"""',
    "triple apostrophes": "'''",
    "punctuation of YAML": "key: value, [list], {map}",
    "Jinja": "{{ x }} {% y %} {# z #}",
    "placeholders": "${x} $HOME %(x)s %s",
    "comment": "# not a comment",
    "backslash": "back\\slash \\n \\u0041 \\",
    "HTML": "100 % & <b>bold</b> <script>alert(1)</script> &amp;",
    "scripts of the world": "🛫 émoji 航班延误 تأخر الرحلات",
    "yes": "yes",
    "null": "null",
    "tilde": "~",
    "list": "- a",
    "exponent": "1e3",
    "hexadecimal": "0x1F",
    "date": "2013-07-01",
    "number": "1",
    "marks of YAML": "* | > ! % @ `",
    "spaces around": " a space before, a space after ",
    "option": "--help",
    "path": "../up",
    "80 letters": "a" * 80,
    "80 accents": "é" * 80,
}
DERIVED = {
    "Flight delay": "flight_delay",
    "🛫": "ml_project",
    "航班延误": "ml_project",
    "---": "ml_project",
    "1e3": "e3",
    "json": "ml_json",
    "Class!": "ml_class",
    "con": "ml_con",
    "x": "ml_x",
    "Click": "ml_click",
    "scikit-learn": "ml_scikit_learn",
    "PyYAML!": "ml_pyyaml",
    "Verspätung": "versp_tung",
    "9 lives": "lives",
    "a" * 39 + " b": "a" * 39,
    "a " * 40: "a_" * 19 + "a",
}


@pytest.mark.parametrize(
    ("question", "answer", "problem"),
    [
        (question, answer, problem.replace("{}", answer))
        for (question, problem), answers in WRONG.items()
        for answer in answers
    ],
)
def test_a_wrong_answer_is_refused_with_the_cure(
    answered: Path, tmp_path: Path, question: str, answer: str, problem: str
) -> None:
    folder = tmp_path / "project"

    with pytest.raises(ValueError, match=re.escape(problem)) as refused:
        make(answered, folder, **applies(question), **{question: answer})

    before, mark, shown = str(refused.value).partition(f"'{question}': ")
    assert len(shown) <= 80
    # A terminal shows one line, and cuts it: the cure has to be in it, the rest may not.
    assert "choices" in QUESTIONS[question] or len(before + mark + shown.split(": ")[0]) <= 80
    assert not folder.exists()


def test_an_answer_to_no_question_is_refused(answered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"

    with pytest.raises(ValueError, match='Take out --data "license": no question has that name'):
        make(answered, folder, ci="github", license="none")

    assert not folder.exists()


@pytest.mark.parametrize("question", questions())
def test_no_question_is_taken_for_one_that_is_not_there(question: str) -> None:
    known = (TEMPLATE / "includes/checks.jinja").read_text("utf-8").partition("macro unknown")[2]

    # Nobody answers what is worked out.
    assert f"'{question}'" in known or question in (
        "storage_url",
        "title",
        "authors",
        "description",
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("package_name", "a"),
        ("package_name", "a" * 40),
        ("package_name", "a1__b2"),
        ("user_email", "first.last+data@mail-server.example.co.uk"),
        ("user_email", "o'brien@example.ie"),
        ("user_email", "_@1.example.com"),
        ("storage_folder", "/srv/data"),
        ("storage_folder", "../../data/"),
        ("storage_folder", "../git/dvc"),
        ("storage_s3", "s3://bucket.with.dots"),
        ("storage_gs", "gs://bucket_1/a/b"),
        ("storage_azure", "azure://container/a"),
        ("storage_ssh", "ssh://server/data"),
        ("storage_ssh", "ssh://user@server:2222/data"),
    ],
)
def test_an_unusual_answer_is_taken(
    answered: Path, tmp_path: Path, question: str, answer: str
) -> None:
    make(answered, tmp_path, **applies(question), **{question: answer})

    assert parse(tmp_path / ".copier-answers.yml")[question] == answer


def test_an_odd_text_leaves_all_files_valid(odd: Path) -> None:
    assert [parse(odd / name) for name in files(odd)]


def test_an_odd_text_arrives_as_it_is(odd: Path, text: str) -> None:
    written = parse(odd / "pyproject.toml")

    assert written["tool"]["keel"]["title"] == text
    assert written["project"]["description"] == text
    assert written["project"]["authors"][0]["name"] == text
    assert f"Copyright (c) {text.strip()}\n" in parse(odd / "LICENSE")
    assert parse(odd / "README.md").startswith(f"# {text.strip()}\n")


def test_an_odd_text_is_remembered_as_it_is(odd: Path, text: str) -> None:
    answers = parse(odd / ".copier-answers.yml")

    assert {name: answers[name] for name in LINES} == dict.fromkeys(LINES, text)


@pytest.mark.parametrize("empty", EMPTY)
def test_without_names_there_are_those_of_the_worked_example(
    answered: Path, tmp_path: Path, empty: str
) -> None:
    make(answered, tmp_path, project_name=empty, package_name="late", user_name=empty)

    written = parse(tmp_path / "pyproject.toml")
    assert written["tool"]["keel"]["title"] == "Flight delay"
    assert written["project"]["authors"] == [{"name": "The project's authors"}]


@pytest.mark.parametrize("purpose", EMPTY)
def test_without_a_purpose_there_is_that_of_the_worked_example(
    answered: Path, tmp_path: Path, purpose: str
) -> None:
    make(answered, tmp_path, purpose=purpose)

    description = parse(tmp_path / "pyproject.toml")["project"]["description"]
    assert description.startswith("Predicts two hours before departure which flights")


def test_a_purpose_may_have_300_characters(answered: Path, tmp_path: Path) -> None:
    purpose = "ab c: " * 50

    make(answered, tmp_path, purpose=purpose)

    assert parse(tmp_path / "pyproject.toml")["project"]["description"] == purpose
    assert parse(tmp_path / ".copier-answers.yml")["purpose"] == purpose


def test_a_package_with_odd_texts_can_be_built(tmp_path: Path) -> None:
    odd = "é🛫 \"'\\ {{ x }} ${x} # % <b>& : - null"
    folder = render(tmp_path / "project", **dict.fromkeys(LINES, odd))

    must(folder, "uv", "build", "--quiet", "--wheel", "--out-dir", "built")

    assert list((folder / "built").glob("*.whl"))


@pytest.mark.parametrize(("name", "package"), DERIVED.items())
def test_a_package_name_follows_from_any_project_name(
    answered: Path, tmp_path: Path, name: str, package: str
) -> None:
    make(answered, tmp_path, project_name=name)

    assert parse(tmp_path / ".copier-answers.yml")["package_name"] == package


def test_an_update_can_not_change_the_package_name(made: Path) -> None:
    before = state(made)

    with pytest.raises(ValueError, match='Keep "flight_delay": a change'):
        update(made, package_name="train_delay")

    assert state(made) == before


def test_a_package_name_that_is_taken_by_now_is_kept(made: Path) -> None:
    """Keel may need a library tomorrow that has the name of a project of today."""
    answers = made / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("flight_delay", "torch"))
    commit(made, "As if it was made before")

    update(made, ci="none")

    assert parse(answers)["package_name"] == "torch"


def test_an_update_changes_the_other_answers(made: Path) -> None:
    update(made, ci="none", project_name="Train delay", storage="s3")

    assert not (made / ".github").exists()
    assert parse(made / "pyproject.toml")["tool"]["keel"]["title"] == "Train delay"
    assert "s3://flight-delay/data" in (made / ".dvc/config").read_text()


def test_an_update_keeps_odd_texts(small_release: Path, tmp_path: Path) -> None:
    odd = {"project_name": "{{ x }}", "user_name": "yes", "purpose": " é: # "}
    make(small_release, tmp_path, **odd)
    commit(tmp_path, "A project")

    update(tmp_path)

    assert must(tmp_path, "git", "status", "--porcelain") == ""


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions, and only the files that have an answer in them: quick to render."""
    folder = tmp_path_factory.mktemp("answered") / "template"
    shutil.copytree(TEMPLATE / "includes", folder / "includes")
    for path in [TEMPLATE / "copier.yml", *(TEMPLATE / "template").rglob("*.jinja")]:
        name = path.relative_to(TEMPLATE)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope="module", params=ODD_TEXTS.values(), ids=list(ODD_TEXTS))
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def odd(answered: Path, text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What becomes of an odd text in each answer that takes it."""
    folder = tmp_path_factory.mktemp("odd")
    make(answered, folder, **dict.fromkeys(LINES, text))
    return folder


@pytest.fixture(scope="module")
def small_release(answered: Path) -> Path:
    """The same as a repository with a release, so that projects can be updated from it."""
    folder = answered.with_name("release")
    shutil.copytree(answered, folder)
    commit(folder, "A release")
    must(folder, "git", "tag", "v1.0.0")
    return folder


@pytest.fixture
def made(small_release: Path, tmp_path: Path) -> Path:
    """A project made from a release, and committed."""
    make(small_release, tmp_path)
    commit(tmp_path, "A project")
    return tmp_path


def make(template: Path, folder: Path, **answers: str) -> None:
    run_copy(str(template), folder, answers, defaults=True, quiet=True)


def update(folder: Path, **answers: str) -> None:
    run_update(folder, answers, defaults=True, overwrite=True, quiet=True)


def state(folder: Path) -> dict[Path, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder) if name.parts[0] != ".git"}


def applies(question: str) -> dict[str, Any]:
    """The answer that a question is asked after, if there is one."""
    _, _, storage = question.partition("storage_")
    return {"storage": storage.replace("folder", "local")} if storage else {}
