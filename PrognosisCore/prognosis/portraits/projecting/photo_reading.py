"""Photos as the generator's images are: square, upright, of its size, in [-1, 1]."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.portraits.faces.aligned_files import COVER_MEASURES, MEASURES
from prognosis.portraits.faces.aligner import Aligner
from prognosis.portraits.faces.occlusion import measure_cover
from prognosis.portraits.faces.options import LEAST_SIZE
from prognosis.portraits.faces.photo import read_photo
from prognosis.portraits.faces.quality import cover_flags
from prognosis.portraits.faces.square_photo import read_square_photo
from prognosis.portraits.projecting.latent_files import PhotoRead

NOT_MEASURED = "came aligned: pose and sharpness were not measured"


@dataclass(frozen=True)
class ReadyPhoto:
    """A face to be projected.

    Args:
        pixels: RGB, shape (R, R, 3).
        known: What is known of it.
    """

    pixels: NDArray[np.uint8]
    known: PhotoRead


ReadPhoto = Callable[[Path], ReadyPhoto]


def by_aligning(aligner: Aligner) -> ReadPhoto:
    """Read photos, find their faces and cut one out; the aligner's size is the generator's.

    What it returns raises InputError where there is no such face or no photo.
    """

    def read(path: Path) -> ReadyPhoto:
        photo = read_photo(path)
        aligned = aligner.align(photo)
        face = aligned.faces[0]
        others = (f"{aligned.found} faces found",) if aligned.found > 1 else ()
        known = PhotoRead(
            flags=tuple(flag.value for flag in face.quality.flags),
            notes=(*photo.notes, *others),
            measures={name: getattr(face.quality, name) for name in MEASURES},
        )
        return ReadyPhoto(face.pixels, known)

    return read


def already_aligned(side: int) -> ReadPhoto:
    """Read square pictures of aligned faces, brought to `side` pixels; from 64 pixels up it is told what is covered.

    What it returns raises InputError where a picture is not square or none.
    """

    def read(path: Path) -> ReadyPhoto:
        photo = read_square_photo(path, side)
        enlarged = (f"enlarged from {photo.width} pixels",) if photo.width < side else ()
        notes = (*photo.notes, *enlarged, NOT_MEASURED)
        return ReadyPhoto(
            photo.pixels, _read_cover(photo.pixels, notes) if side >= LEAST_SIZE else PhotoRead((), notes)
        )

    return read


def _read_cover(pixels: NDArray[np.uint8], notes: tuple[str, ...]) -> PhotoRead:
    cover = measure_cover(pixels)
    measures = dict(zip(COVER_MEASURES, (cover.lower, cover.eyes), strict=True))
    return PhotoRead(tuple(flag.value for flag in cover_flags(cover)), notes, measures)


def as_images(pixels: NDArray[np.uint8]) -> Tensor:
    """(n, 3, h, w) in [-1, 1] of RGB (n, h, w, 3)."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2).contiguous()
