"""The label map that shows each lesion in the colour of its risk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import place_on


@dataclass(frozen=True)
class PaintedLabels:
    """A label map on an image's lattice.

    Args:
        array: uint16 [k, j, i]; 0 is background, else a lesion's label.
        covered: Label of a lesion -> label of the one painted over a part of it.
    """

    array: NDArray[np.uint16]
    covered: dict[int, int]


def paint(lesions: Sequence[LesionMask], risks: Sequence[float | None], geometry: Geometry) -> PaintedLabels:
    """Paint lesions by increasing risk, those not scored first: where two overlap the higher risk shows."""
    array = np.zeros(geometry.shape, np.uint16)
    covered: dict[int, int] = {}
    order = sorted(range(len(lesions)), key=lambda n: (risks[n] is not None, risks[n] or 0.0, -lesions[n].label))
    for lesion in (lesions[n] for n in order):
        placed = place_on(lesion, geometry)
        box = array[placed.slices]
        covered |= {int(below): lesion.label for below in np.unique(box[placed.mask]) if below}
        box[placed.mask] = lesion.label
    return PaintedLabels(array, covered)
