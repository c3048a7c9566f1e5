"""From a table of features and a cohort to which features are tied to survival, beside what chance gives."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.chance_inclusion import chance_inclusion
from prognosis.biomarkers.selection.choosing import choose_features, stream_seed
from prognosis.biomarkers.selection.conventional import (
    CORRELATED,
    average_measures,
    squared_correlations,
    tlg_among,
)
from prognosis.biomarkers.selection.describing import assumptions, beside_paper, methods_paragraph, study_warnings
from prognosis.biomarkers.selection.labels import SelectionData, join_outcomes, label_endpoint, label_endpoints
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.own_images import require_own_images
from prognosis.biomarkers.selection.permutation import TestCounts, count_p_values, count_permuted, permuted_orders
from prognosis.biomarkers.selection.results import (
    Band,
    Chosen,
    Combination,
    Conventional,
    EndpointFlow,
    ModalityTests,
    SelectionStudy,
    band_ends,
)
from prognosis.biomarkers.selection.standardising import Features, average_annotations
from prognosis.biomarkers.selection.t_tests import welch_p_values
from prognosis.cohort.table import CohortRow
from prognosis.errors import InputError
from prognosis.progress import Progress, silent
from prognosis.provenance import versions
from prognosis.survival.metrics.horizon import HorizonEndpoint

_PERMUTATIONS, _CHOOSING, _CHANCE = range(3)
"""Streams of random numbers, so that none of them moves when another is drawn from more often."""


def select(
    table: FeatureTable,
    cohort: Sequence[CohortRow],
    options: SelectionOptions,
    *,
    cohort_path: Path,
    features_sha256: str = "",
    cohort_sha256: str = "",
    progress: Progress = silent,
) -> SelectionStudy:
    """Look for features tied to survival in all patients of a table.

    Args:
        table: Features of patients.
        cohort: Their outcomes.
        options: How to look.
        cohort_path: The cohort table's file, for messages.
        features_sha256: Hash of the features' file.
        cohort_sha256: Hash of the cohort table.
        progress: Told how far each step is.

    Raises:
        InputError: Features and cohort do not fit together, or no endpoint can be had.
    """
    outcomes = join_outcomes(
        table.patient_ids, table.annotation_ids, cohort, table=cohort_path, disease_cause=options.disease_cause
    )
    require_own_images(table, outcomes.rows, cohort_path)
    annotations = outcomes.data
    data = annotations.subset(annotations.first)
    labels, left_out = label_endpoints(data, options.chosen_endpoints, least_patients=options.least_patients)
    if not labels:
        reasons = "; ".join(f"{key}: {why}" for key, why in left_out.items())
        raise InputError(
            f"{cohort_path}: no endpoint can be studied ({reasons}).", remedy="More patients or follow-up are needed."
        )
    endpoints = tuple(one for one in options.chosen_endpoints if one.key in labels)
    features = {
        modality: average_annotations(_taken(table.features[modality], outcomes.rows), annotations.patient)
        for modality in Modality
        if modality in table.features
    }
    tests = tuple(
        _test(modality, values, endpoints, labels, options, progress) for modality, values in features.items()
    )
    chosen = choose_features(
        features, data, labels, options, seed=stream_seed(options.seed, _CHOOSING), progress=progress
    )
    chance = chance_inclusion(
        features, labels, chosen, options, seed=stream_seed(options.seed, _CHANCE), progress=progress
    )
    tlg = tlg_among(table.conventional_names)
    measures = average_measures(table.conventional[outcomes.rows], annotations.patient)
    conventional = _conventional(features, chosen, measures, table.conventional_names, tlg)
    flow = _flow(data, options.chosen_endpoints, left_out)
    return SelectionStudy(
        options=options,
        patients=data.patients,
        annotations=len(annotations),
        deaths=int(data.event.sum()),
        flow=flow,
        endpoints=endpoints,
        tests=tests,
        chosen=chosen,
        chance=chance,
        conventional=conventional,
        tlg=tlg,
        measures=table.conventional_names,
        beside_paper=beside_paper(endpoints, tests, chosen, conventional),
        assumptions=assumptions(options, chosen, annotations=len(annotations), patients=data.patients),
        methods=methods_paragraph(options, data, endpoints, tests, chosen, table),
        warnings=(*study_warnings(table, outcomes, flow, chosen, options), *outcomes.notes),
        networks=table.networks,
        phantom=table.phantom,
        versions=versions(),
        features_sha256=features_sha256,
        cohort_sha256=cohort_sha256,
    )


def _taken(features: Features, rows: np.ndarray) -> Features:
    """Some rows, without a copy where it is all of them."""
    return features if np.array_equal(rows, np.arange(len(features))) else features[rows]


def _test(
    modality: Modality,
    features: Features,
    endpoints: Sequence[Endpoint],
    labels: Mapping[str, HorizonEndpoint],
    options: SelectionOptions,
    progress: Progress,
) -> ModalityTests:
    known = [labels[one.key] for one in endpoints]
    p_values = np.stack([welch_p_values(features, one.label, one.complete) for one in known])
    observed = count_p_values(list(p_values))
    # The same permutations for both modalities.
    orders = permuted_orders(len(features), options.permutations, seed=(options.seed, _PERMUTATIONS))
    permuted = count_permuted(
        features,
        known,
        orders,
        progress=lambda step, done, total: progress(f"{modality.shown} {step}", done, total),
    )
    low, high = band_ends(permuted.histogram)
    return ModalityTests(
        modality=modality,
        tested=int(np.isfinite(p_values).any(axis=0).sum()),
        p_values=p_values,
        histogram=observed.histogram[0],
        histogram_expected=permuted.histogram.mean(axis=0),
        histogram_low=low,
        histogram_high=high,
        significant=tuple(
            Band.of(int(observed.significant(number)[0]), permuted.significant(number))
            for number in range(len(endpoints))
        ),
        everywhere=Band.of(int(observed.everywhere[0]), permuted.everywhere),
        combinations=_combinations(endpoints, observed, permuted),
    )


def _combinations(endpoints: Sequence[Endpoint], observed: TestCounts, permuted: TestCounts) -> tuple[Combination, ...]:
    """Every set of endpoints, those of fewer endpoints first."""
    patterns = sorted(range(1, observed.combinations.shape[1]), key=lambda pattern: (pattern.bit_count(), pattern))
    return tuple(
        Combination(
            tuple(one.key for number, one in enumerate(endpoints) if pattern >> number & 1),
            Band.of(int(observed.combinations[0, pattern]), permuted.combinations[:, pattern]),
        )
        for pattern in patterns
    )


def _conventional(
    features: Mapping[Modality, Features],
    chosen: Sequence[Chosen],
    measures: np.ndarray,
    names: Sequence[str],
    tlg: str,
) -> dict[str, Conventional]:
    """Each chosen feature beside the conventional measures."""
    beside = {}
    for one in chosen:
        values = features[one.modality][:, one.indices].astype(np.float64)
        for name, squared in zip(one.features, squared_correlations(values, measures), strict=True):
            known = np.isfinite(squared)
            closest = int(np.nanargmax(squared)) if known.any() else None
            beside[name] = Conventional(
                feature=name,
                tlg=float(squared[names.index(tlg)]) if tlg else float("nan"),
                closest="" if closest is None else names[closest],
                closest_squared=float("nan") if closest is None else float(squared[closest]),
                correlated=int((squared[known] >= CORRELATED).sum()),
            )
    return beside


def _flow(data: SelectionData, endpoints: Sequence[Endpoint], left_out: Mapping[str, str]) -> tuple[EndpointFlow, ...]:
    flow = []
    for one in endpoints:
        followed = bool((data.time_days >= one.horizon_days).any())
        if (one.disease_specific and data.cause is None) or not followed:
            flow.append(EndpointFlow(one, 0, 0, 0, 0, left_out[one.key]))
            continue
        known = label_endpoint(data, one)
        flow.append(
            EndpointFlow(
                one, known.events, known.event_free, known.censored, known.other_cause, left_out.get(one.key, "")
            )
        )
    return tuple(flow)
