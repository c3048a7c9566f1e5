"""The planes of contours in an image: on its slices, or evenly spaced between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.segmentation.plane_stack import distinct_planes, plane_numbers, smallest_step

_INDEX_DECIMALS = 6
_ON_SLICE = 0.25
_NEAR_SLICE = 0.45
_SAME_SLICE = 0.1
_WHOLE_STEP = 0.02
_THICKEST_SLAB_MM = 10.0

Contours = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class ContourStack:
    """How the contours of a file lie in an image.

    Args:
        axis: The image axis (0, 1, 2 for i, j, k) across their planes.
        usual_step: Distance between neighbouring planes in slices of the image, for regions too short to tell.
        planes: Planes (image indices across) of the regions that tell it, all on one grid; none when none does.
    """

    axis: int
    usual_step: float = 1.0
    planes: tuple[float, ...] = ()

    @staticmethod
    def under(regions: Sequence[Contours], image: Geometry) -> "ContourStack":
        """Look at all regions (patient points, mm) of a file; at least one has a contour."""
        indices = [[image.to_index(contour) for contour in contours] for contours in regions]
        spread = np.sum([np.ptp(contour, axis=0) for contours in indices for contour in contours], axis=0)
        axis = 2 - int(np.argmin(np.round(spread[::-1], _INDEX_DECIMALS)))
        told: list[tuple[float, NDArray[np.float64]]] = []
        for contours in (contours for contours in indices if contours):
            planes = distinct_planes(np.array([contour[:, axis].mean() for contour in contours]))
            step = _step_told_by(planes, image, axis)
            told += [] if step is None else [(step, planes)]
        if not told:
            return ContourStack(axis)
        usual = float(np.median([step for step, _ in told]))
        planes = distinct_planes(np.concatenate([planes for _, planes in told]))
        step = smallest_step(planes)
        if step is None or abs(step - usual) > _WHOLE_STEP * usual:
            return ContourStack(axis)
        return ContourStack(axis, step, tuple(planes.tolist()))

    def step_for(self, planes: NDArray[np.float64]) -> float:
        """Return the step of a region too short to tell: the usual one if its planes fit that grid, else a slice."""
        if not self.planes:
            return 1.0
        away = (planes[:, None] - self.planes) / self.usual_step
        nearest = np.take_along_axis(away, np.abs(away).argmin(axis=1)[:, None], axis=1)
        return self.usual_step if np.abs(nearest - np.rint(nearest)).max() <= _SAME_SLICE else 1.0


@dataclass(frozen=True)
class ContourPlanes:
    """The number of each contour's plane, the image index of plane 0, the step between planes in slices, and notes."""

    numbers: NDArray[np.int64]
    first: float
    step: float
    notes: tuple[str, ...] = ()


def number_planes(positions: NDArray[np.float64], name: str, stack: ContourStack, image: Geometry) -> ContourPlanes:
    """Number the planes of a region's contours.

    Args:
        positions: Image index across of each contour.
        name: The region's name, for messages.
        stack: The stack it belongs to.
        image: Contours lie on its slices where they are near them.

    Raises:
        InputError: The planes are unevenly spaced, and not on the slices.
    """
    on_slices = _lie_on_slices(positions, _ON_SLICE)
    planes = np.unique(np.rint(positions)) if on_slices else distinct_planes(positions)
    step = _step_told_by(planes, image, stack.axis) or stack.step_for(planes)
    if on_slices and (abs(step - round(step)) > _WHOLE_STEP or plane_numbers(planes, step) is None):
        step = 1.0
    elif on_slices:
        step = float(round(step))
    numbers = plane_numbers(planes, step)
    if _better_on_slices(planes, numbers):
        return _taken_to_slices(positions)
    if numbers is None:
        raise InputError(
            f"The contours of '{name}' are unevenly spaced and not on the slices of the image.",
            remedy="Give the image they were drawn on.",
        )
    nearest = np.abs(positions[:, None] - planes).argmin(axis=1)
    return ContourPlanes(numbers[nearest], float(planes[0]), step)


def _step_told_by(planes: NDArray[np.float64], image: Geometry, axis: int) -> float | None:
    """A step needs three planes, and to be no wider than slices are: sparse planes tell nothing."""
    step = smallest_step(planes)
    if step is None or len(planes) < 3 or step * image.spacing[axis] > _THICKEST_SLAB_MM:
        return None
    return None if _better_on_slices(planes, plane_numbers(planes, step)) else step


def _better_on_slices(planes: NDArray[np.float64], numbers: NDArray[np.int64] | None) -> bool:
    """Whether planes, each taken to its nearest slice, leave fewer places empty than when numbered by an even step.

    Positions written too roughly do: rounded to whole mm on thin slices, for instance.
    """
    return _lie_on_slices(planes, _NEAR_SLICE) and (numbers is None or np.ptp(np.rint(planes)) < numbers[-1])


def _taken_to_slices(positions: NDArray[np.float64]) -> ContourPlanes:
    slices = np.rint(positions)
    off = np.abs(positions - slices).max()
    note = f"its contours lie up to {off:.2f} slices off the slices of the image; each is taken to the nearest"
    return ContourPlanes((slices - slices.min()).astype(np.int64), float(slices.min()), 1.0, (note,))


def _lie_on_slices(positions: NDArray[np.float64], within: float) -> bool:
    """Whether every contour is near a slice of the image, and those of one slice are near each other."""
    ordered = np.sort(positions)
    apart = np.diff(ordered)[np.diff(np.rint(ordered)) == 0]
    return bool(np.abs(ordered - np.rint(ordered)).max() <= within and np.all(apart <= _SAME_SLICE))
