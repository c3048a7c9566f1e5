"""One lesion as its own small mask."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry


@dataclass(frozen=True)
class LesionMask:
    """A lesion's voxels in the smallest box that holds them, never an array of the whole image.

    Args:
        label: Integer id in input order, from 1.
        name: Name in the source (segment or ROI name, or 'lesion 3' for label maps).
        mask: Booleans [k, j, i] on `geometry`; at least one is true.
        geometry: The lattice of the box.
        notes: What was found while reading it, in words for the user.
    """

    label: int
    name: str
    mask: NDArray[np.bool_]
    geometry: Geometry
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mask.shape != self.geometry.shape or self.mask.dtype != np.bool_:
            msg = f"mask {self.mask.shape} {self.mask.dtype} does not fit a boolean box of shape {self.geometry.shape}"
            raise ValueError(msg)

    @property
    def volume_mm3(self) -> float:
        return float(np.count_nonzero(self.mask)) * self.geometry.voxel_volume_mm3

    @property
    def centroid(self) -> NDArray[np.float64]:
        """Centre of mass in patient space (LPS, mm)."""
        k, j, i = (axis.mean() for axis in np.nonzero(self.mask))
        return self.geometry.to_patient([i, j, k])

    def with_notes(self, *notes: str) -> "LesionMask":
        return replace(self, notes=(*self.notes, *notes))

    def renumbered(self, label: int) -> "LesionMask":
        return replace(self, label=label)


@dataclass(frozen=True)
class LesionSet:
    """The lesions of one image, in input order, and what their source says of itself.

    Args:
        lesions: May be empty: 'no lesion' is a result, not an error.
        frame_of_reference_uid: DICOM frame of reference of the source where it tells, else None.
        referenced_series_uid: DICOM series the source was drawn on where it tells, else None.
        notes: What was left out or found while reading, in words for the user.
    """

    lesions: tuple[LesionMask, ...]
    frame_of_reference_uid: str | None = None
    referenced_series_uid: str | None = None
    notes: tuple[str, ...] = ()


def cropped_lesion(
    label: int, name: str, mask: NDArray[np.bool_], geometry: Geometry, notes: tuple[str, ...] = ()
) -> LesionMask | None:
    """Cut a mask [k, j, i] on `geometry` to its bounding box; None when it is empty."""
    boxes = ndimage.find_objects(mask.astype(np.uint8, copy=False))
    if not boxes or boxes[0] is None:
        return None
    k, j, i = boxes[0]
    box = geometry.crop((i.start, j.start, k.start), (i.stop - i.start, j.stop - j.start, k.stop - k.start))
    return LesionMask(label, name, np.ascontiguousarray(mask[k, j, i]).astype(bool), box, notes)
