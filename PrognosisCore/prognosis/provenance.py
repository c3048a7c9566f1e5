"""Which program, libraries and machine made a result."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from prognosis._version import __version__

_RECORDED = (
    "torch",
    "monai",
    "openvino",
    "numpy",
    "scipy",
    "pandas",
    "SimpleITK",
    "pydicom",
    "highdicom",
    "lifelines",
    "pycox",
    "scikit-learn",
    "pillow",
    "dlib-bin",
)


def versions() -> dict[str, str]:
    """Versions of the program, of Python, and of the libraries that touch its numbers."""
    found = {"prognosis": __version__, "python": platform.python_version()}
    for package in _RECORDED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The present moment in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
