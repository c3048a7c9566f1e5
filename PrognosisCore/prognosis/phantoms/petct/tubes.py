"""Tubes with round ends, painted as the share of each voxel that they fill."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from prognosis.phantoms.petct.scene import Float, Lattice, Point


@dataclass(frozen=True)
class Tube:
    """A straight tube that may taper.

    Args:
        start, end: Its axis (x, y, z) in mm; the same twice for a ball.
        start_radius, end_radius: mm.
    """

    start: Point
    end: Point
    start_radius: float
    end_radius: float


def paint_tubes(tubes: Iterable[Tube], lattice: Lattice, share: Float) -> None:
    """Raise `share`, an array of the lattice, to the part of each voxel that lies inside any of the tubes."""
    step = float(np.mean(lattice.geometry.spacing[:2]))
    for tube in tubes:
        radius = max(tube.start_radius, tube.end_radius)
        margin = radius + np.asarray(lattice.geometry.spacing)
        box = lattice.box(np.minimum(tube.start, tube.end) - margin, np.maximum(tube.start, tube.end) + margin)
        window = share[box]
        if window.size:
            np.maximum(window, _share(tube, lattice.within(box), step), out=window)


def _share(tube: Tube, positions: tuple[Float, Float, Float], step: float) -> Float:
    """The part of voxels of size `step` in a tube; a tube thinner than a voxel fills none wholly."""
    x, y, z = (axis - np.float32(at) for axis, at in zip(positions, tube.start, strict=True))
    way = (tube.end - tube.start).astype(np.float32)
    length = float(way @ way)
    along = np.clip((x * way[0] + y * way[1] + z * way[2]) / np.float32(max(length, 1e-6)), 0.0, 1.0)
    distance = np.sqrt((x - along * way[0]) ** 2 + (y - along * way[1]) ** 2 + (z - along * way[2]) ** 2)
    radius = np.float32(tube.start_radius) + along * np.float32(tube.end_radius - tube.start_radius)
    filled = np.clip(0.5 + (radius - distance) / np.float32(step), 0.0, 1.0)
    return filled * np.minimum(1.0, 2.0 * radius / np.float32(step))
