"""The tumour as radiomic features see it: isotropic voxels, grey levels of fixed width."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.sampling import sample_linearly
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.volume import Volume

_HALF = 0.5 - 1e-6
_MOST_LEVELS = 4096


@dataclass(frozen=True)
class RoiOptions:
    """How a tumour is prepared; the values for CT are those of configuration C of IBSI's reference patient.

    Args:
        spacing_mm: Isotropic voxels.
        lowest: Values from here on; grey level 1 begins here, so that a level means the same in all patients.
        highest: Voxels outside lowest ... highest are left out of all but shape; None lets all in and takes values
            below `lowest` for `lowest`.
        bin_width: Of a grey level.
        whole_numbers: Whether interpolated values are rounded, as HU are whole.
    """

    spacing_mm: float
    lowest: float
    highest: float | None
    bin_width: float
    whole_numbers: bool

    def __post_init__(self) -> None:
        if self.spacing_mm <= 0 or self.bin_width <= 0 or (self.highest is not None and self.highest <= self.lowest):
            msg = f"needs spacing_mm and bin_width > 0 and highest > lowest, got {self}"
            raise ValueError(msg)


DEFAULT_ROI = {
    Modality.CT: RoiOptions(spacing_mm=2.0, lowest=-1000.0, highest=400.0, bin_width=25.0, whole_numbers=True),
    Modality.PET: RoiOptions(spacing_mm=2.0, lowest=0.0, highest=None, bin_width=0.25, whole_numbers=False),
}
"""CT: IBSI's configuration C. PET: SUV from 0 in steps of 0.25."""


@dataclass(frozen=True)
class Roi:
    """A tumour ready to be measured.

    Args:
        values: (k, j, i) values, HU or SUV.
        levels: Same shape, grey levels from 1, 0 where no intensity counts.
        mask: Same shape, the tumour's shape.
        spacing_mm: Of its isotropic voxels.
    """

    values: NDArray[np.float32]
    levels: NDArray[np.int32]
    mask: NDArray[np.bool_]
    spacing_mm: float

    @property
    def counted(self) -> NDArray[np.float64]:
        """The values that count."""
        return self.values[self.levels > 0].astype(float)

    @property
    def counted_levels(self) -> NDArray[np.int32]:
        return self.levels[self.levels > 0]


def prepare_roi(image: Volume, tumour: LesionMask, options: RoiOptions) -> Roi:
    """Bring a tumour to isotropic voxels along the image's axes and to grey levels.

    Image and contour are interpolated linearly, the contour cut at one half (IBSI's chapter 2). The new lattice shares
    its centre with the image's.

    Raises:
        InputError: The values span more than 4096 grey levels: they are in other units than HU or SUV.
    """
    box = _isotropic_box(image.geometry, tumour, options.spacing_mm)
    sampled = sample_linearly(image, box, beyond=float(image.array.min()), smooth=False)
    mask = sample_linearly(_as_volume(tumour), box, beyond=0.0, smooth=False).array >= _HALF
    if sampled.beyond is not None:
        mask &= ~sampled.beyond
    values = np.rint(sampled.array) if options.whole_numbers else sampled.array
    counted = mask
    if options.highest is not None:
        counted = mask & (values >= options.lowest) & (values <= options.highest)
    steps = np.floor((np.maximum(values, options.lowest) - options.lowest) / options.bin_width)
    if steps[counted].max(initial=0) >= _MOST_LEVELS:
        raise InputError(
            f"The tumour holds values up to {values[counted].max():g}: they are no SUV.",
            remedy="Give the PET in SUV, or as DICOM to be converted.",
        )
    levels = np.where(counted, steps + 1, 0).astype(np.int32)
    return Roi(values, levels, mask, options.spacing_mm)


def _isotropic_box(image: Geometry, tumour: LesionMask, spacing_mm: float) -> Geometry:
    """The part around a tumour of the isotropic lattice that shares the image's axes and centre."""
    old = np.asarray(image.size)
    new = np.ceil(old * np.asarray(image.spacing) / spacing_mm)
    first = (old - 1) / 2 - (new - 1) / 2 * spacing_mm / np.asarray(image.spacing)
    x, y, z = (float(value) for value in image.to_patient(first))
    whole = Geometry(
        (int(new[0]), int(new[1]), int(new[2])), (spacing_mm, spacing_mm, spacing_mm), (x, y, z), image.direction
    )
    ends = [(-1, n) for n in tumour.geometry.size]
    corners = np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
    reach = whole.to_index(tumour.geometry.to_patient(corners))
    low = np.floor(reach.min(axis=0)).astype(int)
    size = np.ceil(reach.max(axis=0)).astype(int) - low + 1
    return whole.crop((int(low[0]), int(low[1]), int(low[2])), (int(size[0]), int(size[1]), int(size[2])))


def _as_volume(tumour: LesionMask) -> Volume:
    """A mask as an image with a frame of zeros."""
    i, j, k = tumour.geometry.size
    return Volume(np.pad(tumour.mask, 1).astype(np.float32), tumour.geometry.crop((-1, -1, -1), (i + 2, j + 2, k + 2)))
