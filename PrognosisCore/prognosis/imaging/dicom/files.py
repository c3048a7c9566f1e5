"""The DICOM files of a folder: every one is read, refused by name, or counted."""

import os
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from prognosis.errors import InputError
from prognosis.imaging.dicom.values import UNREADABLE, text

_DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
_MARK_END = 132
# Behind the mark stands a tag of 12 bytes with the length of what follows up to the dataset.
_META_START = _MARK_END + 12
_RESOURCE_FORK = "._"
_INFLATED_BYTES_AT_MOST = 1 << 28
_CHUNK_BYTES = 1 << 22
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
            _check_inflated_size(path)
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
    """Read the headers of all DICOM files in a folder and its subfolders, links followed.

    Hidden folders are passed over, and hidden files that are not DICOM.

    Raises:
        InputError: The folder is missing or cannot be listed, or a file that belongs to it is empty, overwritten,
            damaged, or a link to nowhere.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist.", remedy="Check the path.")
    found: list[DicomFile] = []
    zeroed: list[Path] = []
    others = 0
    for path in files_below(folder, _refuse_to_go_on):
        start = _start_of(path)
        if _is_meant_as_dicom(path, start):
            header = read_dicom_header(path)
            if not text(header, "SOPClassUID") and "DirectoryRecordSequence" not in header:
                raise _damaged(path)
            found.append(DicomFile(path, header))
        elif not path.name.startswith("."):
            others += 1
            if start is not None and not start.strip(b"\0") and _is_unnamed_kind(path):
                zeroed.append(path)
    if found and zeroed:
        raise InputError(
            f"{zeroed[0]} lies among DICOM files but begins with zeros: it was overwritten or is no DICOM file.",
            remedy="Copy it again from its source, or take it out of the folder.",
        )
    return FoundFiles(tuple(found), others)


def is_meant_as_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its mark, or by its name.

    Raises:
        InputError: It should be, but is empty, cannot be read, or is a link to nowhere.
    """
    return _is_meant_as_dicom(path, _start_of(path))


def files_below(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """All files of a folder and its subfolders, in order, links followed; hidden folders are passed over.

    Args:
        folder: Where to look. A folder that links lead to twice is walked once.
        on_error: Told of folders that cannot be listed, which are then passed over.
    """
    walked: set[tuple[int, int]] = set()

    def is_new(parent: Path) -> bool:
        try:
            status = parent.stat()
        except OSError as error:
            on_error(error)
            return False
        identity = status.st_dev, status.st_ino
        known = identity in walked
        walked.add(identity)
        return not known

    is_new(folder)
    for parent, folders, names in os.walk(folder, onerror=on_error, followlinks=True):
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and is_new(Path(parent, name))]
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith(_RESOURCE_FORK))


def _refuse_to_go_on(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be listed: {error.strerror}.", remedy="Check its permissions.")


def _start_of(path: Path) -> bytes | None:
    """The first bytes of a file, None for a pipe, a device, or a link to nowhere whose name is not that of DICOM."""
    try:
        if path.is_file():
            with path.open("rb") as stream:
                return stream.read(_MARK_END)
        leads_nowhere = path.is_symlink() and not path.exists()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions.") from error
    if leads_nowhere and (_has_dicom_suffix(path) or _is_unnamed_kind(path)):
        raise InputError(f"{path} is a link to a file that is not there.", remedy="Fetch or copy the file itself.")
    return None


def _is_meant_as_dicom(path: Path, start: bytes | None) -> bool:
    """Decide by the DICOM mark, then by the name; an empty or cut file of a series must not pass as 'other'."""
    if start is None:
        return False
    if start[128:] == b"DICM":
        return True
    if not start and (_has_dicom_suffix(path) or _is_unnamed_kind(path)):
        raise InputError(f"{path} is empty (0 bytes).", remedy="Copy it again from its source.")
    return _has_dicom_suffix(path) or (_is_unnamed_kind(path) and start[:2] in _BARE_DATASET_STARTS)


def _has_dicom_suffix(path: Path) -> bool:
    return path.suffix.lower() in _DICOM_SUFFIXES


def _is_unnamed_kind(path: Path) -> bool:
    """Whether a name leaves open what the file is, as 'IM0001' and '1.2.840.113619.2' do."""
    return not path.name.startswith(".") and (path.suffix == "" or path.suffix[1:].isdigit())


def _check_inflated_size(path: Path) -> None:
    """A deflated file is inflated as a whole by pydicom, even to read its header."""
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = 0
    with path.open("rb") as stream:
        stream.seek(_META_START + int(meta.get("FileMetaInformationGroupLength")))
        while not inflater.eof and (rest := inflater.unconsumed_tail or stream.read(_CHUNK_BYTES)):
            inflated += len(inflater.decompress(rest, _CHUNK_BYTES))
            if inflated > _INFLATED_BYTES_AT_MOST:
                raise InputError(
                    f"{path} inflates to more than {_INFLATED_BYTES_AT_MOST:,} bytes.",
                    remedy="It is damaged, or export it uncompressed (Explicit VR Little Endian).",
                )


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is a damaged or truncated DICOM file.", remedy="Copy it again from its source.")
