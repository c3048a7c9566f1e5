"""Area and volume of the surface of a mask, by marching cubes through the middle between voxel centres."""

from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

_CORNERS = tuple(product((0, 1), repeat=3))
_FACES = tuple(
    tuple(
        tuple(sorted(((axis, side), ((axis + 1) % 3, u), ((axis + 2) % 3, v))))
        for u, v in ((0, 0), (1, 0), (1, 1), (0, 1))
    )
    for axis in range(3)
    for side in (0, 1)
)
Corner = tuple[int, ...]
Midpoint = tuple[float, ...]


def area_and_volume(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Surface area and enclosed volume of a mask, in voxels of side 1.

    The surface runs through the midpoints between neighbours inside and outside, as IBSI asks (C0JK, RNU0).
    Where the corners of a cube's face lie inside crosswise, those inside are taken as separate.
    """
    padded = np.pad(mask, 1)
    kinds = np.zeros([n - 1 for n in padded.shape], np.uint8)
    for bit, (k, j, i) in enumerate(_CORNERS):
        ends = (n - 1 + offset for n, offset in zip(padded.shape, (k, j, i), strict=True))
        corner = padded[tuple(slice(o, e) for o, e in zip((k, j, i), ends, strict=True))]
        kinds |= corner.astype(np.uint8) << np.uint8(bit)
    areas, fluxes, volumes = _tables()
    area = np.bincount(kinds.ravel(), minlength=256) @ areas
    # The volume by the divergence theorem: the flux of the vector field (first coordinate, 0, 0).
    volume = 0.0
    for layer, kind in enumerate(kinds):
        counts = np.bincount(kind.ravel(), minlength=256)
        volume += layer * float(counts @ fluxes) + float(counts @ volumes)
    return float(area), abs(volume)


@cache
def _tables() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each of 256 kinds of cube: area, area normal to the first axis, and flux of the first coordinate."""
    rows = [_of_kind(kind) for kind in range(256)]
    areas, fluxes, volumes = np.array(rows).T
    return areas, fluxes, volumes


def _of_kind(kind: int) -> tuple[float, float, float]:
    inside = {corner: bool(kind >> bit & 1) for bit, corner in enumerate(_CORNERS)}
    area = flux = volume = 0.0
    for loop in _loops(inside):
        # A polygon need not be flat: the mean over all corners from which it can be cut into triangles.
        for at in range(len(loop)):
            turned = [*loop[at:], *loop[:at]]
            for second, third in pairwise(turned[1:]):
                triangle = np.array([turned[0], second, third])
                normal = np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0]) / (2 * len(loop))
                area += float(np.linalg.norm(normal))
                flux += float(normal[0])
                volume += float(normal[0] * triangle[:, 0].mean())
    return area, flux, volume


def _loops(inside: dict[Corner, bool]) -> list[list[Midpoint]]:
    """The closed polygons of the surface in a cube: each face's segments joined end to end."""
    following: dict[Midpoint, Midpoint] = {}
    for number, face in enumerate(_FACES):
        corners = [tuple(value for _, value in corner) for corner in face]
        if number % 2 == 0:
            corners.reverse()
        # Round the face as seen from outside, a segment cuts off each stretch of corners that lie inside.
        for at, corner in enumerate(corners):
            if inside[corner] and not inside[corners[at - 1]]:
                last = at
                while inside[corners[(last + 1) % 4]]:
                    last += 1
                leaving = _midpoint(corners[last % 4], corners[(last + 1) % 4])
                following[leaving] = _midpoint(corners[at - 1], corner)
    loops = []
    while following:
        first, point = following.popitem()
        loop = [first]
        while point != first:
            loop.append(point)
            point = following.pop(point)
        loops.append(loop)
    return loops


def _midpoint(one: Corner, other: Corner) -> Midpoint:
    return tuple((a + b) / 2 for a, b in zip(one, other, strict=True))
