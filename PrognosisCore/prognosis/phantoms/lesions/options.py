"""What a lesion phantom cohort is asked to be."""

from dataclasses import dataclass
from enum import StrEnum

from prognosis.errors import UsageError

MOST_LESIONS = 40
_LEAST_MEDIAN = 2
_LEAST_FIELD_OF_VIEW_MM = (240.0, 190.0, 200.0)


class World(StrEnum):
    """Which lesions carry a patient's hazard."""

    SUM = "sum"
    LARGEST = "largest"
    NULL = "null"


@dataclass(frozen=True)
class LesionPhantomOptions:
    """Everything a cohort of lesion phantoms depends on; a patient depends on nothing else than these and an index.

    Args:
        patients: Number of patients; a patient is the same in a cohort of any size.
        seed: Root of all randomness.
        world: Whether the hazard comes from all lesions, from the largest only, or from nothing at all.
        size: Voxels along i, j, k.
        spacing: Distance between voxels along i, j, k, in mm. The anatomy fills the field of view.
        median_lesions: Median number of lesions in a patient.
        weibull_shape: Shape of the survival times.
        weibull_scale_days: Scale of the survival times at a log hazard of zero.
        mean_censoring_days: Mean of the exponential censoring times, a quarter less in the null world; the default
            censors about 28 % in every world.
        treatment_log_hazard: Added to the log hazard of the patients of the second treatment group, except in the
            null world.
        treatment_dependent_censoring: Whether the first treatment group is censored much earlier than the second.
    """

    patients: int = 100
    seed: int = 0
    world: World = World.SUM
    size: tuple[int, int, int] = (224, 176, 80)
    spacing: tuple[float, float, float] = (1.6, 1.6, 3.75)
    median_lesions: int = 9
    weibull_shape: float = 1.3
    weibull_scale_days: float = 800.0
    mean_censoring_days: float = 2850.0
    treatment_log_hazard: float = -0.4
    treatment_dependent_censoring: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "world", World(self.world))
        if self.patients < 1 or self.seed < 0:
            raise UsageError(
                f"A phantom cohort of {self.patients} patients with seed {self.seed} cannot be drawn.",
                remedy="Ask for at least one patient and a seed of 0 or more.",
            )
        if not _LEAST_MEDIAN <= self.median_lesions <= MOST_LESIONS // 2:
            raise UsageError(
                f"A median of {self.median_lesions} lesions cannot be drawn.",
                remedy=f"Choose {_LEAST_MEDIAN} to {MOST_LESIONS // 2}; a patient has 1 to {MOST_LESIONS}.",
            )
        positive = (self.weibull_shape, self.weibull_scale_days, self.mean_censoring_days, *self.size, *self.spacing)
        if min(positive) <= 0:
            raise UsageError(
                "Sizes, spacings, survival and censoring times of a phantom must be above zero.",
                remedy="Correct the options.",
            )
        if any(view < least for view, least in zip(self.field_of_view_mm, _LEAST_FIELD_OF_VIEW_MM, strict=True)):
            raise UsageError(
                f"A field of view of {_in_mm(self.field_of_view_mm)} holds no chest.",
                remedy=f"Choose a size and spacing that cover at least {_in_mm(_LEAST_FIELD_OF_VIEW_MM)}.",
            )

    @property
    def field_of_view_mm(self) -> tuple[float, float, float]:
        """Extent of the image along i, j, k."""
        x, y, z = (n * s for n, s in zip(self.size, self.spacing, strict=True))
        return x, y, z


def _in_mm(extent: tuple[float, float, float]) -> str:
    return " x ".join(f"{length:.0f}" for length in extent) + " mm"
