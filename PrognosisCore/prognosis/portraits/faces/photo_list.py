"""Which photos are meant by files and folders, in an order that does not change."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prognosis.errors import UsageError
from prognosis.portraits.faces.photo_files import SUFFIXES


def list_photos(given: Sequence[Path], *, leave_out: Path) -> tuple[Path, ...]:
    """List photos: files as they are given, of folders and their subfolders all that are named like photos.

    Hidden files and links to folders are passed over; a photo that is given twice counts once.

    Args:
        given: Files and folders.
        leave_out: A folder in which nothing is looked for: that of the results.

    Returns:
        Photos, those of a folder sorted by path.

    Raises:
        UsageError: One does not exist, or there is no photo.
    """
    photos = tuple(_once(photo for path in given for photo in _photos_of(path, leave_out.resolve())))
    if not photos:
        raise UsageError("There is no photo.", remedy=f"Give files, or folders with files such as {SUFFIXES[0]}.")
    return photos


def _photos_of(path: Path, leave_out: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(_below(path, leave_out))
    elif path.exists():
        if path.resolve().is_relative_to(leave_out):
            raise UsageError(f"{path} lies in the output folder.", remedy="Choose another --output.")
        yield path
    else:
        raise UsageError(f"{path} does not exist.", remedy="Check the path.")


def _below(folder: Path, leave_out: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise UsageError(f"{error.filename} cannot be listed: {error.strerror}.") from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [
            name for name in folders if not name.startswith(".") and Path(parent, name).resolve() != leave_out
        ]
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def _once(photos: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for photo in photos:
        resolved = photo.resolve()
        if resolved not in seen:
            seen.add(resolved)
            yield photo
