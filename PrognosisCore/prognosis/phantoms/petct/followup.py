"""The scan after treatment: the tumour has shrunk, and where growth was the disease may have come back."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.phantoms.lesions.lesion_shapes import grow
from prognosis.phantoms.petct.growth import Growth
from prognosis.phantoms.petct.scanner import PHANTOM, Scanner, take_ct
from prognosis.phantoms.petct.scene import Float, Mask, Point, Scene
from prognosis.phantoms.petct.truth import Cause, PatientTruth
from prognosis.phantoms.petct.tumour import Tumour

_LEAST_DAYS, _MOST_DAYS, _PART_OF_TIME = 150.0, 400.0, 0.8
_TOO_EARLY_DAYS = 30.0
_TURN_DEGREES, _SHIFT_MM = 4.0, (6.0, 6.0, 5.0)
_EXTENT_MM = (128.0, 128.0, 84.0)
_SCAR_PART, _SCAR_HU = 0.12, 20.0
_RECURRENCE_HU = 40.0
_LEAST_RECURRENCE_MM3, _MOST_RECURRENCE_MM3 = 2500.0, 8000.0


@dataclass(frozen=True)
class Pose:
    """How the patient lies in the later scan: position there = turn (position here - pivot) + pivot + shift.

    Args:
        turn_degrees: Rotation vector (axis times angle) along x, y, z.
        pivot: LPS mm; the tumour's centre in the first scan.
        shift: mm.
    """

    turn_degrees: Point
    pivot: Point
    shift: Point

    @property
    def matrix(self) -> Point:
        """The 4x4 matrix from positions in the first scan to positions in the later one."""
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_rotvec(self.turn_degrees, degrees=True).as_matrix()
        matrix[:3, 3] = self.pivot + self.shift - matrix[:3, :3] @ self.pivot
        return matrix


@dataclass(frozen=True)
class FollowUp:
    """A later CT.

    Args:
        ct: int16 Hounsfield units on a lattice of its own.
        recurrence: uint8 label map on that lattice; all zero where nothing recurred.
        days: After the first scan.
        pose: Rigid offset against the first scan.
    """

    ct: Volume
    recurrence: Volume
    days: float
    pose: Pose

    @property
    def recurred(self) -> bool:
        return bool(self.recurrence.array.any())


def draw_followup(
    before: Scene, tumour: Tumour, growth: Growth, truth: PatientTruth, rng: np.random.Generator
) -> FollowUp | None:
    """Draw the later scan; None where the patient's time ended before it.

    The disease recurs at the periphery of the patients who die of it and had growth there.

    Args:
        before: The chest without tumour.
        tumour, growth: Of the first scan.
        truth: Decides on time and recurrence.
        rng: Decides on the rest.
    """
    days = float(np.floor(min(rng.uniform(_LEAST_DAYS, _MOST_DAYS), _PART_OF_TIME * truth.time_days)))
    pose = Pose(rng.normal(0.0, _TURN_DEGREES / 2.0, 3), tumour.centre, rng.uniform(-1.0, 1.0, 3) * _SHIFT_MM)
    scanner = Scanner.draw(rng)
    if days < _TOO_EARLY_DAYS:
        return None
    hu = before.hu.copy()
    _paint(hu, growth.mask, _SCAR_HU)
    scar, _ = grow(tumour.field, tumour.mask, max(1, round(_SCAR_PART * np.count_nonzero(tumour.mask))))
    _paint(hu[tumour.box], scar, _SCAR_HU)
    recurrence = np.zeros(hu.shape, np.bool_)
    if truth.cause is Cause.DISEASE and growth.mask.any():
        recurrence = _recurrence(before, tumour, growth, rng)
        _paint(hu, recurrence, _RECURRENCE_HU)
    geometry = _geometry(pose, scanner)
    mask = _seen(recurrence.astype(np.float32), before.lattice.geometry, geometry, pose) >= 0.5
    return FollowUp(
        ct=take_ct(_seen(hu, before.lattice.geometry, geometry, pose), geometry, scanner, rng),
        recurrence=Volume(mask.astype(np.uint8), geometry, phantom=PHANTOM),
        days=days,
        pose=pose,
    )


def _paint(hu: Float, mask: Mask, value: float) -> None:
    hu[mask] = value


def _recurrence(before: Scene, tumour: Tumour, growth: Growth, rng: np.random.Generator) -> Mask:
    """A lobed mass around the middle of the growth, in lung outside the old tumour."""
    lattice = before.lattice
    points = lattice.points(growth.mask)
    middle = points[np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1))]
    reach = 24.0
    box = lattice.box(middle - reach, middle + reach)
    x, y, z = (axis - np.float32(at) for axis, at in zip(lattice.within(box), middle, strict=True))
    radius = np.sqrt(x**2 + y**2 + z**2)
    grains = ndimage.gaussian_filter(rng.standard_normal(radius.shape, np.float32), 3.0, truncate=2.5)
    near = ndimage.distance_transform_edt(~growth.mask[box], sampling=lattice.geometry.spacing[::-1])
    field = (radius + 0.8 * near.astype(np.float32)) * (1.0 + 0.15 * grains / grains.std())
    allowed = before.lung[box] & ~tumour.whole(before.hu.shape)[box]
    volume = rng.uniform(_LEAST_RECURRENCE_MM3, _MOST_RECURRENCE_MM3)
    mask = np.zeros(before.hu.shape, np.bool_)
    mask[box], _ = grow(np.maximum(field, 0.0), allowed, round(volume / lattice.geometry.voxel_volume_mm3))
    return mask


def _geometry(pose: Pose, scanner: Scanner) -> Geometry:
    """A lattice around the tumour's place in the later scan."""
    i, j, k = (round(length / step) for length, step in zip(_EXTENT_MM, scanner.ct_spacing, strict=True))
    corner = pose.pivot + pose.shift - 0.5 * (np.array([i, j, k]) - 1) * scanner.ct_spacing
    x, y, z = (round(float(value), 3) for value in corner)
    return Geometry((i, j, k), scanner.ct_spacing, (x, y, z))


def _seen(array: Float, here: Geometry, there: Geometry, pose: Pose) -> Float:
    """Values of the first scan's lattice at the voxels of the later one's."""
    to_index = np.linalg.inv(here.affine) @ np.linalg.inv(pose.matrix) @ there.affine
    seen: Float = ndimage.affine_transform(
        array,
        to_index[2::-1, 2::-1],
        offset=to_index[2::-1, 3],
        output_shape=there.shape,
        order=1,
        mode="nearest",
    )
    return seen
