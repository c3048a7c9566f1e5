"""Selections to be drawn, written and told, from made-up figures."""

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np

from prognosis.biomarkers.endpoints import PAPER_ENDPOINTS
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.describing import assumptions, beside_paper
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.permutation import BINS
from prognosis.biomarkers.selection.results import (
    Band,
    ChanceInclusion,
    Chosen,
    Combination,
    Conventional,
    EndpointFlow,
    ModalityTests,
    OtherPenalty,
    SelectionStudy,
)

FEATURES = 700
SCALE = 79
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"


def make_selection(*, endpoints=4, top=20, chance=True, **changes) -> SelectionStudy:
    """A selection of both modalities, of which CT is tied to survival and PET is not.

    Args:
        endpoints: How many of the paper's endpoints could be had.
        top: Features chosen a modality and endpoint.
        chance: Whether inclusion was permuted.
        changes: Fields of the study to be replaced.
    """
    return replace(_selection(endpoints, top, chance), **changes)


def hostile_selection() -> SelectionStudy:
    """Every text that a user's files reach is markup, and as long as may be."""
    study = make_selection(phantom=True)
    flow = (*study.flow[:-1], replace(study.flow[-1], left_out=HOSTILE))
    conventional = {name: replace(one, closest="=1+1 " + HOSTILE) for name, one in study.conventional.items()}
    return replace(
        study,
        flow=flow,
        conventional=conventional,
        tlg=HOSTILE,
        warnings=(HOSTILE, "w" * 300),
        networks={modality: NetworkUsed(HOSTILE, "ab" * 32, demonstration=True) for modality in Modality},
        versions={HOSTILE: HOSTILE},
        methods=HOSTILE,
    )


@cache
def _selection(count, top, with_chance) -> SelectionStudy:
    options = SelectionOptions(top=max(top, 1))
    endpoints = PAPER_ENDPOINTS[:count]
    tests = tuple(_tests(modality, endpoints) for modality in Modality)
    chosen = tuple(
        _chosen(modality, one.key, number, top) for number, one in enumerate(endpoints) for modality in Modality
    )
    names = {name for one in chosen for name in one.features}
    conventional = {
        name: Conventional(
            name, int(name[1:]) % 30 / 100, "suv_max", int(name[1:]) % 50 / 100, int(name[1:]) % 50 // 25
        )
        for name in names
    }
    chance = {
        (one.endpoint, one.modality): ChanceInclusion(
            np.linspace(0.42, 0.2, 20), np.linspace(0.61, 0.28, 20), np.array([0, 3, 8, 1]), 100
        )
        for one in chosen
        if with_chance
    }
    left_out = [
        EndpointFlow(one, 3, 60, 33, 0, "3 patient(s) with the event and 60 without") for one in PAPER_ENDPOINTS
    ]
    return SelectionStudy(
        options=options,
        patients=96,
        annotations=96,
        deaths=51,
        flow=(*(EndpointFlow(one, 37, 50, 9, 2 * n) for n, one in enumerate(endpoints)), *left_out[count:]),
        endpoints=endpoints,
        tests=tests,
        chosen=chosen,
        chance=chance,
        conventional=conventional,
        tlg="tlg_contour_ml",
        measures=("tlg_contour_ml", "suv_max"),
        beside_paper=beside_paper(endpoints, tests, chosen, conventional),
        assumptions=assumptions(options, chosen, annotations=96, patients=96),
        methods="Each feature was tested.",
        warnings=(),
        networks={modality: NetworkUsed(f"unet-{modality}", "ab" * 32, demonstration=False) for modality in Modality},
        phantom=False,
        versions={"prognosis": "0.1.0"},
        features_sha256="cd" * 32,
        cohort_sha256="ef" * 32,
    )


def _tests(modality, endpoints) -> ModalityTests:
    generator = np.random.default_rng(5)
    tied = modality is Modality.CT
    p_values = generator.random((len(endpoints), FEATURES))
    p_values[:, : 90 if tied else 0] **= 6
    p_values[:, -3:] = np.nan
    histogram = SCALE * np.stack([np.histogram(row[:-3], bins=BINS, range=(0, 1))[0] for row in p_values])
    expected = np.full(histogram.shape, SCALE * FEATURES / BINS)
    low, high = expected * 0.4, expected * np.linspace(1.9, 1.2, BINS)
    everywhere = 380 if tied else 130
    exactly = tuple(
        Combination(
            tuple(one.key for one in some),
            Band(1500 // len(some) ** 2, 1700 // len(some) ** 2, 400 // len(some) ** 2, 3500 // len(some) ** 2, 0.4)
            if len(some) < len(endpoints)
            else Band(everywhere, 110, 3, 310, 0.02 if tied else 0.3),
        )
        for size in range(1, len(endpoints) + 1)
        for some in combinations(endpoints, size)
    )
    return ModalityTests(
        modality=modality,
        tested=FEATURES - 3,
        p_values=p_values,
        histogram=histogram,
        histogram_expected=expected,
        histogram_low=low,
        histogram_high=high,
        significant=tuple(
            Band(float(row[0]), expected[0, 0], low[0, 0], high[0, 0], 0.01 if tied else 0.5) for row in histogram
        ),
        everywhere=exactly[-1].features,
        combinations=exactly,
    )


def _chosen(modality, endpoint, number, top) -> Chosen:
    generator = np.random.default_rng(number)
    indices = generator.choice(FEATURES, top, replace=False)
    inclusion = np.sort(generator.beta(2, 3, top) if modality is Modality.CT else generator.beta(1, 6, top))[::-1]
    probability = np.zeros(FEATURES)
    probability[indices] = inclusion
    return Chosen(
        endpoint=endpoint,
        modality=modality,
        features=tuple(f"{modality.letter}{index:05d}" for index in indices),
        indices=indices,
        inclusion=inclusion,
        coefficient=generator.normal(size=top),
        probability=probability,
        penalty=0.12,
        fraction=0.62,
        how="5-fold cross-validation",
        patients=87,
        events=37,
        seen=600,
        rarely_active=90,
        others=(OtherPenalty(0.5, 20, 14), OtherPenalty(0.77, 17, 12)) if top else (),
    )
