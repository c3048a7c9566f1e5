"""A photo, read as what it shows and nothing else."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.errors import InputError
from prognosis.portraits.faces.photo_colours import to_srgb
from prognosis.portraits.faces.photo_files import DAMAGE, open_picture

MOST_PIXELS = 100_000_000
LEAST_SIDE = 64
PHANTOM_KEY, PHANTOM = "phantom", "portraits"
"""Text of the PNGs this program draws, and what it says."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Photo:
    """A photo as its taker saw it.

    Args:
        pixels: RGB in sRGB, shape (height, width, 3), uint8.
        notes: What had to be done to read it, in words that name neither file nor person.
        phantom: Whether the file says that this program drew it, as `prognosis phantom portraits` does.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    phantom: bool = False

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]


def read_photo(path: Path) -> Photo:
    """Read a photo: turned as its EXIF orientation says, in sRGB, without any metadata.

    Of a file with several pictures the first is taken, transparency is laid on grey, 16-bit greys become 8-bit ones.

    Args:
        path: JPEG, PNG, TIFF, BMP, WebP, GIF, JPEG 2000 or AVIF; HEIC where the package pillow-heif is installed.

    Raises:
        InputError: The file is missing, no photo, truncated or damaged, smaller than 64 or larger than 100 million
            pixels (told from its header, before anything is unpacked), or of a kind that is not read.
    """
    notes: list[str] = []
    with _understood(path, notes), open_picture(path) as picture:
        _require_size(path, picture.size)
        if getattr(picture, "n_frames", 1) > 1:
            notes.append("the file holds several pictures: the first was taken")
        picture.load()
        turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION_TAG, 1))
        upright = to_srgb(picture, path, notes)
        if turn is not None:
            upright = upright.transpose(turn)
            notes.append("turned as its EXIF orientation says")
        return Photo(np.array(upright, dtype=np.uint8), tuple(notes), picture.info.get(PHANTOM_KEY) == PHANTOM)


@contextmanager
def _understood(path: Path, notes: list[str]) -> Iterator[None]:
    """Put what a decoder raises into words, and note that it warned."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            yield
        except Image.DecompressionBombError as error:
            raise _too_large(path) from error
        except PermissionError as error:
            raise InputError(f"{path} may not be read.", remedy="Ask for the right to read it.") from error
        except DAMAGE as error:
            raise InputError(
                f"{path} is truncated or damaged, or no photo.", remedy="Export the photo again, as JPEG or PNG."
            ) from error
    if warned:
        notes.append("parts of the file beside the picture are damaged")


def _require_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _too_large(path)
    if min(width, height) < LEAST_SIDE:
        raise InputError(
            f"{path} has {width} x {height} pixels; a side needs at least {LEAST_SIDE}.",
            remedy="Use the photo in its original size.",
        )


def _too_large(path: Path) -> InputError:
    return InputError(
        f"{path} has more than {MOST_PIXELS // 1_000_000} million pixels and was not unpacked.",
        remedy="Export the photo at a smaller size.",
    )
