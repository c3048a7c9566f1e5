"""Closed contours turned into voxels: a voxel belongs when its centre lies inside an odd number of contours.

Points here are continuous indices (u, v) of a plane's lattice, whole numbers being voxel centres. By the even-odd rule
holes, several parts and keyhole contours need no special care.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_TOUCH = 0.05
_SAMPLED_POINTS = 200
_SAME_SHAPE = 0.02
_SHAPE_CELLS = 200


def box_of_contours(
    contours: Sequence[NDArray[np.float64]], planes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and size (u, v, plane) of the smallest box that holds every voxel centre inside the contours."""
    points = np.concatenate(contours)
    start = np.append(np.ceil(points.min(axis=0)), planes.min()).astype(np.int64)
    last = np.append(np.floor(points.max(axis=0)), planes.max()).astype(np.int64)
    return start, np.maximum(last - start + 1, 1)


def fill_contours(
    contours: Sequence[NDArray[np.float64]],
    planes: NDArray[np.int64],
    start: NDArray[np.int64],
    size: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Fill contours by the even-odd rule.

    Args:
        contours: Points (n, 2) of each contour, closed from the last to the first.
        planes: The plane each contour lies in.
        start: Index (u, v, plane) of the box to be filled.
        size: Its size (u, v, plane).

    Returns:
        Booleans [plane, v, u]. A centre on the lower edge of a contour belongs to it, one on the upper does not.
    """
    tails = np.concatenate(contours)
    heads = np.concatenate([np.roll(contour, -1, axis=0) for contour in contours])
    slices = np.repeat(planes - start[2], [len(contour) for contour in contours])
    first_row = np.ceil(np.minimum(tails[:, 1], heads[:, 1])).astype(np.int64)
    rows_crossed = np.ceil(np.maximum(tails[:, 1], heads[:, 1])).astype(np.int64) - first_row
    edge = np.repeat(np.arange(len(tails)), rows_crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(rows_crossed) - rows_crossed, rows_crossed) + first_row[edge]
    tail, head = tails[edge], heads[edge]
    crossing = tail[:, 0] + (row - tail[:, 1]) / (head[:, 1] - tail[:, 1]) * (head[:, 0] - tail[:, 0])
    column = np.ceil(crossing).astype(np.int64) - start[0]
    inside = column < size[0]
    toggles = np.zeros(tuple(size[::-1]), np.uint8)
    np.bitwise_xor.at(toggles, (slices[edge][inside], row[inside] - start[1], column[inside]), 1)
    return np.bitwise_xor.accumulate(toggles, axis=2).astype(bool)


def enclosed_area(contours: Sequence[NDArray[np.float64]]) -> float | None:
    """Return the area that the contours of one plane enclose; None when contours cross or retrace each other.

    A contour inside an odd number of others counts as a hole; contours may touch.
    """
    area = 0.0
    for contour in contours:
        depth = 0
        sample = contour[:: max(1, len(contour) // _SAMPLED_POINTS)]
        for other in (other for other in contours if other is not contour):
            inside = _inside(sample, other)[~_touching(sample, other)]
            if not inside.size or (inside.any() and not inside.all()):
                return None
            depth += bool(inside.any())
        area += polygon_area(contour) * (-1) ** depth
    return area


def are_copies(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two contours of a plane enclose the same to a fiftieth of their area, whatever points they go through."""
    areas = polygon_area(one), polygon_area(other)
    low, high = np.maximum(one.min(axis=0), other.min(axis=0)), np.minimum(one.max(axis=0), other.max(axis=0))
    if abs(areas[0] - areas[1]) > _SAME_SHAPE * max(areas) or np.any(low >= high):
        return False
    contours = [one, other]
    points = np.concatenate(contours)
    corner = points.min(axis=0)
    cells = _SHAPE_CELLS / (points.max(axis=0) - corner)
    scaled = [(contour - corner) * cells for contour in contours]
    planes = np.arange(2)
    filled = fill_contours(scaled, planes, *box_of_contours(scaled, planes))
    return bool(np.count_nonzero(filled[0] ^ filled[1]) <= _SAME_SHAPE * np.count_nonzero(filled[0]))


def polygon_area(contour: NDArray[np.float64]) -> float:
    """Return the area of a polygon (n, 2); the two runs of a keyhole cancel."""
    u, v = (contour - contour[0]).T
    return float(abs(u @ np.roll(v, -1) - v @ np.roll(u, -1)) / 2)


def _inside(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    tails, heads = polygon, np.roll(polygon, -1, axis=0)
    u, v = points[:, :1], points[:, 1:]
    spans = (tails[:, 1] <= v) != (heads[:, 1] <= v)
    rise = np.where(heads[:, 1] == tails[:, 1], 1.0, heads[:, 1] - tails[:, 1])
    crossings = tails[:, 0] + (v - tails[:, 1]) / rise * (heads[:, 0] - tails[:, 0])
    return (np.count_nonzero(spans & (crossings <= u), axis=1) % 2).astype(bool)


def _touching(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each point lies on the polygon's line, to a twentieth of a voxel."""
    along = np.roll(polygon, -1, axis=0) - polygon
    away = points[:, None] - polygon
    squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    share = np.clip((away * along).sum(axis=2) / squared, 0.0, 1.0)
    return np.hypot(*np.moveaxis(away - share[..., None] * along, 2, 0)).min(axis=1) <= _TOUCH
