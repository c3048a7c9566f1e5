"""PET images as body-weight standardised uptake values (SUVbw)."""

from prognosis.imaging.pet.conversion import SuvConversion, SuvVolume
from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.pet.suv import read_suv

__all__ = ["SuvConversion", "SuvGiven", "SuvVolume", "read_suv"]
