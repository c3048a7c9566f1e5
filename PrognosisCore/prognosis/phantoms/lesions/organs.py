"""Labels of the phantom's organs, named as TotalSegmentator names them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from prognosis.phantoms.lesions.hazard import LesionOrgan

RIBS = 12
_SIDES = ("left", "right")
_SOFT = (
    "lung_left",
    "lung_right",
    "mediastinum",
    "heart",
    "aorta",
    "superior_vena_cava",
    "trachea",
    "esophagus",
    "liver",
    "spleen",
    "stomach",
    "kidney_left",
    "kidney_right",
    "spinal_cord",
)
_VERTEBRAE = tuple(f"vertebrae_{name}" for name in (*(f"T{n}" for n in range(1, 13)), "L1", "L2"))
_RIBS = tuple(f"rib_{side}_{number}" for side in _SIDES for number in range(1, RIBS + 1))
_BONES = ("sternum", *_VERTEBRAE, *_RIBS)

ORGAN_NAMES = dict(enumerate((*_SOFT, *_BONES), start=1))
ORGAN_LABELS = {name: label for label, name in ORGAN_NAMES.items()}
VERTEBRAE = len(_VERTEBRAE)
FIRST_VERTEBRA = ORGAN_LABELS[_VERTEBRAE[0]]
FIRST_LEFT_RIB = ORGAN_LABELS[_RIBS[0]]
FIRST_RIGHT_RIB = ORGAN_LABELS[_RIBS[RIBS]]

LESION_ORGAN_LABELS = {
    LesionOrgan.LUNG: (ORGAN_LABELS["lung_left"], ORGAN_LABELS["lung_right"]),
    LesionOrgan.MEDIASTINUM: (ORGAN_LABELS["mediastinum"],),
    LesionOrgan.LIVER: (ORGAN_LABELS["liver"],),
    LesionOrgan.BONE: tuple(ORGAN_LABELS[name] for name in _BONES),
}


def label_table(labels: Iterable[int]) -> NDArray[np.bool_]:
    """A table of 256 booleans, true at these labels: `table[array]` tells which voxels carry one."""
    table = np.zeros(256, bool)
    table[list(labels)] = True
    return table
