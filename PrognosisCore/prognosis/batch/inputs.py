"""What a case is read from, known again by its bytes, or without reading by what the file system says of it."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from prognosis._version import __version__
from prognosis.batch.case import Case
from prognosis.files import sha256_of

_HEADERS = (".nhdr", ".nrrd", ".mhd", ".mha")
_HEADER_BYTES = 1 << 20
_SCANNED_BYTES = 1 << 14
_NAMES_DATA = (b"data file", b"datafile")


def key_of(case: Case, settings: Mapping[str, object]) -> str:
    """A hash of the content of all input files, of the case's and the batch's options, and of the program's version.

    Raises:
        OSError: A file cannot be read.
    """
    contents = {
        role: sorted(sha256_of(file) for file in files_of(path) if file.is_file()) for role, path in case.inputs.items()
    }
    return _digest([contents, dict(case.options), hash_of_settings(settings)])


def hash_of_settings(settings: Mapping[str, object]) -> str:
    """A hash of what all results of a batch depend on: its options and the program's version."""
    return _digest([dict(settings), __version__])


def bulk_of(case: Case, settings: Mapping[str, object]) -> str:
    """A hash of the sizes of all input files instead of their content: another bulk means another key.

    Raises:
        OSError: A file cannot be looked at.
    """
    sizes = {
        role: sorted(file.stat().st_size for file in files_of(path) if file.is_file())
        for role, path in case.inputs.items()
    }
    return _digest([sizes, dict(case.options), hash_of_settings(settings)])


def stamp_of(case: Case, settings: Mapping[str, object]) -> str:
    """A hash of paths, sizes and times instead of the content: the same stamp means the same key, read or not.

    Raises:
        OSError: A folder cannot be listed.
    """
    states = {role: [_state(file) for file in files_of(path)] for role, path in case.inputs.items()}
    return _digest([states, dict(case.options), hash_of_settings(settings)])


def files_of(path: Path) -> tuple[Path, ...]:
    """All files an input is read from: a folder's, in order, or a file with the data files its header names.

    Raises:
        OSError: The folder or header cannot be read.
    """
    if path.is_dir():
        return tuple(_files_below(path))
    return (path, *_data_files(path))


def _files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders, links followed; a folder that links lead to twice is walked once."""

    def refuse(error: OSError) -> None:
        raise error

    walked: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        status = Path(parent).stat()
        identity = status.st_dev, status.st_ino
        if identity in walked:
            folders.clear()
            continue
        walked.add(identity)
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _data_files(path: Path) -> list[Path]:
    """The files beside a detached header that it names; all of them where it counts slices by a pattern."""
    if path.suffix.lower() not in _HEADERS or not path.is_file():
        return []
    with path.open("rb") as stream:
        header = stream.read(_SCANNED_BYTES)
        if not any(mark in header.lower() for mark in _NAMES_DATA):
            return []
        header += stream.read(_HEADER_BYTES - _SCANNED_BYTES)
    fields = [line for line in header.splitlines() if any(mark in line.lower() for mark in _NAMES_DATA)]
    if fields and all(line.upper().endswith(b"LOCAL") for line in fields):
        return []
    beside = sorted(file for file in path.parent.iterdir() if file != path and file.is_file())
    if any(b"%" in line for line in fields):
        return beside
    return [file for file in beside if os.fsencode(file.name) in header]


def _state(file: Path) -> list[object]:
    try:
        status = file.stat()
    except OSError:
        return [str(file.absolute())]
    return [str(file.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()
