"""Photos of faces that are aligned already: square, brought to the size that is asked for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.errors import InputError
from prognosis.portraits.faces.photo import read_photo


@dataclass(frozen=True)
class SquarePhoto:
    """An aligned face.

    Args:
        pixels: RGB, shape (side, side, 3).
        width: Pixels a side that its file has.
        phantom: Whether the file says that it was drawn by this program.
        notes: What had to be done to read it.
    """

    pixels: NDArray[np.uint8]
    width: int
    phantom: bool
    notes: tuple[str, ...]


def read_square_photo(path: Path, side: int) -> SquarePhoto:
    """Read a square photo and bring it to `side` pixels.

    Raises:
        InputError: The file is no photo, or not square.
    """
    photo = read_photo(path)
    if photo.width != photo.height:
        raise InputError(
            f"{path} has {photo.width} x {photo.height} pixels; an aligned face is square.",
            remedy="Align the photo first: prognosis portraits align.",
        )
    pixels = photo.pixels
    if photo.width != side:
        pixels = np.array(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))
    return SquarePhoto(pixels, photo.width, photo.phantom, photo.notes)
