"""Separate islands of one lesion."""

import numpy as np
from scipy import ndimage

from prognosis.imaging.lesion_mask import LesionMask

_TOUCHING = np.ones((3, 3, 3), bool)


def count_islands(lesion: LesionMask) -> int:
    """Return the number of separate parts; voxels that share a face, an edge or a corner belong together."""
    return int(ndimage.label(lesion.mask, _TOUCHING)[1])


def split_into_islands(lesion: LesionMask, min_volume_mm3: float = 0.0) -> tuple[list[LesionMask], int]:
    """Make a lesion of each island.

    Args:
        lesion: Kept as it is, name and all, when it is one island.
        min_volume_mm3: Islands smaller than this are left out.

    Returns:
        The islands, largest first, named '... island 1' and on; and how many were left out.
    """
    islands, count = ndimage.label(lesion.mask, _TOUCHING)
    voxels = np.bincount(islands.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-voxels, kind="stable")
    kept = order[voxels[order] * lesion.geometry.voxel_volume_mm3 >= min_volume_mm3]
    if count == 1:
        return [lesion] * len(kept), 1 - len(kept)
    boxes = ndimage.find_objects(islands)
    parts = []
    for rank, island in enumerate(kept, start=1):
        k, j, i = boxes[island]
        size = (i.stop - i.start, j.stop - j.start, k.stop - k.start)
        box = lesion.geometry.crop((i.start, j.start, k.start), size)
        mask = islands[k, j, i] == island + 1
        parts.append(LesionMask(lesion.label, f"{lesion.name} island {rank}", mask, box, lesion.notes))
    return parts, count - len(kept)
