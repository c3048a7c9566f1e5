"""Whether PET and CT lie in one patient space."""

import numpy as np

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

_LEAST_SHARED = 0.1
_POINTS = 16


def require_same_space(ct: Volume, pet: Volume) -> None:
    """Refuse images of which nothing says that a place in one is the same place in the other.

    Raises:
        InputError: Their DICOM frames of reference differ, or less than a tenth of the smaller lies in the other.
    """
    first, second = ct.frame_of_reference_uid, pet.frame_of_reference_uid
    if first and second and first != second:
        raise InputError(
            f"The CT belongs to frame of reference {first}, the PET to {second}.",
            remedy="Give the CT that was taken with the PET, or register the two first.",
        )
    shared = max(_fraction_in(ct.geometry, pet.geometry), _fraction_in(pet.geometry, ct.geometry))
    if shared < _LEAST_SHARED:
        raise InputError(
            f"CT and PET hardly overlap in space: {shared:.0%} of the smaller lies in the other.",
            remedy="Check that both are of one examination of one patient.",
        )


def _fraction_in(one: Geometry, other: Geometry) -> float:
    """The fraction of a lattice's box that lies in another's, by a grid of points."""
    steps = [(np.arange(_POINTS) + 0.5) / _POINTS * size - 0.5 for size in one.size]
    points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    indices = other.to_index(one.to_patient(points))
    return float(np.all((indices >= -0.5) & (indices <= np.asarray(other.size) - 0.5), axis=1).mean())
