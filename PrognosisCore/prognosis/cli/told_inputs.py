"""How results tell what was read."""

from collections.abc import Mapping
from pathlib import Path

from prognosis.files import sha256_of

_KINDS = (".seg.nrrd", ".nrrd", ".nhdr", ".nii.gz", ".nii", ".mha", ".mhd")
_TOLD_OF_UID = 12


def told_inputs(given: Mapping[str, Path | None], series: Mapping[str, str | None]) -> dict[str, str]:
    """What was read, told apart by content: names of files and folders often hold a patient's name.

    Args:
        given: Name of an input -> file or folder, or None.
        series: Name of an input -> UID of the series that was read of a folder.
    """
    told = {}
    for name, path in sorted(given.items()):
        if path is None:
            continue
        if path.is_file():
            told[name] = f"{_kind(path)}, SHA-256 {sha256_of(path)}"
        else:
            told[name] = f"DICOM series ending in {(series.get(name) or 'unknown')[-_TOLD_OF_UID:]}"
    return told


def _kind(path: Path) -> str:
    """The suffixes that tell a file's format, such as .seg.nrrd."""
    return next((kind for kind in _KINDS if path.name.lower().endswith(kind)), "DICOM object")
