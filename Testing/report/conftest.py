"""Scored patients and small CTs to be drawn."""

from collections.abc import Callable

import numpy as np
import pytest

from prognosis.bundles.model_used import ModelUsed
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.lesions.colours import NOT_SCORED, colour_of_percentile
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.survival.predicted_survival import PredictedSurvival


@pytest.fixture
def a_lesion() -> Callable[..., ScoredLesion]:
    def make(
        label: int = 1, *, name: str = "Tumor_c40", rank: int | None = 1, shown: bool = True, **other
    ) -> ScoredLesion:
        percentile = 100.0 - 30.0 * (rank or 0)
        values = {
            "label": label,
            "name": name,
            "organ": "lung",
            "volume_mm3": 12345.6,
            "longest_diameter_mm": 31.2,
            "short_axis_mm": 22.9,
            "centroid_ras": (-10.0, 20.0, 30.0),
            "risk": None if rank is None else 2.0 - rank,
            "scale": None if rank is None else 1.25,
            "contribution": None if rank is None else 1.25 * (2.0 - rank),
            "rank": rank,
            "percentile": percentile if rank is not None and shown else None,
            "colour": NOT_SCORED if rank is None else colour_of_percentile(percentile),
            "flags": ("not scored: smaller than 3 mm",) if rank is None else (),
        }
        return ScoredLesion(**(values | other))

    return make


@pytest.fixture
def a_patient() -> Callable[..., ScoredPatient]:
    def make(*lesions: ScoredLesion, demonstration: bool = False, **other) -> ScoredPatient:
        values = {
            "lesions": lesions,
            "risk": 2.31 if any(lesion.rank is not None for lesion in lesions) else None,
            "percentile": None,
            "survival": None,
            "watermark": None,
            "model": ModelUsed(
                "lesion-net",
                "1.2.0",
                "ab" * 32,
                demonstration,
                "Ranking patients.",
                "842 patients.",
                {"C-index": "0.68"},
            ),
            "versions": {"prognosis": "0.1.0"},
        }
        return ScoredPatient(**(values | other))

    return make


@pytest.fixture
def a_curve() -> PredictedSurvival:
    """Follow-up of four years."""
    times = tuple(float(day) for day in range(30, 1462, 30))
    return PredictedSurvival(times, tuple(float(np.exp(-t / 1500)) for t in times), {1: 0.784, 2: 0.615, 5: None})


@pytest.fixture
def a_ct() -> Volume:
    """A soft-tissue block in air, of 2 x 2 x 5 mm voxels; patient position zero is its middle."""
    geometry = Geometry((100, 80, 30), (2.0, 2.0, 5.0), (-99.0, -79.0, -72.5))
    array = np.full(geometry.shape, -1000, np.int16)
    array[:, 10:70, 10:90] = 40
    return Volume(array, geometry, "CT")


@pytest.fixture
def sphere() -> Callable[..., np.ndarray]:
    def make(geometry: Geometry, centre_lps: tuple[float, float, float], radius_mm: float) -> np.ndarray:
        k, j, i = np.indices(geometry.shape, sparse=True)
        away = [(g - c) * s for g, c, s in zip((i, j, k), geometry.to_index(centre_lps), geometry.spacing, strict=True)]
        return away[0] ** 2 + away[1] ** 2 + away[2] ** 2 <= radius_mm**2

    return make
