"""Readers who outline the same lesions a little differently."""

import numpy as np
from scipy import ndimage

from prognosis.phantoms.lesions.canvas import Mask

_HABIT_VOXELS = 0.7  # SD between lesions of how far outside or inside the edge a reader draws
_WOBBLE_VOXELS = 1.0  # SD along the edge
_WOBBLE_WIDTH_VOXELS = 1.5
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)


def outline(mask: Mask, spacing: tuple[float, float, float], rng: np.random.Generator) -> Mask:
    """Return what a reader draws for a lesion: at most a voxel more, in the plane, and never nothing.

    Args:
        mask: The lesion in a box [k, j, i] with room around it.
        spacing: Of the box, mm.
        rng: The reader's hand.
    """
    step = spacing[0]
    outwards = ndimage.distance_transform_edt(~mask, sampling=spacing[::-1])
    inwards = ndimage.distance_transform_edt(mask, sampling=spacing[::-1])
    wobble = ndimage.gaussian_filter(rng.standard_normal(mask.shape), _WOBBLE_WIDTH_VOXELS)
    wobble *= _WOBBLE_VOXELS / wobble.std()
    edge = step * (rng.normal(scale=_HABIT_VOXELS) + wobble)
    drawn = (outwards - inwards < edge) & (outwards <= 1.01 * step)
    islands, count = ndimage.label(drawn, structure=_EVERY_NEIGHBOUR)
    if count == 0:
        return mask
    return islands == 1 + int(np.argmax(np.bincount(islands.ravel())[1:]))
