"""The numbers behind phantom patients, drawn without a voxel and for many patients at once."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from prognosis.phantoms.petct.options import PetctPhantomOptions, World

DAYS_PER_YEAR = 365.25
HORIZON_DAYS = 2 * DAYS_PER_YEAR

_MEDIAN_DIAMETER_MM, _DIAMETER_LOG_SD = 26.0, 0.36
_SMALLEST_MM, _LARGEST_MM = 10.0, 60.0
_MEDIAN_SUV, _SUV_LOG_SD = 5.5, 0.4
# Of the population these distributions describe, in ml x SUV.
LOG_TLG_MEAN, LOG_TLG_SD = 3.9077, 1.1024

_WITHOUT_GROWTH = 0.35
_LEAST_BURDEN, _MOST_BURDEN = 0.4, 1.0
_BURDEN_MEAN = (1 - _WITHOUT_GROWTH) * 0.7
_BURDEN_SD = float(np.sqrt((1 - _WITHOUT_GROWTH) * (0.7**2 + 0.6**2 / 12) - _BURDEN_MEAN**2))
_FACING_HILUM = 0.7

_LEAST_FOLLOW_UP_YEARS, _MOST_FOLLOW_UP_YEARS = 1.0, 8.0
_MEAN_UNTIL_DROPOUT_YEARS = 11.0
_RANDOM_NUMBERS = 16  # a patient; more than are used, so that a new one leaves the others alone


class Stream(IntEnum):
    """Independent sources of randomness of one patient, so that drawing more of one leaves the others alone."""

    TRUTH = 0
    ANATOMY = 1
    TUMOUR = 2
    GROWTH = 3
    VESSELS = 4
    SCANNER = 5
    READER = 6
    FOLLOW_UP = 7


class Cause(IntEnum):
    """What ended a patient's time."""

    CENSORED = 0
    DISEASE = 1
    OTHER = 2


@dataclass(frozen=True)
class PatientTruth:
    """What is true of one patient.

    Args:
        index: Number of the patient, from 0.
        volume_ml: Of the tumour.
        suv_mean: Mean uptake in the tumour, before the scanner blurs it.
        burden: Growth in the periphery, 0 (none) to 1.
        faces_hilum: Whether that growth lies towards the hilum; otherwise its direction is free.
        logit: Log odds of death by two years.
        time_days: Whole days until death or censoring, at least 1.
        cause: Of death.
    """

    index: int
    volume_ml: float
    suv_mean: float
    burden: float
    faces_hilum: bool
    logit: float
    time_days: float
    cause: Cause

    @property
    def event(self) -> bool:
        return self.cause is not Cause.CENSORED

    @property
    def tlg(self) -> float:
        """Total lesion glycolysis, ml x SUV."""
        return self.volume_ml * self.suv_mean

    @property
    def periphery(self) -> float:
        """Standardised burden."""
        return (self.burden - _BURDEN_MEAN) / _BURDEN_SD


@dataclass(frozen=True)
class Truths:
    """What is true of n patients: the fields of `PatientTruth` as columns of shape (n,)."""

    index: NDArray[np.int64]
    volume_ml: NDArray[np.float64]
    suv_mean: NDArray[np.float64]
    burden: NDArray[np.float64]
    faces_hilum: NDArray[np.bool_]
    logit: NDArray[np.float64]
    time_days: NDArray[np.float64]
    cause: NDArray[np.int64]

    @property
    def event(self) -> NDArray[np.bool_]:
        return self.cause != Cause.CENSORED

    @property
    def tlg(self) -> NDArray[np.float64]:
        return self.volume_ml * self.suv_mean

    @property
    def periphery(self) -> NDArray[np.float64]:
        return (self.burden - _BURDEN_MEAN) / _BURDEN_SD

    @property
    def dead_by_two_years(self) -> NDArray[np.float64]:
        """1 or 0, NaN where the patient was censored earlier."""
        known = self.event | (self.time_days > HORIZON_DAYS)
        return np.where(known, self.event & (self.time_days <= HORIZON_DAYS), np.nan)


def generator(options: PetctPhantomOptions, patient_index: int, stream: Stream) -> np.random.Generator:
    """Return the source of randomness of one patient for one purpose of drawing."""
    return np.random.default_rng(np.random.SeedSequence(options.seed, spawn_key=(patient_index, int(stream))))


def draw_truth(options: PetctPhantomOptions, patient_index: int) -> PatientTruth:
    """Draw one patient's truth.

    Args:
        options: The cohort.
        patient_index: From 0; the same patient comes out whatever the number of patients.
    """
    one = draw_truths(options, 1, first=patient_index)
    return PatientTruth(
        index=patient_index,
        volume_ml=float(one.volume_ml[0]),
        suv_mean=float(one.suv_mean[0]),
        burden=float(one.burden[0]),
        faces_hilum=bool(one.faces_hilum[0]),
        logit=float(one.logit[0]),
        time_days=float(one.time_days[0]),
        cause=Cause(int(one.cause[0])),
    )


def draw_truths(options: PetctPhantomOptions, patients: int, *, first: int = 0) -> Truths:
    """Draw the truth of many patients at once, for statistics that need no image.

    Args:
        options: The cohort.
        patients: How many.
        first: Index of the first one.

    Returns:
        The columns, in the order of the indices. Log odds of death by two years are
        intercept + 0.75 z(log TLG) + 1.1 periphery, or the intercept alone in the null world; times are log-logistic
        with proportional odds, so that this holds exactly.
    """
    uniform = _uniform(options.seed, first, patients)
    diameter = _diameter_mm(uniform[:, 0])
    volume = np.pi / 6.0 * diameter**3 / 1000.0
    suv = _MEDIAN_SUV * np.exp(_SUV_LOG_SD * ndtri(uniform[:, 1]))
    amount = (uniform[:, 2] - _WITHOUT_GROWTH) / (1.0 - _WITHOUT_GROWTH)
    burden = np.where(amount > 0, _LEAST_BURDEN + (_MOST_BURDEN - _LEAST_BURDEN) * amount, 0.0)
    logit = np.full(patients, options.intercept)
    if options.world is World.PERIPHERY:
        logit += options.tlg_log_odds * (np.log(volume * suv) - LOG_TLG_MEAN) / LOG_TLG_SD
        logit += options.periphery_log_odds * (burden - _BURDEN_MEAN) / _BURDEN_SD
    time, cause = _outcomes(options, logit, uniform[:, 4:8])
    return Truths(
        index=np.arange(first, first + patients),
        volume_ml=volume,
        suv_mean=suv,
        burden=burden,
        faces_hilum=uniform[:, 3] < _FACING_HILUM,
        logit=logit,
        time_days=time,
        cause=cause,
    )


def _uniform(seed: int, first: int, patients: int) -> NDArray[np.float64]:
    """(patients, numbers) uniform on (0, 1); a row depends on the seed and the patient's index only."""
    bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(Stream.TRUTH),)))
    bits.advance(first * _RANDOM_NUMBERS)
    table = np.random.Generator(bits).random((patients, _RANDOM_NUMBERS))
    return np.clip(table, 1e-12, 1.0 - 1e-12)


def _diameter_mm(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-normal between the smallest and the largest."""
    low, high = (ndtr(np.log(end / _MEDIAN_DIAMETER_MM) / _DIAMETER_LOG_SD) for end in (_SMALLEST_MM, _LARGEST_MM))
    return _MEDIAN_DIAMETER_MM * np.exp(_DIAMETER_LOG_SD * ndtri(low + uniform * (high - low)))


def _outcomes(
    options: PetctPhantomOptions, logit: NDArray[np.float64], uniform: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times in days and causes; rounding to whole days moves nobody across the horizon, which ends in half a day."""
    scale = HORIZON_DAYS * np.exp(-logit / options.shape)
    death = scale * (uniform[:, 0] / (1.0 - uniform[:, 0])) ** (1.0 / options.shape)
    end_of_study = _LEAST_FOLLOW_UP_YEARS + (_MOST_FOLLOW_UP_YEARS - _LEAST_FOLLOW_UP_YEARS) * uniform[:, 1]
    dropout = -_MEAN_UNTIL_DROPOUT_YEARS * np.log(uniform[:, 2])
    censoring = DAYS_PER_YEAR * np.minimum(end_of_study, dropout)
    died_of = np.where(uniform[:, 3] < options.disease_share, Cause.DISEASE, Cause.OTHER)
    time = np.maximum(1.0, np.rint(np.minimum(death, censoring)))
    return time, np.where(death <= censoring, died_of, int(Cause.CENSORED)).astype(np.int64)
