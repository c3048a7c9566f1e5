"""What a comparison with a follow-up is asked for."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from prognosis.biomarkers.modality import Modality
from prognosis.errors import UsageError

LEAST_ROTATIONS, MOST_ROTATIONS = 40, 20_000
_MOST_HOT_PERCENT = 50.0


class HeatChoice(StrEnum):
    """Whose heat is judged."""

    CT = "ct"
    PET = "pet"
    BOTH = "both"

    def of(self, given: Iterable[Modality]) -> tuple[Modality, ...]:
        """The modalities meant among those that have heat."""
        return tuple(one for one in given if self is HeatChoice.BOTH or one.value == self.value)


@dataclass(frozen=True)
class FollowUpOptions:
    """How heat and recurrence are compared.

    Args:
        heat: Whose heat; both take the larger of the two, each as a part of its own 99.9th percentile.
        hot_percent: A voxel is hot when it is among this percent of the region's voxels outside the tumour.
        rotations: How many rotated copies of the recurrence make chance.
        seed: Of rotations and registration.
    """

    heat: HeatChoice = HeatChoice.BOTH
    hot_percent: float = 5.0
    rotations: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "heat", HeatChoice(self.heat))
        if not (math.isfinite(self.hot_percent) and 0 < self.hot_percent <= _MOST_HOT_PERCENT):
            raise UsageError(
                f"A hot percent of {self.hot_percent:g} cannot be used.",
                remedy=f"Choose more than 0 and at most {_MOST_HOT_PERCENT:g}.",
            )
        if not LEAST_ROTATIONS <= self.rotations <= MOST_ROTATIONS or self.seed < 0:
            raise UsageError(
                f"{self.rotations} rotations with seed {self.seed} cannot be used.",
                remedy=f"Choose {LEAST_ROTATIONS} to {MOST_ROTATIONS:,} rotations and a seed of 0 or more.",
            )
