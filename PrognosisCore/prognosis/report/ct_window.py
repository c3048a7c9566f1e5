"""The grey scale a CT is shown with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.volume import Volume

_SURROUNDINGS_MM = 5.0
_LUNG_BELOW_HU = -400.0


@dataclass(frozen=True)
class CtWindow:
    """A window in Hounsfield units: `level` is shown mid-grey, `width` spans black to white."""

    name: str
    level: int
    width: int

    def greys(self, values: NDArray) -> NDArray[np.uint8]:
        """Map Hounsfield units to 0 (black) to 255 (white)."""
        shares = (np.asarray(values, np.float32) - (self.level - self.width / 2)) / self.width
        return np.rint(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)

    @property
    def words(self) -> str:
        return f"{self.name} window, level {self.level}, width {self.width} HU"


SOFT_TISSUE = CtWindow("soft tissue", 40, 400)
LUNG = CtWindow("lung", -600, 1500)


def window_around(image: Volume, labels: NDArray[np.uint16], box: tuple[slice, slice, slice]) -> CtWindow:
    """Lung window where the tissue around a lesion is mostly lung, soft tissue window elsewhere.

    Args:
        image: In nearest LPS orientation.
        labels: The painted map [k, j, i] on the image's lattice; painted voxels do not count as surroundings.
        box: The lesion's bounding box [k, j, i].
    """
    margins = [int(np.ceil(_SURROUNDINGS_MM / spacing)) for spacing in image.geometry.spacing[::-1]]
    k, j, i = (slice(max(0, s.start - margin), s.stop + margin) for s, margin in zip(box, margins, strict=True))
    around = image.array[k, j, i][labels[k, j, i] == 0]
    return LUNG if around.size and float(np.median(around)) < _LUNG_BELOW_HU else SOFT_TISSUE
