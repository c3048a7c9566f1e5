"""The volume that a region's contours enclose, on the lattice of an image or on slabs between its slices."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.scalar.files import MAX_VOXELS
from prognosis.imaging.segmentation.contour_planes import ContourPlanes, Contours, ContourStack, number_planes
from prognosis.imaging.segmentation.rasterise import (
    are_copies,
    box_of_contours,
    enclosed_area,
    fill_contours,
    polygon_area,
)

_INDEX_DECIMALS = 6
_FLAT_SLICES = 1.0
_QUITE_FLAT_SLICES = 0.1
_WHOLE_STEP = 0.02
_VOLUME_TOLERANCE = 0.1
_LEAST_LEFT = 0.05


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
        InputError: The contours do not lie in planes of the image, are unevenly spaced, cancel each other, or span too
            much.
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
    planes = number_planes(np.array([points[:, across].mean() for points in flat]), name, stack, image)
    outlines = [points[:, in_plane] for points in flat]
    single = _without_copies(outlines, planes.numbers)
    outlines, planes = [outlines[at] for at in single], replace(planes, numbers=planes.numbers[single])
    start, size = box_of_contours(outlines, planes.numbers)
    if np.prod(size.astype(float)) > MAX_VOXELS:
        raise InputError(
            f"The contours of '{name}' span {size[0]} x {size[1]} x {size[2]} voxels, more than can be read.",
            remedy="Check that they belong to this image.",
        )
    mask = fill_contours(outlines, planes.numbers, start, size)
    _check_not_cancelled(mask, outlines, planes.numbers, start, name)
    box = _slab_geometry(image, across, in_plane, planes, start, size)
    lesion = cropped_lesion(number, name, mask, box)
    if lesion is None:
        return None
    return lesion.with_notes(
        *_flatness_notes(spreads),
        *([f"{len(flat) - len(single)} duplicate contour(s) left out"] if len(single) < len(flat) else []),
        *_plane_notes(planes, image.spacing[across]),
        *_volume_notes(lesion, outlines, planes.numbers),
    )


def _without_copies(outlines: Contours, numbers: NDArray[np.int64]) -> list[int]:
    """Return which outlines to keep: copies of one would cancel it by the even-odd rule."""
    kept: dict[int, list[int]] = {}
    for at, plane in enumerate(numbers.tolist()):
        others = kept.setdefault(plane, [])
        if not any(are_copies(outlines[at], outlines[other]) for other in others):
            others.append(at)
    return sorted(at for plane in kept.values() for at in plane)


def _check_not_cancelled(
    mask: NDArray[np.bool_], outlines: Contours, numbers: NDArray[np.int64], start: NDArray[np.int64], name: str
) -> None:
    """Refuse a region whose largest contours alone hold many times its voxels.

    Raises:
        InputError: That is so, as with contours drawn twice, slightly apart.
    """
    planes = np.unique(numbers)
    if len(planes) == len(outlines):
        return
    areas = np.array([polygon_area(outline) for outline in outlines])
    largest = [int(np.argmax(np.where(numbers == plane, areas, -1.0))) for plane in planes]
    size = np.array(mask.shape[::-1])
    alone = np.count_nonzero(fill_contours([outlines[at] for at in largest], planes, start, size))
    left = np.count_nonzero(mask)
    if left < _LEAST_LEFT * alone:
        raise InputError(
            f"The contours of '{name}' cancel each other: of {alone} voxels inside the largest, {left} are left.",
            remedy="Take out the contours that are drawn twice.",
        )


def _slab_geometry(
    image: Geometry,
    across: int,
    in_plane: list[int],
    planes: ContourPlanes,
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


def _plane_notes(planes: ContourPlanes, slice_mm: float) -> list[str]:
    skipped = int(np.ptp(planes.numbers)) + 1 - len(np.unique(planes.numbers))
    notes = [*planes.notes, *([f"its contours skip {skipped} slice(s)"] if skipped else [])]
    if abs(planes.step - 1.0) > _WHOLE_STEP:
        notes.append(
            f"its contours are {planes.step * slice_mm:.3g} mm apart on slices of {slice_mm:.3g} mm; "
            "each is taken as a slab as thick as their distance"
        )
    return notes


def _volume_notes(lesion: LesionMask, outlines: Contours, numbers: NDArray[np.int64]) -> list[str]:
    """Compare the voxels with the area of the polygons times the distance of their planes."""
    area = 0.0
    for plane in np.unique(numbers):
        plane_area = enclosed_area([outlines[at] for at in np.flatnonzero(numbers == plane).tolist()])
        if plane_area is None:
            return ["contours of one slice cross or retrace each other; what two of them share is left out"]
        area += plane_area
    enclosed_mm3 = area * lesion.geometry.voxel_volume_mm3
    if abs(lesion.volume_mm3 - enclosed_mm3) <= _VOLUME_TOLERANCE * enclosed_mm3:
        return []
    return [f"its voxels fill {lesion.volume_mm3:.0f} mm3, its contours enclose {enclosed_mm3:.0f} mm3"]
