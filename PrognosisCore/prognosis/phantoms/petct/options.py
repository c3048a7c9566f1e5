"""What a PET/CT phantom cohort is asked to be."""

from dataclasses import dataclass
from enum import StrEnum

from prognosis.errors import UsageError

_LEAST_FIELD_OF_VIEW_MM = (140.0, 140.0, 90.0)


class World(StrEnum):
    """What a patient's death depends on."""

    PERIPHERY = "periphery"
    NULL = "null"


@dataclass(frozen=True)
class PetctPhantomOptions:
    """Everything a cohort of PET/CT phantoms depends on; a patient depends on nothing else than these and an index.

    Args:
        patients: Number of patients; a patient is the same in a cohort of any size.
        seed: Root of all randomness.
        world: Whether death depends on total lesion glycolysis and the tumour's periphery, or on nothing at all.
        followup: Whether a later CT is drawn as well.
        field_of_view_mm: Extent of the CT along x, y, z around the tumour.
        intercept: Log odds of death by two years of the average patient.
        tlg_log_odds: Added for one SD of log total lesion glycolysis.
        periphery_log_odds: Added for one SD of growth in the periphery.
        shape: b of the survival function S(t) = 1 / (1 + (t/a)^b).
        disease_share: Part of the deaths that are of the disease.
    """

    patients: int = 100
    seed: int = 0
    world: World = World.PERIPHERY
    followup: bool = False
    field_of_view_mm: tuple[float, float, float] = (150.0, 150.0, 100.0)
    intercept: float = -0.6
    tlg_log_odds: float = 0.75
    periphery_log_odds: float = 1.1
    shape: float = 1.4
    disease_share: float = 0.8

    def __post_init__(self) -> None:
        object.__setattr__(self, "world", World(self.world))
        if self.patients < 1 or self.seed < 0:
            raise UsageError(
                f"A phantom cohort of {self.patients} patients with seed {self.seed} cannot be drawn.",
                remedy="Ask for at least one patient and a seed of 0 or more.",
            )
        if not self.shape > 0 or not 0 <= self.disease_share <= 1:
            raise UsageError(
                f"A survival shape of {self.shape:g} with {self.disease_share:g} of the deaths of the disease "
                "cannot be drawn.",
                remedy="Choose a shape above 0 and a share from 0 to 1.",
            )
        if not all(view >= least for view, least in zip(self.field_of_view_mm, _LEAST_FIELD_OF_VIEW_MM, strict=True)):
            raise UsageError(
                f"A field of view of {_in_mm(self.field_of_view_mm)} does not hold the tumour's surroundings.",
                remedy=f"Choose at least {_in_mm(_LEAST_FIELD_OF_VIEW_MM)}.",
            )


def _in_mm(extent: tuple[float, float, float]) -> str:
    return " x ".join(f"{length:.0f}" for length in extent) + " mm"
