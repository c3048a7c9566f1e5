"""The shape and inside of one lesion in a small box of voxels.

A lesion is grown around its centre along a field that is 0 there and rises outwards: it takes the voxels of lowest
field until its volume is full. So its volume is what was asked for, it never leaves the voxels it may take, and
spicules show as directions in which the field rises slowly.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.phantoms.lesions.canvas import Float, Mask
from prognosis.phantoms.lesions.hazard import LesionOrgan
from prognosis.phantoms.lesions.truth import LesionTruth

_ORGAN_HU = {LesionOrgan.LUNG: 35.0, LesionOrgan.MEDIASTINUM: 65.0, LesionOrgan.LIVER: 25.0, LesionOrgan.BONE: 150.0}
_ENHANCING_HU = 25.0
_CAPSULE_HU = {
    LesionOrgan.LUNG: 100.0,
    LesionOrgan.MEDIASTINUM: 100.0,
    LesionOrgan.LIVER: 110.0,
    LesionOrgan.BONE: 380.0,
}
_NECROSIS_HU, _MOTTLE_HU = -150.0, 70.0
_CAPSULE_PART, _CAPSULE_VOXELS = 0.18, 0.9
_SPICULES, _SPICULE_SHARPNESS, _SPICULE_REACH = 16, 36.0, 0.9
_LOBES, _LOBE_SHARPNESS, _LOBE_REACH = 5, 2.5, 0.25
_SHARP_EDGE_MM, _INFILTRATION = 0.4, 0.8
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)


def growing_field(lesion: LesionTruth, offsets: tuple[Float, Float, Float], rng: np.random.Generator) -> Float:
    """Draw the order in which a lesion takes voxels, as mm along a smooth lesion's radius.

    Args:
        lesion: Its margin decides on the spicules.
        offsets: Distance of voxels from the lesion's centre along x, y, z in mm, shaped to broadcast to [k, j, i].
        rng: Decides on lobes, elongation and where spicules lie: none of it carries risk.
    """
    x, y, z = offsets
    turn, stretch = rng.uniform(0.0, np.pi), rng.uniform(1.0, 1.25)
    along = (x * np.cos(turn) + y * np.sin(turn)) / stretch
    across = (y * np.cos(turn) - x * np.sin(turn)) * stretch
    radius = np.sqrt(x**2 + y**2 + z**2) + np.float32(1e-3)
    smooth = np.sqrt(along**2 + across**2 + z**2)
    unit = (x / radius, y / radius, z / radius)
    reach = 1.0 + _bumps(unit, _LOBES, _LOBE_SHARPNESS, _LOBE_REACH, 1.0, rng)
    reach += _bumps(unit, _SPICULES, _SPICULE_SHARPNESS, _SPICULE_REACH * lesion.margin, 0.35, rng)
    return smooth / reach


def grow(field: Float, allowed: Mask, voxels: int) -> tuple[Mask, float]:
    """Take the `voxels` allowed voxels of lowest field that hang together with the lowest.

    Returns:
        The lesion's mask and the field at its surface.
    """
    ordered = np.where(allowed, field, np.inf)
    wanted = min(voxels, int(np.count_nonzero(allowed)))
    surface = float(np.partition(ordered, wanted - 1, axis=None)[wanted - 1])
    islands, count = ndimage.label(ordered <= surface, structure=_EVERY_NEIGHBOUR)
    if count > 1:
        return islands == islands.ravel()[int(np.argmin(ordered))], surface
    return islands > 0, surface


def lesion_hu(
    lesion: LesionTruth,
    background: Float,
    field: Float,
    surface: float,
    mask: Mask,
    allowed: Mask,
    enhancement: float,
    spacing: tuple[float, float, float],
    rng: np.random.Generator,
) -> Float:
    """Return the values of the box with the lesion in it.

    Args:
        lesion: Its texture decides on core and mottle, its margin on capsule and infiltration.
        background: Hounsfield units of the box before.
        field: From `growing_field`.
        surface: The field at the lesion's surface, above zero.
        mask: The lesion's voxels.
        allowed: Voxels the infiltration may reach.
        enhancement: Strength of the contrast medium.
        spacing: Of the box, mm.
        rng: Decides on the mottle.
    """
    depth = field / surface
    tissue = np.full(background.shape, _ORGAN_HU[lesion.organ] + _ENHANCING_HU * enhancement, np.float32)
    tissue += lesion.texture * _NECROSIS_HU * _smooth_step((0.75 - depth) / 0.3)
    tissue += lesion.texture * _MOTTLE_HU * _mottle(background.shape, surface, spacing, rng)
    capsule = min(0.5, max(_CAPSULE_PART, _CAPSULE_VOXELS * spacing[0] / surface))
    tissue += (1.0 - lesion.margin) * _CAPSULE_HU[lesion.organ] * ((depth > 1.0 - capsule) & (depth <= 1.0))
    outside_mm = np.maximum(field - surface, 0.0)
    share = np.exp(-outside_mm / (_SHARP_EDGE_MM + _INFILTRATION * lesion.margin * surface))
    share *= (outside_mm < 2.5 * surface) & allowed
    share[mask] = 1.0
    return background + share * (tissue - background)


def _bumps(
    unit: tuple[Float, Float, Float],
    count: int,
    sharpness: float,
    height: float,
    upright: float,
    rng: np.random.Generator,
) -> Float:
    """The highest of `count` bumps of random height on the sphere of directions; `upright` < 1 keeps them in plane."""
    ways = rng.normal(size=(count, 3)) * [1.0, 1.0, upright]
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    heights = height * rng.uniform(0.4, 1.0, size=count)
    highest = np.zeros(np.broadcast_shapes(*(part.shape for part in unit)), np.float32)
    for (x, y, z), top in zip(ways.astype(np.float32), heights, strict=True):
        cosine = unit[0] * x + unit[1] * y + unit[2] * z
        np.maximum(highest, np.float32(top) * np.exp(np.float32(sharpness) * (cosine - 1.0)), out=highest)
    return highest


def _mottle(
    shape: tuple[int, ...], surface: float, spacing: tuple[float, float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Blotches of mean 0 and SD 1, a sixth of the lesion's radius across at least a voxel."""
    grains = rng.standard_normal(shape, np.float32)
    width = [max(0.6, surface / 6.0 / step) for step in spacing[::-1]]
    blurred = ndimage.gaussian_filter(grains, width, mode="wrap")
    return (blurred - blurred.mean()) / (blurred.std() + np.float32(1e-6))


def _smooth_step(value: Float) -> Float:
    clipped = np.clip(value, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)
