"""Where a project's library comes from: the template's place and version, however it was typed."""

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from plumbum import local
from rendering import TEMPLATE, commit, must
from updates import NEXT, copy, write

HOST = "git.example.com"
URLS = {  # as it is typed, as Git is asked, and as it is written down
    "gh:org/keel": ("https://github.com/org/keel", "gh:org/keel"),
    "gl:org/keel": ("https://gitlab.com/org/keel", "gl:org/keel"),
    "https://github.com/org/keel": ("https://github.com/org/keel", "https://github.com/org/keel"),
    "https://git.example.com/org/keel.git": (
        "https://git.example.com/org/keel.git",
        "https://git.example.com/org/keel.git",
    ),
    "https://me:secret@git.example.com/org/keel.git": (
        "https://git.example.com/org/keel.git",
        "https://git.example.com/org/keel.git",
    ),
    "git+https://secret@git.example.com/org/keel": (
        "https://git.example.com/org/keel",
        "git+https://git.example.com/org/keel",
    ),
    "git@git.example.com:org/keel.git": (
        "ssh://git@git.example.com/org/keel.git",
        "git@git.example.com:org/keel.git",
    ),
    "git+ssh://git@git.example.com/org/keel.git": (
        "ssh://git@git.example.com/org/keel.git",
        "git+ssh://git@git.example.com/org/keel.git",
    ),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template with this one's source and answers, and a release."""
    folder = tmp_path_factory.mktemp("small") / "org" / "keel"
    shutil.copytree(TEMPLATE / "includes", folder / "includes")
    answers = "template/{{_copier_conf.answers_file}}.jinja"
    write(
        folder,
        {
            "copier.yml": """\
                _subdirectory: template
                _envops: {undefined: jinja2.StrictUndefined}
                keel_source: {type: str, when: false, default: ""}
            """,
            "template/pyproject.toml.jinja": "{% include 'includes/source.jinja' %}\n\n[more]\n",
            answers: (TEMPLATE / answers).read_bytes(),
        },
    )
    commit(folder, "Release 0.4.0")
    must(folder, "git", "tag", "v0.4.0")
    return folder


@pytest.fixture
def own(template: Path, tmp_path: Path) -> Path:
    """A copy of the template, to change."""
    return Path(shutil.copytree(template, tmp_path / "keel"))


def source(
    place: str | Path, folder: Path, ref: str | None = None, **data: str
) -> tuple[dict[str, Any], str]:
    """What `[tool.uv.sources]` has of a project, and the place that its answers name."""
    run_copy(str(place), folder, data, vcs_ref=ref, defaults=True, quiet=True)
    content = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text("utf-8"))
    return content["tool"]["uv"]["sources"]["keel-ml"], answers["_src_path"]


@pytest.mark.parametrize("typed", URLS)
def test_a_url_is_written_as_git_knows_it_and_without_a_secret(
    template: Path, tmp_path: Path, typed: str
) -> None:
    with hosted(template, tmp_path):
        keel, place = source(typed, tmp_path / "project")

    url, written = URLS[typed]
    assert keel == {"git": url, "tag": "v0.4.0"}
    assert place == written


@contextmanager
def hosted(template: Path, folder: Path) -> Iterator[None]:
    """Git takes the hosts of all URLs from the folder that the template's organisation is in."""
    (folder / "org").mkdir()
    for name in ("keel", "keel.git"):
        (folder / "org" / name).symlink_to(template)
    hosts = [f"https://{host}/" for host in ("github.com", "gitlab.com", HOST)]
    secret = [f"https://me:secret@{HOST}/", f"https://secret@{HOST}/"]
    ssh = [f"git@{HOST}:", f"ssh://git@{HOST}/"]
    lines = "".join(f"\tinsteadOf = {start}\n" for start in (*hosts, *secret, *ssh))
    config = folder / "gitconfig"
    config.write_text(f'[url "file://{folder}/"]\n{lines}')
    with local.env(GIT_CONFIG_GLOBAL=str(config), COPIER_CACHE_DIR=str(folder / "cache")):
        yield


def test_a_path_becomes_the_url_of_a_repository(template: Path, tmp_path: Path) -> None:
    keel, place = source(template, tmp_path / "project")

    assert keel == {"git": f"file://{template}", "tag": "v0.4.0"}
    assert place == str(template)


def test_a_path_with_a_space_becomes_a_url_too(template: Path, tmp_path: Path) -> None:
    spaced = shutil.copytree(template, tmp_path / "my keel")

    keel, _ = source(spaced, tmp_path / "project")

    assert keel == {"git": f"file://{tmp_path}/my%20keel", "tag": "v0.4.0"}


@pytest.mark.parametrize("typed", ["./keel", "keel", "project/../keel", "~/keel"])
def test_a_path_that_starts_here_is_written_from_the_root(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(own.parent)
    monkeypatch.setenv("HOME", str(own.parent))
    (own.parent / "project").mkdir()

    keel, place = source(typed, tmp_path / "project")

    assert keel == {"git": f"file://{own}", "tag": "v0.4.0"}
    assert place == str(own)


def test_a_commit_between_releases_is_named_whole(own: Path, tmp_path: Path) -> None:
    must(own, "git", "commit", "--quiet", "--allow-empty", "--message", "Between")
    head = must(own, "git", "rev-parse", "HEAD").strip()

    keel, _ = source(own, tmp_path / "project", ref="HEAD")

    assert keel == {"git": f"file://{own}", "rev": head}


def test_changes_without_a_commit_are_taken_from_the_folder(own: Path, tmp_path: Path) -> None:
    (own / "new.txt").write_text("New.\n")

    keel, _ = source(own, tmp_path / "project", ref="HEAD")

    assert keel == {"path": str(own), "editable": True}


def test_a_folder_without_git_is_a_path(own: Path, tmp_path: Path) -> None:
    shutil.rmtree(own / ".git")

    keel, place = source(own, tmp_path / "project")

    assert keel == {"path": str(own)}
    assert place == str(own)


def test_a_checkout_can_be_named_and_the_template_is_remembered(own: Path, tmp_path: Path) -> None:
    keel, _ = source(own, tmp_path / "project", keel_source=str(TEMPLATE))

    assert keel == {"path": str(TEMPLATE), "editable": True}
    text = (tmp_path / "project/pyproject.toml").read_text("utf-8")
    assert f'\n# git = "file://{own}"\n# tag = "v0.4.0"\n' in text
    assert "keel_source" not in (tmp_path / "project/.copier-answers.yml").read_text("utf-8")


def test_uv_locks_the_commit_of_the_release(clone: Path, tmp_path: Path) -> None:
    project = copy(clone, NEXT, tmp_path / "project")

    must(project, "uv", "lock", "--quiet")

    head = must(clone, "git", "rev-parse", NEXT).strip()
    assert f"file://{clone}?tag={NEXT}#{head}" in (project / "uv.lock").read_text("utf-8")
