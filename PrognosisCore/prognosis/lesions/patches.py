"""The square of CT around a lesion that the network sees."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.placing import PlacedMask
from prognosis.imaging.volume import Volume

_AIR_HU = -1024.0
_SMALLEST_SIDE_PIXELS = 2
_SMALLEST_INSIDE_FRACTION = 0.5


@dataclass(frozen=True)
class PatchOptions:
    """How patches are cut.

    Args:
        size: Pixels along each side of a patch (paper: 72).
        hu_low: Lower end of the Hounsfield window, mapped to -1 (our assumption).
        hu_high: Upper end, mapped to +1 (our assumption).
    """

    size: int = 72
    hu_low: float = -500.0
    hu_high: float = 400.0

    def __post_init__(self) -> None:
        whole = isinstance(self.size, int) and 8 <= self.size <= 512 and self.size % 4 == 0
        if not whole or not -math.inf < self.hu_low < self.hu_high < math.inf:
            msg = f"a patch needs a size of 8 to 512 in steps of 4 and hu_low < hu_high, got {self}"
            raise ValueError(msg)


@dataclass(frozen=True)
class PatchSquare:
    """Where a patch lies on its axial slice: centre and half side in mm from the corner of voxel (0, 0)."""

    slice_index: int
    centre_mm: tuple[float, float]
    half_side_mm: float
    longest_side_pixels: int
    inside_fraction: float

    @property
    def invalid_because(self) -> str | None:
        """Why no patch of this square can be scored; None when it can."""
        if self.longest_side_pixels < _SMALLEST_SIDE_PIXELS:
            return "a single voxel in-plane"
        if self.inside_fraction < _SMALLEST_INSIDE_FRACTION:
            return "more than half of its patch lies outside the image"
        return None


def find_square(placed: PlacedMask, geometry: Geometry) -> PatchSquare:
    """The square of side 2d on the axial slice where the lesion's area is largest (the lowest of equals).

    d is the longest side of the lesion's in-plane bounding box on that slice, in mm.

    Args:
        placed: The lesion on the image's lattice; not empty.
        geometry: The image's lattice, in nearest-LPS orientation.
    """
    k = int(placed.mask.sum(axis=(1, 2)).argmax())
    area = placed.mask[k]
    columns, rows = np.flatnonzero(area.any(axis=0)), np.flatnonzero(area.any(axis=1))
    low = np.array([columns[0] + placed.start[0], rows[0] + placed.start[1]], float)
    high = np.array([columns[-1] + placed.start[0], rows[-1] + placed.start[1]], float) + 1.0
    spacing = np.asarray(geometry.spacing[:2])
    centre, half = (low + high) / 2 * spacing, float(((high - low) * spacing).max())
    extent = np.asarray(geometry.size[:2]) * spacing
    overlap = np.clip(np.minimum(centre + half, extent) - np.maximum(centre - half, 0.0), 0.0, None)
    return PatchSquare(
        slice_index=placed.start[2] + k,
        centre_mm=(float(centre[0]), float(centre[1])),
        half_side_mm=half,
        longest_side_pixels=int((high - low).max()),
        inside_fraction=float(np.prod(overlap / (2 * half))),
    )


def cut_patch(
    image: Volume, square: PatchSquare, options: PatchOptions, *, context: float = 1.0
) -> NDArray[np.float32]:
    """Cut and resize the square, filtered against aliasing; beyond the image lies air.

    Args:
        image: A CT in Hounsfield units, in nearest-LPS orientation.
        square: From `find_square`.
        options: Size and window.
        context: The side is this many times 2d, with as many more pixels; training cuts more to shift and turn in.

    Returns:
        (n, n) values from -1 to 1, rows towards posterior, columns towards the patient's left.
    """
    spacing = np.asarray(image.geometry.spacing[:2])
    centre, half = np.asarray(square.centre_mm) / spacing, square.half_side_mm * context / spacing
    low, high = centre - half, centre + half
    first, last = np.floor(low).astype(int), np.ceil(high).astype(int)
    inner_first = np.clip(first, 0, image.geometry.size[:2])
    inner_last = np.clip(last, inner_first, image.geometry.size[:2])
    region = np.full((last[1] - first[1], last[0] - first[0]), _AIR_HU, np.float32)
    region[
        inner_first[1] - first[1] : inner_last[1] - first[1], inner_first[0] - first[0] : inner_last[0] - first[0]
    ] = image.array[square.slice_index, inner_first[1] : inner_last[1], inner_first[0] : inner_last[0]]
    clipped = np.clip(region, options.hu_low, options.hu_high)
    scaled = (clipped - options.hu_low) * (2.0 / (options.hu_high - options.hu_low)) - 1.0
    pixels = round(options.size * context)
    resized = Image.fromarray(scaled).resize(
        (pixels, pixels), Image.Resampling.BILINEAR, box=(*(low - first), *(high - first))
    )
    return np.asarray(resized, np.float32)
