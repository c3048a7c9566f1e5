"""Where the frames of a DICOM segmentation lie: each by its own plane position, none by its number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from prognosis.errors import InputError
from prognosis.imaging.dicom.items import read_items
from prognosis.imaging.dicom.values import has_value, number, numbers, positive_integer, tag_name
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.segmentation.plane_stack import distinct_planes, plane_numbers, smallest_step

_OFF_LATTICE_VOXELS = 0.1
_PARALLEL = 0.9999
_SAME_VALUE = 1e-4
_SAME_STEP = 0.02
_THICKEST_SLICE_MM = 10.0


@dataclass(frozen=True)
class SegFrames:
    """Frames on the lattice of their planes.

    Args:
        lattice: Its size means nothing; frames may start at any index.
        starts: Index (i, j, k) of the first pixel of each frame.
        segments: Number of the segment each frame belongs to; zeros for a label map, whose pixels tell.
        notes: What the object says of its planes but they do not bear out, in words for the user.
    """

    lattice: Geometry
    starts: NDArray[np.int64]
    segments: NDArray[np.int64]
    notes: tuple[str, ...] = ()


def place_frames(dataset: Dataset, path: Path, image: Geometry, *, labelled: bool) -> SegFrames:
    """Read the plane of every frame.

    Args:
        dataset: A segmentation with per-frame functional groups.
        path: Its file, for messages.
        image: Tells the distance between planes where the object does not.
        labelled: Whether pixels hold segment numbers, so that frames belong to none.

    Raises:
        InputError: A tag is missing, or the frames are no stack of planes.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = read_items(dataset, "PerFrameFunctionalGroupsSequence", path)
    announced = positive_integer(dataset, "NumberOfFrames", path)
    if len(groups) != announced:
        raise InputError(
            f"{path}: {tag_name('NumberOfFrames')} is {announced}, but {len(groups)} frames are described.",
            remedy="Export the object again.",
        )

    def macro(group: Dataset, keyword: str) -> Dataset:
        return read_items(group if keyword in group else shared, keyword, path)[0]

    positions = np.array(
        [numbers(macro(group, "PlanePositionSequence"), "ImagePositionPatient", 3, path) for group in groups]
    )
    orientation = _shared_by_all(
        [numbers(macro(g, "PlaneOrientationSequence"), "ImageOrientationPatient", 6, path) for g in groups],
        "ImageOrientationPatient",
        path,
    )
    measures = [macro(group, "PixelMeasuresSequence") for group in groups]
    spacing = _shared_by_all([numbers(m, "PixelSpacing", 2, path) for m in measures], "PixelSpacing", path)
    lattice, starts, notes = _lattice_under(positions, orientation, spacing, measures[0], path, image)
    segments = np.zeros(len(groups), np.int64)
    if not labelled:
        for at, group in enumerate(groups):
            identification = macro(group, "SegmentIdentificationSequence")
            segments[at] = positive_integer(identification, "ReferencedSegmentNumber", path)
    return SegFrames(lattice, starts, segments, notes)


def _shared_by_all(values: list[tuple[float, ...]], keyword: str, path: Path) -> NDArray[np.float64]:
    first = np.array(values[0])
    if any(np.abs(value - first).max() > _SAME_VALUE for value in values):
        raise InputError(
            f"{path}: {tag_name(keyword)} differs between frames.", remedy="Export a SEG made on one series."
        )
    return first


def _lattice_under(
    positions: NDArray[np.float64],
    orientation: NDArray[np.float64],
    spacing: NDArray[np.float64],
    measures: Dataset,
    path: Path,
    image: Geometry,
) -> tuple[Geometry, NDArray[np.int64], tuple[str, ...]]:
    """Return the lattice the planes are part of, the index (i, j, k) on it of each plane's first pixel, and notes."""
    along_i, along_j = orientation[:3], orientation[3:]
    if np.abs([along_i @ along_i - 1, along_j @ along_j - 1, along_i @ along_j]).max() > 1e-2 or spacing.min() <= 0:
        raise InputError(
            f"{path}: {tag_name('ImageOrientationPatient')} or {tag_name('PixelSpacing')} describes no plane.",
            remedy="Export the object again.",
        )
    normal = np.cross(along_i, along_j)
    planes = distinct_planes(positions @ normal)
    step = _step(planes, normal, positions[0], measures, path, image)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([along_i * spacing[1], along_j * spacing[0], normal * step], axis=1)
    affine[:3, 3] = positions[np.argmin(positions @ normal)]
    lattice = Geometry.from_affine(affine, (1, 1, 1))
    indices = lattice.to_index(positions)
    starts = np.rint(indices).astype(np.int64)
    if np.abs(indices - starts)[:, :2].max() > _OFF_LATTICE_VOXELS:
        raise InputError(
            f"{path}: its frames are not stacked at right angles to their plane.",
            remedy="Export a SEG made on one series without gantry tilt.",
        )
    return lattice, starts, _step_notes(measures, step, path)


def _step(
    planes: NDArray[np.float64],
    normal: NDArray[np.float64],
    position: NDArray[np.float64],
    measures: Dataset,
    path: Path,
    image: Geometry,
) -> float:
    """The distance between planes, refined over the stack: what two of image, planes and tags tell, else what one does.

    Planes far apart tell nothing unless nothing else does: they may be single slices of separate lesions.
    """
    declared = _declared(measures, "SpacingBetweenSlices", path)
    of_image = _step_of_image(planes, normal, position, image)
    thickness = _declared(measures, "SliceThickness", path)
    found = smallest_step(planes)
    shown = found if found is not None and len(planes) > 2 and found <= _THICKEST_SLICE_MM else None
    told = [of_image, shown, declared, thickness]
    backed = [one for at, one in enumerate(told) if any(_agree(one, other) for other in told[:at] + told[at + 1 :])]
    candidates = [*backed, of_image, shown, declared, thickness if len(planes) == 1 else found]
    for step in candidates:
        counted = None if step is None else plane_numbers(planes, step)
        if step is not None and counted is not None:
            return step if len(planes) == 1 else float((planes[-1] - planes[0]) / counted[-1])
    raise InputError(
        f"{path}: the distance between its planes cannot be told.",
        remedy=f"Export it again with {tag_name('SpacingBetweenSlices')} and evenly spaced planes.",
    )


def _agree(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME_STEP * other


def _step_notes(measures: Dataset, step: float, path: Path) -> tuple[str, ...]:
    declared = _declared(measures, "SpacingBetweenSlices", path)
    if declared is None or _agree(declared, step):
        return ()
    return (f"{tag_name('SpacingBetweenSlices')} is {declared:.4g} mm; its planes are taken as {step:.4g} mm apart",)


def _declared(measures: Dataset, keyword: str, path: Path) -> float | None:
    return (abs(number(measures, keyword, path)) or None) if has_value(measures, keyword) else None


def _step_of_image(
    planes: NDArray[np.float64], normal: NDArray[np.float64], position: NDArray[np.float64], image: Geometry
) -> float | None:
    """The image's own step along the normal, if all planes are planes of the image."""
    cosines = np.abs(normal @ np.reshape(image.direction, (3, 3)))
    axis = int(np.argmax(cosines))
    if cosines[axis] < _PARALLEL:
        return None
    on_planes = position + np.outer(planes - position @ normal, normal)
    indices = image.to_index(on_planes)[:, axis]
    return image.spacing[axis] if np.abs(indices - np.rint(indices)).max() <= _OFF_LATTICE_VOXELS else None
