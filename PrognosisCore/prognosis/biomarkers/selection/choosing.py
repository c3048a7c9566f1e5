"""Choosing features by how often LASSO fits on resamples of patients include them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.labels import SelectionData
from prognosis.biomarkers.selection.lasso import largest_penalty
from prognosis.biomarkers.selection.lasso_bootstrap import LassoBootstraps, draw_multiplicities, lasso_bootstraps
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.penalties import find_fraction, other_fractions
from prognosis.biomarkers.selection.results import Chosen, OtherPenalty
from prognosis.biomarkers.selection.standardising import (
    Features,
    Standardising,
    average_annotations,
    fit_standardising,
)
from prognosis.errors import InputError
from prognosis.progress import Progress, silent
from prognosis.survival.metrics.horizon import HorizonEndpoint

Vector = NDArray[np.float64]
_RESAMPLES, _FOLDS = range(2)


@dataclass(frozen=True)
class Design:
    """What one LASSO sees.

    Args:
        matrix: (n, k) standardised features, a row a patient.
        parts: Modality -> how its features were standardised and which columns they are.
        features: Modality -> how many features it has, seen or not.
    """

    matrix: Features
    parts: Mapping[Modality, tuple[Standardising, slice]]
    features: Mapping[Modality, int]

    def spread(self, modality: Modality, values: Vector) -> Vector:
        """(k,) a value a column -> (p,) a value a feature of a modality, 0 for those that are not seen."""
        standardising, columns = self.parts[modality]
        spread = np.zeros(self.features[modality])
        spread[standardising.kept] = values[columns]
        return spread


def choose_features(
    features: Mapping[Modality, Features],
    data: SelectionData,
    labels: Mapping[str, HorizonEndpoint],
    options: SelectionOptions,
    *,
    seed: int,
    progress: Progress = silent,
) -> tuple[Chosen, ...]:
    """Choose the features of each modality for each endpoint, from training patients alone.

    Features are averaged over a patient's annotations, left out where rarely active, and standardised once. Each LASSO
    is fitted to the complete cases of an endpoint in resamples of patients, the same resamples for all; features are
    ordered by the share of resamples that include them, then by the size of their mean coefficient, then by index.

    Args:
        features: Modality -> (n, p) features of training patients, a row an annotation.
        data: Their outcomes.
        labels: Key of an endpoint -> its labels of the same n rows.
        options: How to choose.
        seed: Seed of resamples and folds.
        progress: Told how far the resamples are.

    Returns:
        An entry an endpoint and modality: the first endpoint's modalities, the second's, and so on.

    Raises:
        InputError: No complete case of an endpoint has the event, or all have, or no feature is active in enough
            patients.
        ValueError: Fewer patients have an event than there are inner folds, or shapes do not fit.
    """
    averaged = {modality: average_annotations(values, data.patient) for modality, values in features.items()}
    first = data.first
    label = np.stack([known.label[first] for known in labels.values()])
    complete = np.stack([known.complete[first] for known in labels.values()])
    draws = draw_multiplicities(np.arange(data.patients), options.bootstraps, stream_seed(seed, _RESAMPLES))
    found: dict[tuple[str, Modality], Chosen] = {}
    for design in designs_of(averaged, options):
        for number, key in enumerate(labels):
            for one in _choose(
                design, key, label[number], complete[number], draws, options, stream_seed(seed, _FOLDS), progress
            ):
                found[one.endpoint, one.modality] = one
    return tuple(found[key, modality] for key in labels for modality in features)


def designs_of(features: Mapping[Modality, Features], options: SelectionOptions) -> list[Design]:
    """Standardise the features of patients: one design a modality, or one of all.

    Args:
        features: Modality -> (patients, p).
        options: Whether modalities stand together, and which units are left out.

    Raises:
        InputError: No feature is left.
    """
    fitted = {
        modality: fit_standardising(values, least_active=options.least_active) for modality, values in features.items()
    }
    groups = [list(features)] if options.joint else [[modality] for modality in features]
    return [_design({one: features[one] for one in group}, fitted) for group in groups]


def bootstraps_at(
    design: Design,
    label: NDArray[np.bool_],
    complete: NDArray[np.bool_],
    draws: NDArray[np.float64],
    fraction: float,
    progress: Progress = silent,
) -> LassoBootstraps:
    """Fit one endpoint on resamples, the penalty being a fraction of the smallest that leaves no feature.

    Raises:
        InputError: No complete case has the event, or all have.
    """
    penalty = fraction * largest_penalty(design.matrix, label & complete, complete.astype(np.float64))
    return lasso_bootstraps(design.matrix, label[None], complete[None], draws, [penalty], progress=progress)[0]


def stream_seed(seed: int, *stream: int) -> int:
    """A seed for one purpose, which no other purpose's draws move."""
    return int(np.random.SeedSequence((seed, *stream)).generate_state(1)[0])


def _design(features: Mapping[Modality, Features], fitted: Mapping[Modality, Standardising]) -> Design:
    ends = np.cumsum([0, *(len(fitted[one].kept) for one in features)])
    if ends[-1] == 0:
        shown = "/".join(modality.shown for modality in features)
        raise InputError(
            f"No {shown} feature is active in enough patients and differs between them.",
            remedy="Check what the features were extracted from, or lower least_active.",
        )
    parts = {
        one: (fitted[one], slice(int(start), int(stop)))
        for one, start, stop in zip(features, ends[:-1], ends[1:], strict=True)
    }
    applied = [fitted[one].apply(values) for one, values in features.items()]
    matrix = applied[0] if len(applied) == 1 else np.hstack(applied)
    return Design(matrix, parts, {one: values.shape[1] for one, values in features.items()})


def _choose(
    design: Design,
    key: str,
    label: NDArray[np.bool_],
    complete: NDArray[np.bool_],
    draws: NDArray[np.float64],
    options: SelectionOptions,
    folds_seed: int,
    progress: Progress,
) -> list[Chosen]:
    shown = "/".join(modality.shown for modality in design.parts)
    fraction, how = find_fraction(design.matrix, label, complete, options, seed=folds_seed)

    def told(step: str, done: int, total: int) -> None:
        progress(f"{shown} {key} {step}", done, total)

    fits = bootstraps_at(design, label, complete, draws, fraction, told)
    inclusion, coefficient = _inclusion(fits), _mean_coefficient(fits)
    top = _foremost(inclusion, coefficient, options.top)
    others = []
    for tried in other_fractions(fraction) if options.sensitivity else ():
        other = bootstraps_at(design, label, complete, draws, tried, told)
        others.append((tried, _foremost(_inclusion(other), _mean_coefficient(other), options.top)))
    chosen = []
    for modality, (standardising, columns) in design.parts.items():
        own = _within(top, columns)
        indices = standardising.kept[own - columns.start]
        chosen.append(
            Chosen(
                endpoint=key,
                modality=modality,
                features=tuple(f"{modality.letter}{index:05d}" for index in indices),
                indices=indices,
                inclusion=inclusion[own],
                coefficient=coefficient[own],
                probability=design.spread(modality, inclusion),
                penalty=fits.penalty,
                fraction=fraction,
                how=how,
                patients=int(complete.sum()),
                events=int((complete & label).sum()),
                seen=design.matrix.shape[1],
                rarely_active=standardising.rarely_active,
                others=tuple(
                    OtherPenalty(value, len(_within(some, columns)), len(np.intersect1d(_within(some, columns), own)))
                    for value, some in others
                ),
            )
        )
    return chosen


def _inclusion(fits: LassoBootstraps) -> Vector:
    """(k,) share of the fitted resamples that include each column; 0 where none could be fitted."""
    return np.nan_to_num(fits.inclusion, nan=0.0)


def _mean_coefficient(fits: LassoBootstraps) -> Vector:
    """(k,) mean over the fitted resamples."""
    total = np.zeros(len(fits.counts))
    for support, coefficients in zip(fits.supports, fits.coefficients, strict=True):
        total[support] += coefficients
    return total / max(len(fits.supports), 1)


def _foremost(inclusion: Vector, coefficient: Vector, top: int) -> NDArray[np.int64]:
    """Columns that were ever included, the most often included first."""
    ever = np.flatnonzero(inclusion > 0)
    order = np.lexsort((ever, -np.abs(coefficient[ever]), -inclusion[ever]))
    return ever[order[:top]]


def _within(columns: Sequence[int] | NDArray[np.int64], part: slice) -> NDArray[np.int64]:
    """The columns that belong to a part, in their order."""
    columns = np.asarray(columns, np.int64)
    return columns[(columns >= part.start) & (columns < part.stop)]
