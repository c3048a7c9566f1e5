"""How lesions make a patient's hazard: the truth that a model of the lesion phantom is judged by.

A lesion's risk q has mean 0 and SD 1 over lesions and does not depend on its volume. A patient's log hazard is

    h = 1.2 z( sum over lesions of (0.25 + q) (V / V0)^(1/3) / k^0.3 )

with k lesions; z standardises with the exact mean and SD of the population drawn from, so that no patient's hazard
depends on which others are drawn. A plain positive sum would be solved by counting lesions. Where only the largest
lesion counts, its (0.25 + q) (V / V0)^(1/3) alone is standardised.
"""

from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from prognosis.phantoms.lesions.options import MOST_LESIONS, World

HAZARD_SD = 1.2
REFERENCE_VOLUME_MM3 = 4.0 / 3.0 * np.pi * 7.0**3  # V0, a sphere 14 mm across

_BASE_RISK = 0.25
_COUNT_POWER = 0.3
_COUNT_DISPERSION = 3.0  # of the negative binomial: variance = mean + mean^2 / 3
_LOG_VOLUME_SD = 1.25  # cut at 2.6 SD, which leaves 1.2 and diameters of 4.7 to 41 mm
_LOG_VOLUME_CUT = 2.6


class LesionOrgan(StrEnum):
    """Where a lesion of the phantom grows."""

    LUNG = "lung"
    MEDIASTINUM = "mediastinum"
    LIVER = "liver"
    BONE = "bone"


ORGAN_PROBABILITY = {
    LesionOrgan.LUNG: 0.46,
    LesionOrgan.MEDIASTINUM: 0.20,
    LesionOrgan.LIVER: 0.20,
    LesionOrgan.BONE: 0.14,
}
ORGAN_RISK = {
    LesionOrgan.LUNG: -0.5,
    LesionOrgan.MEDIASTINUM: 0.25,
    LesionOrgan.LIVER: 0.34,
    LesionOrgan.BONE: 0.8,
}
# Texture and margin follow a beta distribution that puts most lesions towards either end, where a reader can tell them
# apart. They share what the organs leave of a variance of 1.
_BETA = 0.6
_BETA_VARIANCE = 0.25 / (2.0 * _BETA + 1.0)
_TEXTURE_SHARE = 0.55
_LEFT_BY_ORGANS = 1.0 - sum(ORGAN_PROBABILITY[organ] * ORGAN_RISK[organ] ** 2 for organ in LesionOrgan)
_TEXTURE_SLOPE = float(np.sqrt(_LEFT_BY_ORGANS * _TEXTURE_SHARE / _BETA_VARIANCE))
_MARGIN_SLOPE = float(np.sqrt(_LEFT_BY_ORGANS * (1.0 - _TEXTURE_SHARE) / _BETA_VARIANCE))


def lesion_risk(organ: LesionOrgan, texture: float, margin: float) -> float:
    """Return q of a lesion; `texture` and `margin` run from 0 (homogeneous, encapsulated) to 1."""
    return ORGAN_RISK[organ] + _TEXTURE_SLOPE * (texture - 0.5) + _MARGIN_SLOPE * (margin - 0.5)


def lesion_contribution(risk: ArrayLike, volume_mm3: ArrayLike) -> NDArray[np.float64]:
    """Return (0.25 + q) (V / V0)^(1/3) for each lesion."""
    return (_BASE_RISK + np.asarray(risk, float)) * np.cbrt(np.asarray(volume_mm3, float) / REFERENCE_VOLUME_MM3)


def lesion_log_hazard(risk: ArrayLike, volume_mm3: ArrayLike, world: World, median_lesions: int) -> float:
    """Return h of a patient with these lesions (each array of shape (k,))."""
    if world is World.NULL:
        return 0.0
    contributions = lesion_contribution(risk, volume_mm3)
    if world is World.LARGEST:
        raw = contributions[int(np.argmax(volume_mm3))]
    else:
        raw = contributions.sum() / len(contributions) ** _COUNT_POWER
    mean, sd = _population_moments(world, median_lesions)
    return float(HAZARD_SD * (raw - mean) / sd)


def draw_volumes_mm3(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw lesion volumes: log-normal about V0, cut to what can be drawn and seen."""
    low = stats.norm.cdf(-_LOG_VOLUME_CUT)
    normal = stats.norm.ppf(rng.uniform(low, 1.0 - low, size=count))
    return REFERENCE_VOLUME_MM3 * np.exp(_LOG_VOLUME_SD * normal)


def draw_looks(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw textures and margins, shape (2, count), each from 0 to 1 with mean 0.5."""
    return rng.beta(_BETA, _BETA, size=(2, count))


@lru_cache(maxsize=MOST_LESIONS)
def count_probabilities(median_lesions: int) -> NDArray[np.float64]:
    """Return the probability of 1, 2, ... 40 lesions: a negative binomial, cut to that range, of the given median."""
    counts = np.arange(1, MOST_LESIONS + 1)

    def probabilities(mean: float) -> NDArray[np.float64]:
        cut = stats.nbinom.pmf(counts, _COUNT_DISPERSION, _COUNT_DISPERSION / (_COUNT_DISPERSION + mean))
        return cut / cut.sum()

    def above_half(mean: float) -> float:
        upto = probabilities(mean)[:median_lesions]
        return float(upto.sum() - 0.5 * upto[-1] - 0.5)

    return probabilities(float(optimize.brentq(above_half, 1e-3, 1e4)))


@lru_cache(maxsize=MOST_LESIONS)
def _population_moments(world: World, median_lesions: int) -> tuple[float, float]:
    """Mean and SD of the sum, or of the largest lesion's contribution, over all patients that could be drawn."""
    count = np.arange(1, MOST_LESIONS + 1)
    probability = count_probabilities(median_lesions)
    normal = np.linspace(-_LOG_VOLUME_CUT, _LOG_VOLUME_CUT, 4001)
    size = np.exp(_LOG_VOLUME_SD * normal / 3.0)
    density = np.exp(-0.5 * normal**2)
    if world is World.LARGEST:
        below = np.cumsum(density) / density.sum()
        density = np.diff(probability @ below ** count[:, None], prepend=0.0)
    density = density / density.sum()
    size_mean, size_square = float(density @ size), float(density @ size**2)
    mean = _BASE_RISK * size_mean
    square = (1.0 + _BASE_RISK**2) * size_square
    if world is World.LARGEST:
        return mean, float(np.sqrt(square - mean**2))
    grown = count ** (1.0 - _COUNT_POWER)
    grown_mean = float(probability @ grown)
    spread = float(probability @ grown**2) - grown_mean**2
    within = float(probability @ (count ** (1.0 - 2.0 * _COUNT_POWER)))
    return mean * grown_mean, float(np.sqrt((square - mean**2) * within + mean**2 * spread))
