"""The numbers of a selection as a JSON document and as tables."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from prognosis.biomarkers.feature_names import Feature
from prognosis.biomarkers.selection.describing import NO_PROOF
from prognosis.biomarkers.selection.results import Band, ChanceInclusion, Chosen, EndpointFlow, SelectionStudy
from prognosis.config import as_plain
from prognosis.report.selection_study.words import mark

Table = tuple[Sequence[str], Sequence[Sequence[object]]]


def selection_document(study: SelectionStudy) -> dict[str, Any]:
    """Write a selection as what JSON can hold; a figure that could not be had is None."""
    return {
        "statement": NO_PROOF,
        "mark": mark(study),
        "demonstration": study.demonstration,
        "phantom": study.phantom,
        "patients": study.patients,
        "annotations": study.annotations,
        "deaths": study.deaths,
        "flow": [_flow(one) for one in study.flow],
        "counts": [
            {
                "key": row.key,
                "what": row.what,
                "ours": _known(row.ours),
                "band": None if row.band is None else _band(row.band),
                "paper": row.paper,
            }
            for row in study.beside_paper
        ],
        "tests": {
            tests.modality.value: {
                "tested": tests.tested,
                "significant": {
                    endpoint.key: _band(band) for endpoint, band in zip(study.endpoints, tests.significant, strict=True)
                },
                "all_endpoints": _band(tests.everywhere),
                "exactly": [{"endpoints": list(one.endpoints), **_band(one.features)} for one in tests.combinations],
            }
            for tests in study.tests
        },
        "chosen": [_chosen(one) for one in study.chosen],
        "chance_inclusion": [
            {"endpoint": key, "modality": modality.value, **_chance(chance)}
            for (key, modality), chance in study.chance.items()
        ],
        "conventional": {"tlg": study.tlg, "measures": list(study.measures)},
        "assumptions": [
            {"what": what, "paper": paper, "assumption": assumption, "used": used}
            for what, paper, assumption, used in study.assumptions
        ],
        "methods": study.methods,
        "warnings": list(study.warnings),
        "networks": {
            modality.value: {"name": network.name, "sha256": network.sha256, "demonstration": network.demonstration}
            for modality, network in study.networks.items()
        },
        "options": as_plain(study.options),
        "versions": dict(study.versions),
        "features_sha256": study.features_sha256,
        "cohort_sha256": study.cohort_sha256,
    }


def selection_tables(study: SelectionStudy) -> Mapping[str, Table]:
    """The selection's tables: name of a CSV file -> (header, rows). None is an empty cell."""
    keys = [endpoint.key for endpoint in study.endpoints]
    return {
        "features.csv": (
            (
                "feature", "modality", "channel", "z", "y", "x", *(f"p_{key}" for key in keys),
                *(f"inclusion_{key}" for key in keys), *(f"chosen_{key}" for key in keys),
            ),
            list(_feature_rows(study)),
        ),
        "chosen.csv": (
            (
                "endpoint", "modality", "rank", "feature", "channel", "z", "y", "x", "inclusion", "coefficient", "p",
                "r2_tlg", "closest_measure", "r2_closest",
            ),
            list(_chosen_rows(study)),
        ),
        "counts.csv": (
            ("count", "what", "ours", "chance_mean", "chance_low", "chance_high", "chance_p", "paper"),
            [(row.key, row.what, _known(row.ours), *_band_cells(row.band), row.paper) for row in study.beside_paper],
        ),
        "endpoints.csv": (
            ("modality", "exactly_at", "features", "chance_mean", "chance_low", "chance_high", "chance_p"),
            [
                (tests.modality.value, " ".join(one.endpoints), one.features.observed, *_band_cells(one.features))
                for tests in study.tests
                for one in tests.combinations
            ],
        ),
        "histogram.csv": (
            ("modality", "endpoint", "p_from", "p_to", "features", "chance_mean", "chance_low", "chance_high"),
            list(_histogram_rows(study)),
        ),
        "flow.csv": (
            ("endpoint", "events", "event_free", "left_out_censored", "left_out_other_cause", "not_studied"),
            [tuple(_flow(one).values()) for one in study.flow],
        ),
    }  # fmt: skip


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _band(band: Band) -> dict[str, float]:
    return {
        "observed": band.observed, "mean": band.expected, "low": band.low, "high": band.high, "p_value": band.p_value
    }  # fmt: skip


def _band_cells(band: Band | None) -> tuple[float | None, ...]:
    return (None,) * 4 if band is None else (band.expected, band.low, band.high, band.p_value)


def _flow(one: EndpointFlow) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint.key,
        "events": one.events,
        "event_free": one.event_free,
        "left_out_censored": one.censored,
        "left_out_other_cause": one.other_cause,
        "not_studied": one.left_out,
    }


def _chosen(one: Chosen) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint,
        "modality": one.modality.value,
        "features": [
            {"name": name, "inclusion": float(inclusion), "coefficient": float(coefficient)}
            for name, inclusion, coefficient in zip(one.features, one.inclusion, one.coefficient, strict=True)
        ],
        "penalty": one.penalty,
        "penalty_fraction": one.fraction,
        "penalty_by": one.how,
        "patients": one.patients,
        "events": one.events,
        "features_seen": one.seen,
        "rarely_active": one.rarely_active,
        "other_penalties": [
            {"fraction": other.fraction, "chosen": other.chosen, "shared": other.shared} for other in one.others
        ],
    }


def _chance(chance: ChanceInclusion) -> dict[str, Any]:
    return {
        "expected": [float(value) for value in chance.expected],
        "high": [float(value) for value in chance.high],
        "above_line": [int(value) for value in chance.above],
        "bootstraps": chance.bootstraps,
    }


def _feature_rows(study: SelectionStudy) -> Iterator[Sequence[object]]:
    for tests in study.tests:
        chosen = [one for one in study.chosen if one.modality is tests.modality]
        probability = np.stack([one.probability for one in chosen])
        names = [frozenset(one.features) for one in chosen]
        for index in range(tests.p_values.shape[1]):
            feature = Feature(tests.modality, index)
            yield (
                feature.name,
                tests.modality.value,
                feature.channel,
                *feature.position,
                *(_known(value) for value in tests.p_values[:, index]),
                *(float(value) for value in probability[:, index]),
                *("yes" if feature.name in some else "no" for some in names),
            )


def _chosen_rows(study: SelectionStudy) -> Iterator[Sequence[object]]:
    p_values = {
        (endpoint.key, tests.modality): tests.p_values[number]
        for tests in study.tests
        for number, endpoint in enumerate(study.endpoints)
    }
    for one in study.chosen:
        for rank, index in enumerate(one.indices):
            feature = Feature(one.modality, int(index))
            beside = study.conventional[feature.name]
            yield (
                one.endpoint,
                one.modality.value,
                rank + 1,
                feature.name,
                feature.channel,
                *feature.position,
                float(one.inclusion[rank]),
                float(one.coefficient[rank]),
                _known(p_values[one.endpoint, one.modality][index]),
                _known(beside.tlg),
                beside.closest,
                _known(beside.closest_squared),
            )


def _histogram_rows(study: SelectionStudy) -> Iterator[Sequence[object]]:
    for tests in study.tests:
        bins = tests.histogram.shape[1]
        for number, endpoint in enumerate(study.endpoints):
            for place in range(bins):
                yield (
                    tests.modality.value,
                    endpoint.key,
                    place / bins,
                    (place + 1) / bins,
                    int(tests.histogram[number, place]),
                    float(tests.histogram_expected[number, place]),
                    float(tests.histogram_low[number, place]),
                    float(tests.histogram_high[number, place]),
                )
