"""Finding each lesion of one patient on the image, measuring it, and cutting its patch: all but the network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis.imaging.volume import Volume
from prognosis.lesions.measure import Diameters, measure_diameters
from prognosis.lesions.patches import PatchOptions, PatchSquare, cut_patch, find_square

MOST_LESIONS = 40


@dataclass(frozen=True)
class ExaminedLesion:
    """A lesion with its measures and, where it can be scored, its patch.

    Args:
        lesion: As read.
        placed: On the lattice of the image in nearest-LPS orientation.
        diameters: In-plane diameters.
        square: Where its patch lies; None when no voxel centre of the image falls inside the lesion.
        patch: (n, n) values from -1 to 1; None when not to be scored.
        not_scored_because: In words; None when there is a patch.
    """

    lesion: LesionMask
    placed: PlacedMask
    diameters: Diameters
    square: PatchSquare | None
    patch: NDArray[np.float32] | None
    not_scored_because: str | None


def examine_lesions(
    image: Volume, lesions: Sequence[LesionMask], options: PatchOptions, *, context: float = 1.0
) -> list[ExaminedLesion]:
    """Examine the lesions of one image; the 40 largest get patches.

    Args:
        image: In nearest-LPS orientation.
        lesions: Each at least partly inside the image.
        options: How patches are cut.
        context: How many times wider than 2d patches are cut (training cuts wider).
    """
    by_volume = sorted(lesions, key=lambda lesion: (-lesion.volume_mm3, lesion.label))
    largest = {lesion.label for lesion in by_volume[:MOST_LESIONS]}
    return [_examine(image, lesion, options, context, lesion.label in largest) for lesion in lesions]


def _examine(
    image: Volume, lesion: LesionMask, options: PatchOptions, context: float, among_largest: bool
) -> ExaminedLesion:
    placed = place_on(lesion, image.geometry)
    if not placed.mask.any():
        own = measure_diameters(lesion.mask, lesion.geometry.spacing[:2])
        return ExaminedLesion(lesion, placed, own, None, None, "smaller than the image's voxels")
    square = find_square(placed, image.geometry)
    reason = square.invalid_because
    if reason is None and not among_largest:
        reason = f"smaller than the {MOST_LESIONS} largest lesions"
    return ExaminedLesion(
        lesion=lesion,
        placed=placed,
        diameters=measure_diameters(placed.mask, image.geometry.spacing[:2]),
        square=square,
        patch=cut_patch(image, square, options, context=context) if reason is None else None,
        not_scored_because=reason,
    )
