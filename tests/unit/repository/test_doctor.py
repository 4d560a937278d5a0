import pytest

from keel.repository.doctor import versions


@pytest.mark.parametrize(
    ("release", "library"),
    [("v0.4.0", "0.4.2"), ("v0.4.0", "0.5.0"), ("v0.5.0-3-gabc1234", "0.4.0"), ("v1.2.0", "1.1.9")],
)
def test_library_and_frame_may_be_a_release_apart(release: str, library: str) -> None:
    (finding,) = versions({"_commit": release}, library)

    assert not finding.cure


@pytest.mark.parametrize(
    ("release", "library", "cure"),
    [
        ("v0.4.0", "0.6.0", "uv run keel update"),
        ("v0.9.0", "1.0.0", "uv run keel update"),
        ("v0.6.0", "0.4.9", "uv lock --upgrade-package keel-ml"),
    ],
)
def test_further_apart_is_told_with_the_cure(release: str, library: str, cure: str) -> None:
    (finding,) = versions({"_commit": release}, library)

    assert finding.what == (
        f"Keel {library}, in a project of {release}: they fit when one release apart"
    )
    assert finding.cure.startswith(cure)


@pytest.mark.parametrize("answers", [{}, {"_commit": "83dc9b7"}])
def test_of_what_is_no_release_nothing_is_said(answers: dict[str, str]) -> None:
    assert list(versions(answers, "0.4.0")) == []
