"""Fitted estimators in text, by skops: loading one runs no code, and equal ones are equal texts."""

import base64
import io
import json
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, TypeAlias

from keel.project.errors import UserError

Content: TypeAlias = list[str]  # a ZIP archive as lines of base64

# What skops leaves to its user, and estimators of scikit-learn are made of: classes that hold
# numbers. The one function checks the input of gradient boosting; `partial` has its arguments.
TRUSTED = frozenset(
    {
        "functools.partial",
        "numpy.dtype",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
    }
)
SCHEMA = "schema.json"
ID = "__id__"  # where skops notes the address of an object, to know it again
LINE = 6_000  # bytes
# ZIP knows no earlier day; the time of writing would make equal models differ.
DAY = (1980, 1, 1, 0, 0, 0)


def check_installed() -> None:
    """Raise UserError if skops is missing, before anything is fitted."""
    if find_spec("skops") is None:
        raise UserError(
            '`uv add "keel-ml[sklearn]"` is needed to save a model of scikit-learn by skops'
        )


def content(estimator: Any, trusted: Iterable[str], place: str) -> Content:
    """An estimator as text. Raises UserError for a type that could not be loaded again."""
    from skops.io import dumps, get_untrusted_types  # type: ignore[import-untyped]  # it has no types

    archive = dumps(estimator)
    strange = sorted(set(get_untrusted_types(data=archive)) - TRUSTED.union(trusted))
    if strange:
        raise UserError(
            f"{place}: `trusted = {strange!r}` in that class lets a model be loaded that has "
            f"{'this type' if len(strange) == 1 else 'these types'}; or take another estimator"
        )
    archive = _without_addresses(archive)
    pieces = (archive[start : start + LINE] for start in range(0, len(archive), LINE))
    return [base64.b64encode(piece).decode() for piece in pieces]


def loaded(content: Content, trusted: Iterable[str]) -> Any:
    """The estimator. Raises ValueError if the text is none, or has a type that is not trusted."""
    check_installed()
    from skops.io import get_untrusted_types, loads

    try:
        archive = b"".join(base64.b64decode(line, validate=True) for line in content)
        known = TRUSTED.union(trusted)
        strange = sorted(set(get_untrusted_types(data=archive)) - known)
        if strange:
            raise ValueError(
                f"a model with {', '.join(strange)}, which `trusted` in the model's class does not "
                "name"
            )
        return loads(archive, trusted=sorted(known))
    except (
        zipfile.BadZipFile,
        LookupError,
        TypeError,
        AttributeError,
        ImportError,
        EOFError,
        OSError,
    ) as error:
        raise ValueError(f"not a saved estimator: {error}") from error


def _without_addresses(archive: bytes) -> bytes:
    """The archive with numbers in place of addresses in memory, and with one time for all files."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        schema = json.loads(old.read(SCHEMA))
        names: dict[str, str] = {}
        _renumber(schema, {}, names)
        for before, after in names.items():
            new.writestr(_member(after), old.read(before))
        new.writestr(_member(SCHEMA), json.dumps(schema))
    return written.getvalue()


def _renumber(node: Any, numbers: dict[int, int], names: dict[str, str]) -> None:
    """Number the objects of a schema, and the files that belong to them, as they come."""
    if isinstance(node, list):
        for part in node:
            _renumber(part, numbers, names)
    if not isinstance(node, dict):
        return
    if isinstance(node.get(ID), int):
        node[ID] = numbers.setdefault(node[ID], len(numbers) + 1)
    if isinstance(file := node.get("file"), str):
        suffix = file.rpartition(".")[2]
        node["file"] = names.setdefault(file, f"{len(names) + 1}.{suffix}")
    for part in node.values():
        _renumber(part, numbers, names)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, DAY)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
