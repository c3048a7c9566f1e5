"""Axial, coronal and sagittal slices, hung as radiologists do.

The patient's right is on the left of axial and coronal pictures, anterior on top of axial and on the left of sagittal
ones, and the head on top of coronal and sagittal ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

Box = tuple[slice, slice, slice]

# Fat and muscle lie above; a row or column with less of them than this holds at most the couch.
_BODY_ABOVE_HU = -150
_LEAST_BODY_SHARE = 0.02
_BODY_SAMPLES = 96
_MARGIN_MM = 10.0


class Plane(Enum):
    """A slice's plane; its value names it for the reader."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True)
class Letters:
    """The patient directions at the four edges of a picture."""

    left: str
    right: str
    top: str
    bottom: str


_LETTERS = {
    Plane.AXIAL: Letters("R", "L", "A", "P"),
    Plane.CORONAL: Letters("R", "L", "S", "I"),
    Plane.SAGITTAL: Letters("A", "P", "S", "I"),
}


@dataclass(frozen=True)
class Panel:
    """One slice as it is shown: row 0 on top, column 0 on the left.

    Args:
        plane: The slice's plane.
        values: The image's values [row, column].
        labels: The painted labels [row, column].
        spacing: Distance in mm between rows and between columns.
        target: Row and column of the voxel the slice was chosen for.
        letters: Patient directions at the edges.
        position: Where the slice lies, such as 'S 35.0 mm'.
    """

    plane: Plane
    values: NDArray
    labels: NDArray[np.uint16]
    spacing: tuple[float, float]
    target: tuple[int, int]
    letters: Letters
    position: str

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width."""
        return self.values.shape[0] * self.spacing[0], self.values.shape[1] * self.spacing[1]


def panels_through(
    image: Volume, labels: NDArray[np.uint16], voxel: tuple[int, int, int], view: Box
) -> tuple[Panel, Panel, Panel]:
    """Cut the axial, coronal and sagittal panel through a voxel (i, j, k).

    Args:
        image: In nearest LPS orientation.
        labels: The painted map [k, j, i] on the image's lattice.
        voxel: Index (i, j, k) inside `view`.
        view: The part [k, j, i] of the image to show.
    """
    (i, j, k), (di, dj, dk) = voxel, image.geometry.spacing
    ks, js, is_ = view
    row, column, from_top = j - js.start, i - is_.start, ks.stop - 1 - k
    patient = image.geometry.to_patient(voxel)

    def panel(plane: Plane, cut: tuple, spacing: tuple[float, float], target: tuple[int, int], where: str) -> Panel:
        # Slices that run head to foot are stored feet first: rows are turned round.
        turn = slice(None) if plane is Plane.AXIAL else slice(None, None, -1)
        return Panel(plane, image.array[cut][turn], labels[cut][turn], spacing, target, _LETTERS[plane], where)

    return (
        panel(Plane.AXIAL, (k, js, is_), (dj, di), (row, column), _position(patient[2], "S", "I")),
        panel(Plane.CORONAL, (ks, j, is_), (dk, di), (from_top, column), _position(patient[1], "P", "A")),
        panel(Plane.SAGITTAL, (ks, js, i), (dk, dj), (from_top, row), _position(patient[0], "L", "R")),
    )


def _position(coordinate_mm: float, positive: str, negative: str) -> str:
    return f"{positive if coordinate_mm >= 0 else negative} {abs(coordinate_mm):.1f} mm"


def body_view(image: Volume, voxels: Sequence[tuple[int, int, int]]) -> Box:
    """The part [k, j, i] of an image that leaves out empty air beside the body.

    The same width is cut on both sides, so what is right of the middle stays right of it. All `voxels` (i, j, k)
    stay inside. Nothing is cut along k.
    """
    steps = [max(1, size // _BODY_SAMPLES) for size in image.array.shape]
    body = image.array[tuple(slice(None, None, step) for step in steps)] > _BODY_ABOVE_HU
    j = _without_air(body.mean(axis=(0, 2)), steps[1], 1, image.geometry, [voxel[1] for voxel in voxels])
    i = _without_air(body.mean(axis=(0, 1)), steps[2], 0, image.geometry, [voxel[0] for voxel in voxels])
    return slice(0, image.array.shape[0]), j, i


def _without_air(share: NDArray[np.float64], step: int, axis: int, geometry: Geometry, inside: Sequence[int]) -> slice:
    size = geometry.size[axis]
    body = np.flatnonzero(share >= _LEAST_BODY_SHARE)
    if not len(body):
        return slice(0, size)
    taken = [int(body[0]) * step, int(body[-1]) * step, *inside]
    margin = int(np.ceil(_MARGIN_MM / geometry.spacing[axis])) + step
    cut = max(0, min(min(taken), size - 1 - max(taken)) - margin)
    return slice(cut, size - cut)


def shortened(view: Box, geometry: Geometry, voxel: tuple[int, int, int]) -> Box:
    """Cut a view of a long scan along k to its longest in-plane side, around a voxel (i, j, k)."""
    k, j, i = view
    longest_mm = max((j.stop - j.start) * geometry.spacing[1], (i.stop - i.start) * geometry.spacing[0])
    length = min(k.stop - k.start, max(1, round(longest_mm / geometry.spacing[2])))
    start = min(max(voxel[2] - length // 2, k.start), k.stop - length)
    return slice(start, start + length), j, i
