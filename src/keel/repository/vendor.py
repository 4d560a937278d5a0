"""Keel's wheel in the project, for networks and containers that can't reach its repository."""

import base64
import hashlib
import json
import shutil
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from keel.project.commands import UV, call, must
from keel.project.errors import UserError
from keel.repository import source

FOLDER = "vendor"
# What an installer writes, and a wheel does not have.
INSTALLERS = {
    "INSTALLER",
    "RECORD",
    "REQUESTED",
    "direct_url.json",
    "uv_build.json",
    "uv_cache.json",
}
EPOCH = (1980, 1, 1, 0, 0, 0)  # equal content makes an equal file


def vendor(root: Path) -> Path:
    """Put the wheel of the installed library into `vendor/`, and lock with it.

    Raises UserError if that can't be done; then everything is as it was.
    """
    text = source.read(root)
    source.lines(text)
    before = set((root / FOLDER).glob("*"))
    with TemporaryDirectory(prefix="keel-") as folder:
        wheel = _place(root, _wheel(Path(folder)))
    source.write(root, source.pointed(text, [_line(wheel)]))
    if call(root, UV, "lock", "--quiet"):
        source.write(root, text)
        _remove(root, {wheel} - before)
        raise UserError("uv can't lock with the wheel (see above): nothing has changed")
    _remove(root, _wheels(root) - {wheel})
    return wheel


def undo(root: Path) -> None:
    """Take the library from the template's repository again."""
    text = source.read(root)
    if not source.elsewhere(text):
        raise UserError("Keel comes from its repository already: there is nothing to undo")
    source.write(root, source.pointed_back(text))
    if call(root, UV, "lock", "--quiet"):
        source.write(root, text)
        raise UserError("uv can't lock with Keel's repository (see above): nothing has changed")
    _remove(root, _wheels(root))


def take(root: Path, checkout: Path) -> None:
    """Have the wheel of a checkout instead of the one that the project has."""
    with TemporaryDirectory(prefix="keel-") as folder:
        wheel = _place(root, _built(checkout, Path(folder)))
    source.write(root, source.pointed(source.read(root), [_line(wheel)]))
    _remove(root, _wheels(root) - {wheel})


def _line(wheel: Path) -> str:
    return f'path = "{FOLDER}/{wheel.name}"'


def _built(checkout: Path, folder: Path) -> Path:
    must(checkout, UV, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(checkout))
    return next(folder.glob("keel_ml-*.whl"))


def _place(root: Path, wheel: Path) -> Path:
    """The wheel in the project's folder."""
    (root / FOLDER).mkdir(exist_ok=True)
    beside = root / FOLDER / f".{wheel.name}.part"
    shutil.copyfile(wheel, beside)
    return beside.replace(root / FOLDER / wheel.name)


def _wheels(root: Path) -> set[Path]:
    return set((root / FOLDER).glob("keel_ml-*.whl"))


def _remove(root: Path, wheels: set[Path]) -> None:
    """Remove wheels, and the folder if there is nothing else in it."""
    for wheel in wheels:
        wheel.unlink()
    if (root / FOLDER).is_dir() and not any((root / FOLDER).iterdir()):
        (root / FOLDER).rmdir()


def _wheel(folder: Path) -> Path:
    """The wheel of the library that runs here."""
    try:
        installed = Distribution.from_name("keel-ml")
    except PackageNotFoundError as error:
        raise UserError("uv sync installs keel-ml: it is not in this environment") from error
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):  # its files are in its checkout
        return _built(Path(unquote(urlsplit(origin["url"]).path)), folder)
    return packed(installed, folder)


def packed(installed: Distribution, folder: Path) -> Path:
    """The wheel that an installed distribution came from, made from its files again."""
    wheel = folder / f"keel_ml-{installed.version}-py3-none-any.whl"
    files = sorted(filter(_is_packed, installed.files or []), key=str)
    record = next(path for path in installed.files or [] if path.name == "RECORD")
    rows = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            content = Path(path.locate()).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            rows.append(f"{path.as_posix()},sha256={digest.rstrip('=')},{len(content)}\n")
            _add(archive, path.as_posix(), content)
        rows.append(f"{record.as_posix()},,\n")
        _add(archive, record.as_posix(), "".join(rows).encode())
    return wheel


def _is_packed(path: PackagePath) -> bool:
    return (
        ".." not in path.parts  # the command, which the installer makes
        and path.suffix != ".pyc"
        and not (path.parent.name.endswith(".dist-info") and path.name in INSTALLERS)
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
