"""What a person gives by hand where a PET header lacks it or is wrong."""

import math
from dataclasses import dataclass

from prognosis.errors import UsageError

WEIGHT_KG = (1.0, 600.0)
DOSE_BQ = (1e6, 1e10)


@dataclass(frozen=True)
class SuvGiven:
    """Values that take the place of those in the header; results record them.

    Args:
        weight_kg: Body weight at the scan, in kg.
        dose_bq: Activity administered, in Bq at the time of administration.
        suv_factor: What the rescaled values of the image are multiplied by to be SUVbw; it replaces all else.

    Raises:
        UsageError: A value is no sensible one, or a factor comes with values it replaces.
    """

    weight_kg: float | None = None
    dose_bq: float | None = None
    suv_factor: float | None = None

    def __post_init__(self) -> None:
        if self.weight_kg is not None and not WEIGHT_KG[0] <= self.weight_kg <= WEIGHT_KG[1]:
            raise UsageError(
                f"A body weight of {self.weight_kg:g} kg was given.",
                remedy=f"Give {WEIGHT_KG[0]:g} to {WEIGHT_KG[1]:g} kg (--weight-kg).",
            )
        if self.dose_bq is not None and not DOSE_BQ[0] <= self.dose_bq <= DOSE_BQ[1]:
            raise UsageError(
                f"An administered activity of {self.dose_bq:g} Bq was given.",
                remedy="Give it in becquerels (--dose-bq): 370 MBq are 370e6.",
            )
        if self.suv_factor is None:
            return
        if not math.isfinite(self.suv_factor) or self.suv_factor <= 0:
            raise UsageError(
                f"A SUV factor of {self.suv_factor:g} was given.", remedy="Give a number above zero (--suv-factor)."
            )
        if self.weight_kg is not None or self.dose_bq is not None:
            raise UsageError(
                "A SUV factor (--suv-factor) replaces weight and dose, which were given too.",
                remedy="Leave out --weight-kg and --dose-bq, or the factor.",
            )

    @property
    def words(self) -> str:
        """What was given, in words; empty when nothing was."""
        told = (
            ("body weight", self.weight_kg, "kg"),
            ("administered activity", self.dose_bq, "Bq"),
            ("SUV factor", self.suv_factor, ""),
        )
        return ", ".join(f"{name} {value:g} {unit}".rstrip() for name, value, unit in told if value is not None)
