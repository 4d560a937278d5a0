"""Pages of the docs, and somebody who follows them word by word."""

import re
from pathlib import Path

from rendering import TEMPLATE, run

DOCS = TEMPLATE / "docs"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d.,:]*")
# What is another one each time: a time of day, how long something took, how fast it was.
VARIES = re.compile(r"\d\d:\d\d:\d\d|(?<=seconds=)[\d.]+|[\d.]+(?= s\b)|[\d,]+(?= rows a second)")


def read(page: Path) -> str:
    return page.read_text("utf-8")


class Reader:
    """Somebody who does what a page says, block by block, and looks at what comes out.

    `bash` is typed in, and has to succeed. `text` is what it printed, or some lines of it: …
    stands for anything, and a number may be off by as much as platforms are. A block with a title
    belongs into that file: a `diff` changes some lines, all others are written at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.printed: list[str] = []  # by each block

    def follow(self, page: Path) -> None:
        for language, file, content in BLOCK.findall(read(page)):
            if language == "bash":
                self._type(content)
            elif language == "text":
                self._compare(content)
            elif language == "diff":
                self._change(self._folder / file, content)
            else:
                self._write(self._folder / file, content)

    def write_files(self, page: Path) -> None:
        """Do only what the page says of files."""
        for _, file, content in BLOCK.findall(read(page)):
            if file:
                self._write(self._folder / file, content)

    def _type(self, commands: str) -> None:
        done = run(self._folder, "bash", "-euc", f"exec 2>&1; export COLUMNS=100\n{commands}\npwd")
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        printed, _, folder = done.stdout.rstrip("\n").rpartition("\n")
        self.printed.append(printed)
        self._folder = Path(folder)

    def _compare(self, expected: str) -> None:
        printed = iter(self.printed[-1].splitlines())
        for line in expected.splitlines():
            found = any(_is_like(line, said.rstrip()) for said in printed)
            assert found, f"{line}\nis not in, or not here in\n{self.printed[-1]}"

    def _change(self, file: Path, diff: str) -> None:
        before, after = (
            "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] in (sign, " "))
            for sign in "-+"
        )
        text = file.read_text("utf-8")
        assert text.count(before) == 1, f"{file} has not once\n{before}"
        file.write_text(text.replace(before, after), "utf-8")

    def _write(self, file: Path, content: str) -> None:
        old = f"{file.read_text('utf-8')}\n\n" if file.exists() else ""
        file.write_text(old + content, "utf-8")


def _is_like(expected: str, printed: str) -> bool:
    """Whether a line is as a page says, but for what varies and for a little in its figures."""
    expected, printed = (VARIES.sub("0", line) for line in (expected, printed))
    texts = (re.escape(text).replace("…", ".*") for text in NUMBER.split(expected))
    found = re.fullmatch(f"({NUMBER.pattern})".join(texts), printed)
    return found is not None and all(map(_is_near, NUMBER.findall(expected), found.groups()))


def _is_near(expected: str, printed: str) -> bool:
    """Whether two figures are the same on another platform: days and counts are, scores nearly."""
    one, other = (figure.rstrip(".,:").replace(",", "") for figure in (expected, printed))
    if one == other or ":" in one:
        return one == other
    off = abs(float(one) - float(other))
    return off <= max(0.05 * float(one), 0.002) if "." in one else off <= 0.02 * float(one)
