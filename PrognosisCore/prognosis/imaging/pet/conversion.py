"""How an image became SUVbw: plain facts for results, and a volume with them."""

from dataclasses import dataclass, field

from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.volume import Volume


@dataclass(frozen=True)
class SuvConversion:
    """How an image became SUVbw. Neither dates nor the patient's own data are kept.

    Args:
        source: Where the SUV come from, in words.
        units: Units (0054,1001) of the series, with the SUV Type (0054,1006) where it counts; None for other files.
        decay_correction: Decay Correction (0054,1102) where it counts.
        reference: Where the time comes from to which the values were corrected for decay, in words.
        half_life_s: Half-life of the radionuclide, in seconds, where it counts.
        uptake_minutes: From administration to that time (to the acquisition when nothing was corrected), in minutes.
        dose_bq: Activity administered, in Bq, where it counts.
        lowest_factor: SUVbw per rescaled value of the image, the lowest of all slices.
        highest_factor: The highest of all slices.
        given: What was given by hand.
        notes: What the user should know, in words.
    """

    source: str
    units: str | None = None
    decay_correction: str | None = None
    reference: str | None = None
    half_life_s: float | None = None
    uptake_minutes: float | None = None
    dose_bq: float | None = None
    lowest_factor: float = 1.0
    highest_factor: float = 1.0
    given: SuvGiven = field(default_factory=SuvGiven)
    notes: tuple[str, ...] = ()

    def as_plain(self) -> dict[str, str | float | None]:
        """Return the facts as text and numbers for JSON and headers."""
        return {
            "suv_source": self.source,
            "suv_units": self.units,
            "suv_decay_correction": self.decay_correction,
            "suv_reference_time": self.reference,
            "suv_half_life_s": self.half_life_s,
            "suv_uptake_minutes": self.uptake_minutes,
            "suv_dose_bq": self.dose_bq,
            "suv_lowest_factor": self.lowest_factor,
            "suv_highest_factor": self.highest_factor,
            "suv_given_weight_kg": self.given.weight_kg,
            "suv_given_dose_bq": self.given.dose_bq,
            "suv_given_factor": self.given.suv_factor,
            "suv_notes": " ".join(self.notes) or None,
        }

    def as_remarks(self) -> dict[str, str]:
        """Return the facts that are known as header fields of one line each."""
        plain = self.as_plain()
        return {
            key: f"{value:.9g}" if isinstance(value, float) else " ".join(str(value).split())
            for key, value in plain.items()
            if value is not None
        }


@dataclass(frozen=True)
class SuvVolume:
    """A PET in SUVbw.

    Args:
        volume: float32 SUVbw (g/ml), modality 'PT'; its notes hold those of the reader and of the conversion.
        how: How it became SUVbw.
    """

    volume: Volume
    how: SuvConversion
