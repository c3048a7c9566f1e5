"""What is predicted: death, or death of the disease, by a horizon."""

from dataclasses import dataclass

from prognosis.survival.calibration import DAYS_PER_YEAR


@dataclass(frozen=True)
class Endpoint:
    """An event by a horizon.

    Args:
        key: Short name for files and columns, such as 'os2'.
        shown: In words, such as 'death by 2 years'.
        horizon_days: The horizon.
        disease_specific: Whether only death of the disease (`cause` 1 of the table) counts.
    """

    key: str
    shown: str
    horizon_days: float
    disease_specific: bool = False


PAPER_ENDPOINTS = (
    Endpoint("os2", "death by 2 years", 2 * DAYS_PER_YEAR),
    Endpoint("os5", "death by 5 years", 5 * DAYS_PER_YEAR),
    Endpoint("dss2", "death of the disease by 2 years", 2 * DAYS_PER_YEAR, disease_specific=True),
    Endpoint("dss5", "death of the disease by 5 years", 5 * DAYS_PER_YEAR, disease_specific=True),
)
"""The four endpoints of Baek et al."""


def endpoint(key: str) -> Endpoint:
    """The endpoint of a key.

    Raises:
        KeyError: There is none.
    """
    return {one.key: one for one in PAPER_ENDPOINTS}[key]
