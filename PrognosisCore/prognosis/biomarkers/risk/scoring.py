"""Scoring one PET/CT: images and contour in, probabilities and where they come from out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.region import Region
from prognosis.biomarkers.images.uptake import measure_uptake
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.attribution import HeatMethod
from prognosis.biomarkers.networks.extraction import Extractor
from prognosis.biomarkers.risk.heat import heat_of
from prognosis.biomarkers.risk.model import BiomarkerModel, EndpointModel
from prognosis.biomarkers.risk.results import Contribution, EndpointRisk, Heat, Scored, ScoredPetct
from prognosis.errors import InputError, UsageError
from prognosis.progress import Progress, silent
from prognosis.provenance import versions
from prognosis.survival.predicted_survival import PredictedSurvival, percentile_among, predicted_survival

WATERMARK = "DEMONSTRATION MODEL"

_FAR_SD = 10.0
"""Beyond lies some feature of an endpoint in fewer than one of a hundred training patients of the demonstration."""


@dataclass(frozen=True)
class ScoringOptions:
    """How a patient is scored.

    Args:
        endpoint: Key of the endpoint whose heat is drawn; '' takes the model's first.
        heat: How.
        show_demonstration_numbers: Show probabilities of a demonstration model on data that is no phantom.
    """

    endpoint: str = ""
    heat: HeatMethod = HeatMethod.GUIDED
    show_demonstration_numbers: bool = False


def score_petct(
    images: PatientImages,
    model: BiomarkerModel,
    extractors: Mapping[Modality, Extractor],
    options: ScoringOptions = ScoringOptions(),
    *,
    progress: Progress = silent,
) -> Scored:
    """Read features off a patient's images and turn them into probabilities and heat.

    Args:
        images: CT, PET in SUV and contours; an image for every network of the model.
        model: Networks and coefficients.
        extractors: The networks' encoders, ready to run.
        options: What is asked for.
        progress: Told of the steps.

    Raises:
        InputError: An image is missing that the model reads, or the tumour cannot be placed on it.
        UsageError: The model has no such endpoint.
    """
    chosen = require_endpoint(model, options.endpoint)
    missing = [one.shown for one in model.segmenters if one not in _given(images)]
    if missing:
        raise InputError(
            f"The model {model.used.name} reads {' and '.join(missing)}, which was not given.",
            remedy="Give both images, or a model of one modality.",
        )
    progress("cutting the region", 0, 3)
    region = cut_region(images, next(iter(model.segmenters.values())).region)
    inputs = {
        modality: segmenter.normalisation(region.images[modality]) for modality, segmenter in model.segmenters.items()
    }
    progress("reading features", 1, 3)
    bottlenecks = {modality: extractors[modality](inputs[modality]) for modality in model.segmenters}
    measured = measure_uptake(images)
    uptake = {name: value for name, value in measured.as_named().items() if np.isfinite(value)}
    hidden = model.used.demonstration and not images.phantom and not options.show_demonstration_numbers
    progress("drawing heat", 2, 3)
    heat = heat_of(chosen, model.segmenters, inputs, bottlenecks, region, images, options.heat)
    risk, risk_percentile, survival = _cox(model, bottlenecks, hidden=hidden)
    risks = tuple(_risk(one, bottlenecks, hidden=hidden) for one in model.endpoints)
    patient = ScoredPetct(
        endpoints=risks,
        risk=risk,
        risk_percentile=risk_percentile,
        survival=survival,
        conventional=uptake,
        watermark=WATERMARK if model.used.demonstration and not hidden else None,
        model=model.used,
        networks={one.shown: f"{s.used.name}, SHA-256 {s.used.sha256}" for one, s in model.segmenters.items()},
        suv={} if images.suv is None else images.suv.as_plain(),
        versions={**versions(), "engine": ", ".join(sorted({one.engine for one in extractors.values()}))},
        warnings=(
            *measured.notes,
            *_warnings(images, region, uptake, model),
            *_far_features(risks),
            *_of_demonstration(model, hidden=hidden),
            *_of_heat(heat),
        ),
    )
    progress("drawing heat", 3, 3)
    return Scored(patient, region, heat)


def require_endpoint(model: BiomarkerModel, key: str) -> EndpointModel:
    """The endpoint of a key, the first for ''.

    Raises:
        UsageError: The model has no such endpoint.
    """
    if not key:
        return model.endpoints[0]
    for one in model.endpoints:
        if one.endpoint.key == key:
            return one
    known = ", ".join(one.endpoint.key for one in model.endpoints)
    raise UsageError(f"The model has no endpoint '{key}'.", remedy=f"Choose from: {known}.")


def _given(images: PatientImages) -> set[Modality]:
    return {one for one, image in ((Modality.CT, images.ct), (Modality.PET, images.pet)) if image is not None}


def _risk(model: EndpointModel, bottlenecks: Mapping[Modality, NDArray], *, hidden: bool) -> EndpointRisk:
    values = model.score.values(bottlenecks)
    score = float(model.score(values))
    probability, low, high = (None, None, None) if hidden else model.probability(values)
    if model.slope == 0:  # every patient has the cohort's frequency, and no refit says otherwise
        low, high = None, None
    return EndpointRisk(
        key=model.endpoint.key,
        shown=model.endpoint.shown,
        horizon_days=model.endpoint.horizon_days,
        score=score,
        probability=probability,
        low=low,
        high=high,
        percentile=None if hidden else percentile_among(score, model.percentiles),
        contributions=_contributions(model, values, hidden=hidden),
        auc="not measured"
        if model.auc is None
        else f"{model.auc.estimate:.2f} ({model.auc.low:.2f} to {model.auc.high:.2f})",
        notes=_notes(model, score),
    )


def _notes(model: EndpointModel, score: float) -> tuple[str, ...]:
    notes = []
    if not model.percentiles[0] <= score <= model.percentiles[-1]:
        notes.append("the score lies outside those of all training patients")
    if model.slope <= 0:
        notes.append("out of fold the scores did not order patients: every patient has the cohort's frequency")
    elif model.unproven:
        notes.append("the model was not shown to order patients: the interval of its AUC holds 0.5")
    return tuple(notes)


def _contributions(model: EndpointModel, values: NDArray[np.float64], *, hidden: bool) -> tuple[Contribution, ...]:
    """What each feature adds to the number shown: the probability's log odds, or the score where that is hidden."""
    standardised = model.score.standardised(values)
    added = (1.0 if hidden else model.slope) * model.score.contributions(values)
    return tuple(
        Contribution(
            name=model.score.features[at].name,
            channel=model.score.features[at].channel,
            position=model.score.features[at].position,
            value=float(values[at]),
            standardised=float(standardised[at]),
            log_odds=float(added[at]),
        )
        for at in np.argsort(-np.abs(added), kind="stable")
    )


def _cox(
    model: BiomarkerModel, bottlenecks: Mapping[Modality, NDArray], *, hidden: bool
) -> tuple[float | None, float | None, PredictedSurvival | None]:
    cox = model.cox
    if cox is None:
        return None, None, None
    risk = float(cox.score(cox.score.values(bottlenecks)))
    if hidden:
        return risk, None, None
    survival = None if cox.calibration is None else predicted_survival(risk, cox.calibration)
    return risk, percentile_among(risk, cox.percentiles), survival


def _of_heat(heat: Heat) -> list[str]:
    return [
        f"the {modality.shown} heat is empty: no {modality.shown} feature that raises the score is active here"
        for modality, values in heat.region.items()
        if not values.any()
    ]


def _far_features(endpoints: Sequence[EndpointRisk]) -> list[str]:
    """Say when features lie where the model was never trained: its scores go on in a straight line out there."""
    found = {one.name: one.standardised for endpoint in endpoints for one in endpoint.contributions}
    far = {name: value for name, value in found.items() if abs(value) > _FAR_SD}
    if not far:
        return []
    farthest = max(far, key=lambda name: abs(far[name]))
    return [
        f"of the {len(found)} features read, {len(far)} {'lies' if len(far) == 1 else 'lie'} more than {_FAR_SD:g} SD "
        f"from the training patients' mean ({farthest}: {far[farthest]:+.0f} SD): these images are unlike those, and "
        "the scores may mean nothing"
    ]


def _warnings(images: PatientImages, region: Region, uptake: Mapping[str, float], model: BiomarkerModel) -> list[str]:
    warnings = [*images.notes, *region.flags]
    for name, (low, high) in model.training_ranges.items():
        value = uptake.get(name)
        if value is not None and np.isfinite(value) and not low <= value <= high:
            warnings.append(f"{name} is {value:.4g}, outside the model's training range of {low:.4g} to {high:.4g}")
    return warnings


def _of_demonstration(model: BiomarkerModel, *, hidden: bool) -> list[str]:
    warnings = []
    if model.used.demonstration:
        warnings.append("a demonstration model made these numbers")
    if hidden:
        warnings.append(
            "probabilities, percentiles and survival are not shown for a demonstration model on a patient's images; "
            "scores only order patients (--show-demonstration-numbers shows them, watermarked)"
        )
    return warnings
