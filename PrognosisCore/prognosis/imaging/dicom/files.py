"""The DICOM files of a folder: every one is read, refused by name, or counted."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from prognosis.errors import InputError
from prognosis.imaging.dicom.values import UNREADABLE, text

_DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
_MARK_END = 132
_BARE_DATASET_STARTS = (b"\x02\x00", b"\x08\x00")


@dataclass(frozen=True)
class DicomFile:
    """A DICOM file and its header without pixels."""

    path: Path
    header: Dataset


@dataclass(frozen=True)
class FoundFiles:
    """What a folder holds.

    Args:
        dicom: DICOM files, by path.
        others: Number of files that are not DICOM.
    """

    dicom: tuple[DicomFile, ...]
    others: int


def read_dicom_header(path: Path) -> Dataset:
    """Read a DICOM file up to its pixels.

    Raises:
        InputError: The file is missing, no DICOM file, or damaged.
    """
    return read_dataset(path, stop_before_pixels=True)


def read_dataset(path: Path, **options: object) -> Dataset:
    """Call pydicom's `dcmread`; what it warns of is checked later, where it matters.

    Raises:
        InputError: The file is missing, no DICOM file, or damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pydicom.dcmread(path, **options)
    except InvalidDicomError as error:
        raise InputError(
            f"{path} lacks the DICOM mark at its start: it is damaged or no DICOM file.",
            remedy="Copy it again from its source, or take it out of the folder.",
        ) from error
    except UNREADABLE as error:
        raise _damaged(path) from error


def is_dicom_file(path: Path) -> bool:
    """Whether a file bears the DICOM mark."""
    with path.open("rb") as stream:
        return stream.read(_MARK_END)[128:] == b"DICM"


def find_dicom_files(folder: Path) -> FoundFiles:
    """Read the headers of all DICOM files in a folder and its subfolders; hidden files are passed over.

    Raises:
        InputError: The folder is missing or cannot be listed, or a file that belongs to it is empty or damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist.", remedy="Check the path.")
    found: list[DicomFile] = []
    others = 0
    for path in _visible_files(folder):
        if _is_meant_as_dicom(path):
            header = read_dicom_header(path)
            if not text(header, "SOPClassUID") and "DirectoryRecordSequence" not in header:
                raise _damaged(path)
            found.append(DicomFile(path, header))
        else:
            others += 1
    return FoundFiles(tuple(found), others)


def _visible_files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename} cannot be listed: {error.strerror}.", remedy="Check its permissions.")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _is_meant_as_dicom(path: Path) -> bool:
    """Decide by the DICOM mark, then by the name; an empty or cut file of a series must not pass as 'other'."""
    try:
        with path.open("rb") as stream:
            start = stream.read(_MARK_END)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions.") from error
    if start[128:] == b"DICM":
        return True
    suffix = path.suffix.lower()
    unnamed_kind = suffix == "" or suffix[1:].isdigit()
    if not start and (suffix in _DICOM_SUFFIXES or unnamed_kind):
        raise InputError(f"{path} is empty (0 bytes).", remedy="Copy it again from its source.")
    return suffix in _DICOM_SUFFIXES or (unnamed_kind and start[:2] in _BARE_DATASET_STARTS)


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is a damaged or truncated DICOM file.", remedy="Copy it again from its source.")
