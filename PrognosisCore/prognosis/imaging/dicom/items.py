"""Items of DICOM sequences that must be there, and frames of multi-frame objects."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import iter_pixels
from pydicom.uid import UID

from prognosis.errors import InputError
from prognosis.imaging.dicom.values import UNREADABLE, positive_integer, tag_name


def read_items(dataset: Dataset, keyword: str, path: Path) -> list[Dataset]:
    """Return the items of a sequence that must have at least one.

    Raises:
        InputError: The sequence is missing or empty.
    """
    items = list(dataset.get(keyword) or [])
    if not items:
        raise InputError(f"{path}: {tag_name(keyword)} is missing or empty.", remedy="Export the object again.")
    return items


def decode_frames(dataset: Dataset, frames: Sequence[int], path: Path) -> Iterator[NDArray]:
    """Yield the stored values [row, column] of some frames, one after the other.

    Raises:
        InputError: The pixel data is short, damaged, or compressed in a way no installed decoder reads, or the
            transfer syntax is not told.
    """
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not isinstance(syntax, UID):
        raise InputError(f"{path}: {tag_name('TransferSyntaxUID')} is missing.", remedy="Export the object again.")
    try:
        if dataset.BitsAllocated == 1 and not syntax.is_compressed:
            yield from _unpacked_frames(dataset, frames, path)
        else:
            yield from iter_pixels(dataset, indices=list(frames), raw=True)
    except (*UNREADABLE, RuntimeError, AttributeError) as error:
        raise InputError(
            f"{path}: its pixels ({syntax.name}) cannot be decoded.",
            remedy="Export it again, uncompressed (Explicit VR Little Endian).",
        ) from error


def _unpacked_frames(dataset: Dataset, frames: Sequence[int], path: Path) -> Iterator[NDArray]:
    """Frames of single bits, which begin in the middle of a byte; pydicom's iterator wants them to fill bytes."""
    packed = np.frombuffer(dataset.PixelData, np.uint8)
    rows, columns = positive_integer(dataset, "Rows", path), positive_integer(dataset, "Columns", path)
    bits = rows * columns
    for frame in frames:
        first, shift = divmod(frame * bits, 8)
        needed = packed[first : (frame * bits + bits + 7) // 8]
        yield np.unpackbits(needed, bitorder="little")[shift : shift + bits].reshape(rows, columns)
