"""Numbers out of an HDF5 file somebody else may have written: looked at before they are read, and nothing else opened.

HDF5 can name other files, load filters, and claim sizes its few bytes do not hold; none of that is followed.
"""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.feature_file import EXTRACT_AGAIN
from prognosis.errors import InputError

_UNREADABLE = (OSError, RuntimeError, ValueError, TypeError, KeyError)


class NumbersFile:
    """An open HDF5 file whose top level holds datasets and nothing else.

    Args:
        path: For messages.
        file: Open for reading.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._path = path
        self._file = file

    def require_names(self, needed: Set[str]) -> None:
        """Refuse a file that holds less or more.

        Raises:
            InputError: A dataset is missing, or something else is there.
        """
        found = set(self._file) if len(self._file) <= 2 * len(needed) else None
        if found != needed:
            raise self.damaged(f"it should hold {', '.join(sorted(needed))} and nothing else")

    def text(self, name: str, largest_bytes: int) -> bytes:
        """Read a dataset that is one text.

        Raises:
            InputError: It is something else, or longer.
        """
        dataset = self._plain_dataset(name)
        if dataset.dtype.kind != "S" or dataset.shape != () or not dataset.dtype.itemsize <= largest_bytes:
            raise self.damaged(f"'{name}' should be one text of at most {largest_bytes} bytes")
        self._require_whole(dataset, name)
        return bytes(dataset[()])

    def numbers(
        self, name: str, kind: str, shape: tuple[int, ...], *, chunks: tuple[int, ...] | None = None
    ) -> NDArray[Any]:
        """Read a dataset of numbers.

        Args:
            kind: Of its numbers, such as '<f4'.
            shape: What it must have.
            chunks: How it must be cut; None for one piece.

        Raises:
            InputError: It is something else, or parts of it are missing.
        """
        dataset = self._plain_dataset(name)
        wanted = np.dtype(kind)
        if dataset.dtype != wanted or dataset.shape != shape or dataset.chunks != chunks:
            raise self.damaged(
                f"'{name}' should be {' x '.join(map(str, shape))} numbers of the kind {wanted}, "
                f"got {' x '.join(map(str, dataset.shape or ()))} of the kind {dataset.dtype}"
            )
        self._require_whole(dataset, name)
        values: NDArray[Any] = dataset[()]
        return values

    def damaged(self, why: str) -> InputError:
        """An error about this file."""
        return _damaged(self._path, why)

    def _plain_dataset(self, name: str) -> h5py.Dataset:
        """A dataset whose numbers lie in this file and are packed by nothing but gzip."""
        if not isinstance(self._file.get(name, getlink=True), h5py.HardLink):
            raise self.damaged(f"'{name}' is a link")
        dataset = self._file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise self.damaged(f"'{name}' is no dataset")
        how = dataset.id.get_create_plist()
        filters = {how.get_filter(number)[0] for number in range(how.get_nfilters())}
        if dataset.is_virtual or dataset.external or not filters <= {h5py.h5z.FILTER_DEFLATE}:
            raise self.damaged(f"'{name}' lies in other files or is packed in an unknown way")
        return dataset

    def _require_whole(self, dataset: h5py.Dataset, name: str) -> None:
        """Refuse a dataset that holds less than its shape claims, before memory is taken for it."""
        if dataset.chunks is None:
            whole = dataset.id.get_storage_size() == dataset.nbytes
        else:
            whole = dataset.id.get_num_chunks() == -(-dataset.shape[0] // dataset.chunks[0])
        if not whole:
            raise self.damaged(f"'{name}' is not all there")


@contextmanager
def numbers_file(path: Path) -> Iterator[NumbersFile]:
    """Open an HDF5 file to read datasets of its top level.

    Raises:
        InputError: It is missing, no HDF5 file, or damaged.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file.", remedy="Check the path.")
    try:
        with h5py.File(path, "r") as file:
            yield NumbersFile(path, file)
    except _UNREADABLE as error:
        raise _damaged(path, "it is cut short, altered or no HDF5 file") from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} cannot be used as a table of features: {why}.", remedy=EXTRACT_AGAIN)
