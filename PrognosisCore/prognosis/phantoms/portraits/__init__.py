"""Portraits of no one: drawn faces whose signs of age and illness are known."""

from prognosis.phantoms.portraits.cohort import portrait_traits, portraits, write_cohort
from prognosis.phantoms.portraits.options import PortraitPhantomOptions

__all__ = ["PortraitPhantomOptions", "portrait_traits", "portraits", "write_cohort"]
