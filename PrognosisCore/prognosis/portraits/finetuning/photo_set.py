"""The photos a generator learns from, as numbers."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.errors import InputError, PrognosisError
from prognosis.portraits.faces.square_photo import read_square_photo
from prognosis.progress import Progress, silent

_COLOURS = 3
_LEAST = 8
_LEAST_HELD_OUT = 16


@dataclass(frozen=True)
class PhotoSet:
    """Square photos of one size.

    Args:
        pixels: RGB, (n, resolution, resolution, 3) uint8, in memory or mapped from a file.
        notes: What a user should know of how they were read, in words.
        unread: (number in the order given, cause) of photos that could not be used.
        phantom: Whether drawn ones are among them.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()
    phantom: bool = False

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def resolution(self) -> int:
        return self.pixels.shape[1]

    @cached_property
    def sha256(self) -> str:
        """Hash of all pixels in their order."""
        known = hashlib.sha256(repr(self.pixels.shape).encode())
        for image in self.pixels:
            known.update(np.ascontiguousarray(image).tobytes())
        return known.hexdigest()

    def images(self, chosen: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """(n, 3, resolution, resolution) in [-1, 1] of those chosen."""
        taken = torch.from_numpy(np.ascontiguousarray(self.pixels[np.asarray(chosen, dtype=np.int64)]))
        return taken.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def split(self, held_out: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of photos to learn from, and of those held out.

        Fewer than 16 of the latter tell nothing: then none is held out.
        """
        order = np.random.default_rng([seed, len(self)]).permutation(len(self))
        count = round(held_out * len(self))
        if count < _LEAST_HELD_OUT or len(self) - count < _LEAST:
            return np.sort(order), np.empty(0, np.int64)
        return np.sort(order[count:]), np.sort(order[:count])


def read_photo_set(
    photos: Sequence[Path], resolution: int, *, packed: Path | None = None, progress: Progress = silent
) -> PhotoSet:
    """Read aligned photos and bring them to one size.

    Photos that cannot be read or are not square are left out and told; the others are used, each once: a photo that
    was learnt from and held out as well would make distances too small.

    Args:
        photos: Files, as `prognosis portraits align` writes them.
        resolution: Pixels a side the generator makes.
        packed: File to keep the pixels in, where memory does not hold them; in memory when None.
        progress: Told after each photo.

    Raises:
        InputError: Fewer than 8 different photos can be used.
    """
    shape = (len(photos), resolution, resolution, _COLOURS)
    pixels = np.empty(shape, np.uint8) if packed is None else np.memmap(packed, np.uint8, "w+", shape=shape)
    unread: list[tuple[int, str]] = []
    seen: set[bytes] = set()
    smaller = twice = 0
    phantom = False
    for number, photo in enumerate(photos, start=1):
        try:
            read = read_square_photo(photo, resolution)
        except PrognosisError as error:
            unread.append((number, error.what.replace(str(photo), "the photo")))
        else:
            pixels[len(seen)] = read.pixels
            known = hashlib.sha256(read.pixels.tobytes()).digest()
            twice += known in seen
            smaller += known not in seen and read.width < resolution
            phantom |= read.phantom
            seen.add(known)
        progress("reading photos", number, len(photos))
    used = len(seen)
    if used < _LEAST:
        raise InputError(
            f"Only {used} of {len(photos)} photos can be used; {_LEAST} different ones are the least.",
            remedy=f"Photo {unread[0][0]}: {unread[0][1]}" if unread else "Give more photos.",
        )
    if packed is not None:
        del pixels
        os.truncate(packed, used * resolution**2 * _COLOURS)
        pixels = _mapped(packed, resolution)
    return PhotoSet(pixels[:used], tuple(_notes(smaller, twice, resolution)), tuple(unread), phantom)


def map_photo_set(packed: Path, resolution: int) -> PhotoSet:
    """The photos another process has read and packed into a file."""
    return PhotoSet(_mapped(packed, resolution))


def _notes(smaller: int, twice: int, resolution: int) -> Iterator[str]:
    if smaller:
        yield f"Photos smaller than {resolution} pixels, which were enlarged: {smaller}."
    if twice:
        yield f"Photos left out because others show the same: {twice}."


def _mapped(packed: Path, resolution: int) -> NDArray[np.uint8]:
    return np.memmap(packed, np.uint8, "r").reshape(-1, resolution, resolution, _COLOURS)
