"""Fitting a prognosis to features: choosing and fitting within folds first, then once more on everybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_names import parse_feature
from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.risk.fit_options import FitOptions
from prognosis.biomarkers.risk.fitting_progress import FittingProgress
from prognosis.biomarkers.risk.logistic_part import LogisticPart, fit_logistic_part, recalibrate, refits, spread_of
from prognosis.biomarkers.risk.model import CoxPart, EndpointModel, LinearScore
from prognosis.biomarkers.selection.choosing import choose_features
from prognosis.biomarkers.selection.labels import SelectionData, join_outcomes, label_endpoints
from prognosis.biomarkers.selection.own_images import require_own_images
from prognosis.biomarkers.selection.results import Chosen
from prognosis.biomarkers.selection.standardising import average_annotations
from prognosis.bundles.manifest import Metric, Training
from prognosis.cohort.table import CohortRow
from prognosis.config import as_plain
from prognosis.errors import InputError
from prognosis.progress import Progress, silent
from prognosis.survival.estimate import Estimate
from prognosis.survival.folds import patient_folds
from prognosis.survival.metrics.concordance import concordance
from prognosis.survival.metrics.horizon import HorizonEndpoint
from prognosis.survival.metrics.horizon_auc import horizon_auc
from prognosis.survival.models.calibrating import calibrate
from prognosis.survival.models.cox_model import fit_cox
from prognosis.survival.predicted_survival import PERCENTILE_LEVELS

Features = Mapping[Modality, NDArray[np.float32]]
Labels = Mapping[str, HorizonEndpoint]
_HOW = (
    "out of fold over {folds} folds, features chosen anew in each, pairs within a fold; 95 % bootstrap interval by "
    "patient, without the variance of training. The networks may have seen these patients' contours, never their "
    "survival"
)
_RANGES = ("mtv_contour_ml", "tlg_contour_ml", "suv_max")


@dataclass(frozen=True)
class Fitted:
    """A fitted prognosis, and what is known of its training.

    Args:
        endpoints: The logistic regressions.
        cox: The Cox regression beside them, None where it could not be had.
        training: For the manifest.
        metrics: Measured out of fold.
        training_ranges: Name with unit -> lowest and highest value.
        warnings: What its user should know.
    """

    endpoints: tuple[EndpointModel, ...]
    cox: CoxPart | None
    training: Training
    metrics: dict[str, Metric]
    training_ranges: dict[str, tuple[float, float]]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _CoxScore:
    """A Cox score and its standard deviation over training patients, whose mean score is 0."""

    score: LinearScore
    spread: float


@dataclass(frozen=True)
class _Parts:
    """What one set of training patients gives: a logistic part an endpoint, and a Cox score."""

    logistic: dict[str, LogisticPart]
    cox: _CoxScore | None


@dataclass(frozen=True)
class _OutOfFold:
    """What models say of patients when they saw neither them nor any choice made with them.

    Each is told in standard deviations from the mean that its model has over its own training patients, as models of
    fewer patients spread more widely: in those of the model of all patients it stands on that model's scale.

    Args:
        scores: Key of an endpoint -> (n,).
        risks: (n,) of the Cox regression.
        notes: Where no feature was chosen, in words.
    """

    scores: dict[str, NDArray[np.float64]]
    risks: NDArray[np.float64]
    notes: list[str]


def fit_prognosis(
    table: FeatureTable,
    cohort: Sequence[CohortRow],
    options: FitOptions,
    *,
    cohort_path: Path,
    description: str,
    progress: Progress = silent,
) -> Fitted:
    """Choose features and fit a ridge logistic regression an endpoint, and a ridge Cox regression beside them.

    Out-of-fold scores, from features chosen anew in each fold, give the measured AUC, the percentiles and the
    recalibration that turns the fitted log odds into probabilities. By default labels are weighted by the inverse
    probability of being uncensored; `censored='complete'` leaves out who was censored early, as the paper does. The
    LASSO that chooses features learns from complete cases either way, so that it never sees who met another cause
    before the horizon of a disease-specific endpoint; the weighted regression counts these as free of the event.

    Args:
        table: Features, all by one pair of networks.
        cohort: Outcomes.
        options: How to fit.
        cohort_path: The cohort table's file, for messages.
        description: The cohort in words.
        progress: Told how many of all LASSO fits are done.

    Raises:
        InputError: Features and cohort do not fit together, or there are too few events.
    """
    outcomes = join_outcomes(
        table.patient_ids, table.annotation_ids, cohort, table=cohort_path, disease_cause=options.disease_cause
    )
    require_own_images(table, outcomes.rows, cohort_path)
    annotations = outcomes.data
    data = annotations.subset(annotations.first)
    features = {
        modality: average_annotations(values[outcomes.rows], annotations.patient)
        for modality, values in table.features.items()
    }
    wanted = options.selection.chosen_endpoints
    labels, left_out = label_endpoints(data, wanted, least_patients=options.least_patients)
    _require_some(labels, left_out, cohort_path)
    fold = _folds(data, options, cohort_path)
    left_out.update(_too_rare(data, fold, options, labels))
    labels = {key: known for key, known in labels.items() if key not in left_out}
    _require_some(labels, left_out, cohort_path)
    told = FittingProgress(progress, options, parts=len(labels) * len(features))
    unseen = _out_of_fold(features, data, fold, options, list(labels), told)
    everybody = _fit(features, data, labels, options, options.bootstraps, options.seed, told)
    told.finish()
    warnings = [
        *outcomes.notes,
        *unseen.notes,
        *(f"{key} is left out: {why}." for key, why in left_out.items()),
        *_too_many_annotations(annotations),
    ]
    endpoints = []
    for endpoint in wanted:
        part = everybody.logistic.get(endpoint.key)
        if part is None:
            if endpoint.key in labels:
                warnings.append(f"{endpoint.key} is left out: no feature was chosen.")
            continue
        model = _endpoint_model(endpoint, part, labels[endpoint.key], unseen.scores[endpoint.key], fold, options)
        endpoints.append(model)
        warnings += [f"{endpoint.key}: {warning}." for warning in (*part.warnings, *_of_auc(model))]
    if not endpoints:
        raise InputError(f"{cohort_path}: no feature is tied to any endpoint.", remedy="Add patients.")
    cox = _cox_part(everybody.cox, unseen.risks, data, fold, options)
    return Fitted(
        endpoints=tuple(endpoints),
        cox=cox,
        training=_training(data, annotations, options, description),
        metrics=_metrics(endpoints, cox),
        training_ranges=_ranges(table, outcomes.rows),
        warnings=tuple(warnings),
    )


def _folds(data: SelectionData, options: FitOptions, cohort_path: Path) -> NDArray[np.int64]:
    try:
        return patient_folds(data.time_days, data.event, np.zeros(len(data)), folds=options.folds, seed=options.seed)
    except ValueError as error:
        raise InputError(f"{cohort_path}: {error}.", remedy="Add patients or lower --folds.") from error


def _require_some(labels: Labels, left_out: Mapping[str, str], cohort_path: Path) -> None:
    """Refuse a cohort of which no endpoint is left."""
    if not labels:
        reasons = "; ".join(f"{key}: {why}" for key, why in left_out.items())
        raise InputError(
            f"{cohort_path}: no endpoint can be fitted ({reasons}).", remedy="More patients or follow-up are needed."
        )


def _too_rare(data: SelectionData, fold: NDArray[np.int64], options: FitOptions, keys: Iterable[str]) -> dict[str, str]:
    """Why endpoints cannot be measured out of fold: key -> what the training patients of a fold lack."""
    lacking: dict[str, str] = {}
    for number in range(options.folds):
        _, why = _labels_within(data.subset(fold != number), options)
        lacking.update({key: f"without fold {number + 1} there are {why[key]}" for key in keys if key in why})
    return lacking


def _labels_within(training: SelectionData, options: FitOptions) -> tuple[dict[str, HorizonEndpoint], dict[str, str]]:
    return label_endpoints(training, options.selection.chosen_endpoints, least_patients=options.inner_least_patients)


def _out_of_fold(
    features: Features,
    data: SelectionData,
    fold: NDArray[np.int64],
    options: FitOptions,
    keys: Sequence[str],
    progress: Progress,
) -> _OutOfFold:
    scores = {key: np.zeros(len(data)) for key in keys}
    risks = np.zeros(len(data))
    notes = []
    for number in range(options.folds):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        assert not set(inside) & set(outside)
        training = data.subset(inside)
        found, _ = _labels_within(training, options)
        labels = {key: found[key] for key in keys}
        within = {modality: values[inside] for modality, values in features.items()}
        parts = _fit(within, training, labels, options, options.fold_bootstraps, options.seed + number + 1, progress)
        for key in keys:
            part = parts.logistic.get(key)
            if part is None:
                notes.append(f"{key}: in fold {number + 1} no feature was chosen; its patients share one score.")
            else:
                scores[key][outside] = _in_spreads(part.score, part.spread, features, outside)
        if parts.cox is not None:
            risks[outside] = _in_spreads(parts.cox.score, parts.cox.spread, features, outside)
    return _OutOfFold(scores, risks, notes)


def _in_spreads(score: LinearScore, spread: float, features: Features, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores in standard deviations from the mean of those whom it was fitted to; 0 where these are all alike."""
    values = np.column_stack([features[one.modality][rows, one.index] for one in score.features]).astype(np.float64)
    return (score(values) - score.intercept) / spread if spread > 0 else np.zeros(len(rows))


def _fit(
    features: Features,
    data: SelectionData,
    labels: Labels,
    options: FitOptions,
    bootstraps: int,
    seed: int,
    progress: Progress,
) -> _Parts:
    """Choose features and fit on one set of patients, which are all that anything is estimated from."""
    chosen = choose_features(features, data, labels, options.selecting(bootstraps, seed), seed=seed, progress=progress)
    logistic = {}
    for key, known in labels.items():
        names = _names(chosen, key)
        if names:
            values = _raw(names, features)
            logistic[key] = fit_logistic_part(
                names, values, known.label, _weight(known, options), penalty=None, seed=seed
            )
    union = list(dict.fromkeys(name for key in labels for name in _names(chosen, key)))
    return _Parts(logistic, _fit_cox_score(union, features, data, seed) if union else None)


def _fit_cox_score(names: Sequence[str], features: Features, data: SelectionData, seed: int) -> _CoxScore | None:
    values = _raw(names, features)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    standardised = (values - mean) / scale
    try:
        fitted = fit_cox(standardised, data.time_days, data.event, seed)
    except ValueError:  # fewer events than its inner folds
        return None
    basis = np.eye(len(names))
    coefficients = fitted.risk(basis) - fitted.risk(np.zeros((1, len(names))))
    score = LinearScore(tuple(map(parse_feature, names)), mean, scale, coefficients)
    return _CoxScore(score, spread_of(standardised @ coefficients))


def _names(chosen: Sequence[Chosen], key: str) -> list[str]:
    return [name for one in chosen if one.endpoint == key for name in one.features]


def _raw(names: Sequence[str], features: Features) -> NDArray[np.float64]:
    """(n, k) values of some features."""
    found = [parse_feature(name) for name in names]
    return np.column_stack([features[one.modality][:, one.index] for one in found]).astype(np.float64)


def _weight(known: HorizonEndpoint, options: FitOptions) -> NDArray[np.float64]:
    return known.complete.astype(float) if options.censored == "complete" else known.weight


def _endpoint_model(
    endpoint: Endpoint,
    part: LogisticPart,
    known: HorizonEndpoint,
    scores: NDArray[np.float64],
    fold: NDArray[np.int64],
    options: FitOptions,
) -> EndpointModel:
    """The model of all patients, measured and recalibrated by (n,) out-of-fold scores in standard deviations."""
    weight = _weight(known, options)
    counted = weight > 0
    scores = part.score.intercept + part.spread * scores
    believed = recalibrate(scores, known.label, weight)
    area = horizon_auc(scores, known.label, weight, fold, seed=options.seed)
    return EndpointModel(
        endpoint=endpoint,
        score=part.score,
        refits=refits(part, scores, known.label, weight, believed, draws=options.refits, seed=options.seed),
        slope=believed.slope,
        offset=believed.offset,
        percentiles=np.percentile(scores, PERCENTILE_LEVELS),
        events=int((counted & known.label).sum()),
        event_free=int((counted & ~known.label).sum()),
        auc=_metric(area, int(counted.sum()), options),
    )


def _cox_part(
    cox: _CoxScore | None,
    risks: NDArray[np.float64],
    data: SelectionData,
    fold: NDArray[np.int64],
    options: FitOptions,
) -> CoxPart | None:
    if cox is None:
        return None
    risks = cox.spread * risks
    calibration = calibrate(risks, data.time_days, data.event)
    return CoxPart(
        score=cox.score,
        calibration=calibration if calibration.slope > 0 else None,
        percentiles=np.percentile(risks, PERCENTILE_LEVELS),
        c_index=_metric(concordance(risks, data.time_days, data.event, strata=fold), len(data), options),
    )


def _metric(figure: Estimate, n: int, options: FitOptions) -> Metric:
    return Metric(figure.value, figure.low, figure.high, n, _HOW.format(folds=options.folds))


def _metrics(endpoints: Sequence[EndpointModel], cox: CoxPart | None) -> dict[str, Metric]:
    metrics = {f"AUC {one.endpoint.key}": one.auc for one in endpoints if one.auc is not None}
    return metrics if cox is None else {**metrics, "C-index": cox.c_index}


def _of_auc(model: EndpointModel) -> list[str]:
    if model.auc is None or not model.unproven:
        return []
    area = model.auc
    return [
        "the model was not shown to order patients: its out-of-fold AUC is "
        f"{area.estimate:.3f} ({area.low:.3f} to {area.high:.3f})"
    ]


def _too_many_annotations(annotations: SelectionData) -> list[str]:
    if len(annotations) == annotations.patients:
        return []
    return [f"{len(annotations)} annotations of {annotations.patients} patients: features are averaged over them."]


def _training(data: SelectionData, annotations: SelectionData, options: FitOptions, description: str) -> Training:
    details = {name: value for name, value in as_plain(options).items() if name != "seed" and value is not None}
    return Training(
        patients=len(data),
        annotations=len(annotations),
        lesions=0,
        events=int(data.event.sum()),
        follow_up_days=float(data.time_days.max()),
        epochs=0,
        seed=options.seed,
        cohort=description,
        details=details,
    )


def _ranges(table: FeatureTable, rows: NDArray[np.int64]) -> dict[str, tuple[float, float]]:
    ranges = {}
    for name in _RANGES:
        if name in table.conventional_names:
            values = table.conventional[rows, table.conventional_names.index(name)]
            values = values[np.isfinite(values)]
            if len(values):
                ranges[name] = (float(values.min()), float(values.max()))
    return ranges
