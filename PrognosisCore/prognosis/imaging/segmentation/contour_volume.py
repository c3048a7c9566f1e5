"""The volume that a region's contours enclose, on the lattice of an image or on slabs between its slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.scalar.files import MAX_VOXELS
from prognosis.imaging.segmentation.plane_stack import distinct_planes, plane_numbers, smallest_step
from prognosis.imaging.segmentation.rasterise import box_of_contours, enclosed_area, fill_contours

_INDEX_DECIMALS = 6
_FLAT_SLICES = 1.0
_QUITE_FLAT_SLICES = 0.1
_ON_SLICE = 0.25
_SAME_SLICE = 0.1
_WHOLE_STEP = 0.02
_THICKEST_SLAB_MM = 10.0
_VOLUME_TOLERANCE = 0.1

Contours = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class ContourStack:
    """How the contours of a file lie in an image.

    Args:
        axis: The image axis (0, 1, 2 for i, j, k) across their planes.
        usual_step: Distance between neighbouring planes in slices of the image, for regions too short to tell.
    """

    axis: int
    usual_step: float

    @staticmethod
    def under(regions: Sequence[Contours], image: Geometry) -> "ContourStack":
        """Look at all regions (patient points, mm) of a file; at least one has a contour."""
        indices = [[image.to_index(contour) for contour in contours] for contours in regions]
        spread = np.sum([np.ptp(contour, axis=0) for contours in indices for contour in contours], axis=0)
        axis = 2 - int(np.argmin(np.round(spread[::-1], _INDEX_DECIMALS)))
        steps = [
            _step_told_by(distinct_planes(np.array([contour[:, axis].mean() for contour in contours])), image, axis)
            for contours in indices
            if contours
        ]
        told = [step for step in steps if step is not None]
        return ContourStack(axis, float(np.median(told)) if told else 1.0)


@dataclass(frozen=True)
class _Planes:
    """The number of each contour's plane, the image index of plane 0, and the step between planes in slices."""

    numbers: NDArray[np.int64]
    first: float
    step: float


def lesion_of_contours(
    number: int, name: str, contours: Contours, stack: ContourStack, image: Geometry
) -> LesionMask | None:
    """Fill a region's closed contours.

    Args:
        number: ROI number, kept as the lesion's label.
        name: ROI name.
        contours: Patient points (n, 3) in mm of each contour; at least one.
        stack: From `ContourStack.under`.
        image: Its in-plane lattice is used, and its slices where the contours lie on them.

    Returns:
        The lesion, with notes where planes are missing or volumes disagree; None when it holds no voxel centre.

    Raises:
        InputError: The contours do not lie in planes of the image, are unevenly spaced, or span too much.
    """
    across, in_plane = stack.axis, [axis for axis in range(3) if axis != stack.axis]
    indices = [np.round(image.to_index(contour), _INDEX_DECIMALS) for contour in contours]
    spreads = np.array([np.ptp(points[:, across]) for points in indices])
    flat = [points for points, spread in zip(indices, spreads, strict=True) if spread <= _FLAT_SLICES]
    if not flat:
        raise InputError(
            f"The contours of '{name}' do not lie in slices of the image.",
            remedy="Give the image they were drawn on.",
        )
    planes = _planes(np.array([points[:, across].mean() for points in flat]), name, stack, image)
    outlines = [points[:, in_plane] for points in flat]
    start, size = box_of_contours(outlines, planes.numbers)
    if np.prod(size.astype(float)) > MAX_VOXELS:
        raise InputError(
            f"The contours of '{name}' span {size[0]} x {size[1]} x {size[2]} voxels, more than can be read.",
            remedy="Check that they belong to this image.",
        )
    mask = fill_contours(outlines, planes.numbers, start, size)
    box = _slab_geometry(image, across, in_plane, planes, start, size)
    lesion = cropped_lesion(number, name, mask, box)
    if lesion is None:
        return None
    return lesion.with_notes(
        *_flatness_notes(spreads),
        *_plane_notes(planes, image.spacing[across]),
        *_volume_notes(lesion, outlines, planes.numbers),
    )


def _step_told_by(planes: NDArray[np.float64], image: Geometry, axis: int) -> float | None:
    """A step needs three planes, and to be no wider than slices are: sparse planes tell nothing."""
    step = smallest_step(planes)
    return step if step is not None and len(planes) > 2 and step * image.spacing[axis] <= _THICKEST_SLAB_MM else None


def _planes(positions: NDArray[np.float64], name: str, stack: ContourStack, image: Geometry) -> _Planes:
    on_slices = _lie_on_slices(positions)
    planes = np.unique(np.rint(positions)) if on_slices else distinct_planes(positions)
    step = _step_told_by(planes, image, stack.axis) or stack.usual_step
    if on_slices and (abs(step - round(step)) > _WHOLE_STEP or plane_numbers(planes, step) is None):
        step = 1.0
    elif on_slices:
        step = float(round(step))
    numbers = plane_numbers(planes, step)
    if numbers is None:
        raise InputError(
            f"The contours of '{name}' are unevenly spaced and not on the slices of the image.",
            remedy="Give the image they were drawn on.",
        )
    nearest = np.abs(positions[:, None] - planes).argmin(axis=1)
    return _Planes(numbers[nearest], float(planes[0]), step)


def _lie_on_slices(positions: NDArray[np.float64]) -> bool:
    """Whether every contour is near a slice of the image, and those of one slice are near each other."""
    ordered = np.sort(positions)
    apart = np.diff(ordered)[np.diff(np.rint(ordered)) == 0]
    return bool(np.abs(ordered - np.rint(ordered)).max() <= _ON_SLICE and np.all(apart <= _SAME_SLICE))


def _slab_geometry(
    image: Geometry,
    across: int,
    in_plane: list[int],
    planes: _Planes,
    start: NDArray[np.int64],
    size: NDArray[np.int64],
) -> Geometry:
    """The lattice of the filled box, whose axes are the two in-plane axes and the one across."""
    corner = np.zeros(3)
    corner[in_plane] = start[:2]
    corner[across] = planes.first + start[2] * planes.step
    affine = np.eye(4)
    affine[:3, :2] = image.affine[:3, in_plane]
    affine[:3, 2] = image.affine[:3, across] * planes.step
    affine[:3, 3] = image.to_patient(corner)
    return Geometry.from_affine(affine, (int(size[0]), int(size[1]), int(size[2])))


def _flatness_notes(spreads: NDArray[np.float64]) -> list[str]:
    tilted = int(np.count_nonzero(spreads > _FLAT_SLICES))
    nearly = int(np.count_nonzero(spreads > _QUITE_FLAT_SLICES)) - tilted
    notes = [f"{tilted} contour(s) across several slices left out"] if tilted else []
    return notes + ([f"{nearly} contour(s) not quite flat, taken to the nearest slice"] if nearly else [])


def _plane_notes(planes: _Planes, slice_mm: float) -> list[str]:
    skipped = int(np.ptp(planes.numbers)) + 1 - len(np.unique(planes.numbers))
    notes = [f"its contours skip {skipped} slice(s)"] if skipped else []
    if abs(planes.step - 1.0) > _WHOLE_STEP:
        notes.append(
            f"its contours are {planes.step * slice_mm:.3g} mm apart on slices of {slice_mm:.3g} mm; "
            "each is taken as a slab as thick as their distance"
        )
    return notes


def _volume_notes(lesion: LesionMask, outlines: Contours, numbers: NDArray[np.int64]) -> list[str]:
    """Compare the voxels with the area of the polygons times the distance of their planes."""
    area, crossing = 0.0, False
    for plane in np.unique(numbers):
        plane_area, plane_crossing = enclosed_area([outlines[at] for at in np.flatnonzero(numbers == plane).tolist()])
        area, crossing = area + plane_area, crossing or plane_crossing
    enclosed_mm3 = area * lesion.geometry.voxel_volume_mm3
    notes = (
        ["contours of one slice cross or retrace each other; what two of them share is left out"] if crossing else []
    )
    if abs(lesion.volume_mm3 - enclosed_mm3) > _VOLUME_TOLERANCE * enclosed_mm3:
        notes.append(f"its voxels fill {lesion.volume_mm3:.0f} mm3, its contours enclose {enclosed_mm3:.0f} mm3")
    return notes
