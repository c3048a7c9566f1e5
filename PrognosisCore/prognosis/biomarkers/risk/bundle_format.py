"""A fitted prognosis as a bundle on disk, with both its networks, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_names import parse_feature
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.risk.model import BiomarkerModel, CoxPart, EndpointModel, LinearScore
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import (
    Architecture,
    ArchitectureKind,
    Baseline,
    Manifest,
    Method,
    Metric,
    RiskPercentiles,
    RiskSource,
)
from prognosis.bundles.manifest import Calibration as ManifestCalibration
from prognosis.bundles.model_used import Description, ModelUsed
from prognosis.bundles.strict_json import parse_record
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import InputError, ModelError
from prognosis.provenance import now, versions
from prognosis.survival.calibration import Calibration

if TYPE_CHECKING:
    from prognosis.biomarkers.risk.fitting import Fitted

PROGNOSIS_FILE = "prognosis.json"
_AGAIN = "Fit the model again, or get it again from its source."


@dataclass(frozen=True)
class _Score:
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        if not len(self.features) == len(self.mean) == len(self.scale) == len(self.coefficients) > 0:
            raise ValueError("needs one mean, scale and coefficient for each feature, and at least one")
        if min(self.scale) <= 0:
            raise ValueError("needs a 'scale' above 0")


@dataclass(frozen=True)
class _Endpoint:
    key: str
    shown: str
    horizon_days: float
    disease_specific: bool
    score: _Score
    refits: tuple[tuple[float, ...], ...]
    slope: float
    offset: float
    percentiles: tuple[float, ...]
    events: int
    event_free: int
    auc: Metric | None

    def __post_init__(self) -> None:
        if not self.refits or any(len(one) != len(self.score.features) + 1 for one in self.refits):
            raise ValueError("needs 'refits' of an intercept and a coefficient for each feature")
        if len(self.percentiles) != 101:
            raise ValueError("needs 101 'percentiles'")
        if self.slope < 0 or self.horizon_days <= 0:
            raise ValueError("needs a 'slope' of 0 or more and a horizon after 0")


@dataclass(frozen=True)
class _Prognosis:
    endpoints: tuple[_Endpoint, ...]
    cox: _Score | None
    cox_c_index: Metric | None

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise ValueError("needs at least one endpoint")


def save_biomarker_model(
    folder: Path,
    fitted: "Fitted",
    segmenters: Mapping[Modality, Segmenter],
    description: Description,
    *,
    overwrite: bool = False,
) -> Bundle:
    """Write a fitted prognosis together with both its networks."""
    cox = fitted.cox
    calibration = None if cox is None else cox.calibration
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.BIOMARKERS,
        demonstration=description.demonstration,
        architecture=Architecture(ArchitectureKind.BIOMARKER_PROGNOSIS, _network_parameters(segmenters)),
        preprocessing=_preprocessing(segmenters),
        label_meaning="Probability of death by a horizon; a higher risk stands for an earlier death.",
        training=fitted.training,
        metrics=fitted.metrics,
        training_ranges=fitted.training_ranges,
        risk_percentiles=None if cox is None else RiskPercentiles(_plain(cox.percentiles)),
        calibration=None
        if calibration is None
        else ManifestCalibration(calibration.slope, calibration.mean_risk, RiskSource.OUT_OF_FOLD),
        baseline=None
        if calibration is None
        else Baseline(_plain(calibration.times_days), _plain(calibration.cumulative_hazard)),
        licence=description.licence,
        intended_use=description.intended_use,
        created=now(),
        versions=versions(),
    )
    tensors = {_weights_file(modality): dict(one.network.state_dict()) for modality, one in segmenters.items()}
    texts = {PROGNOSIS_FILE: _prognosis_text(fitted)}
    return write_bundle(folder, manifest, tensors, texts, half=_fits_half(tensors), overwrite=overwrite)


def load_biomarker_model(bundle: Bundle) -> BiomarkerModel:
    """Build the model a verified bundle describes.

    Raises:
        ModelError: The bundle does not describe a fitted prognosis of biomarkers, or weights and architecture differ.
    """
    manifest = bundle.manifest
    if manifest.architecture.kind is not ArchitectureKind.BIOMARKER_PROGNOSIS:
        raise ModelError(
            f"{bundle.folder}: a model of kind '{manifest.architecture.kind}' gives no probabilities.",
            remedy="Give a model made by `prognosis biomarkers fit`.",
        )
    record = parse_record(_Prognosis, bundle.read(PROGNOSIS_FILE), bundle.folder / PROGNOSIS_FILE)
    segmenters = load_segmenters(bundle)
    try:
        endpoints = tuple(_endpoint_model(one) for one in record.endpoints)
        cox = _cox(record, manifest)
    except InputError as error:
        raise ModelError(f"{bundle.folder / PROGNOSIS_FILE}: {error.what}", remedy=_AGAIN) from error
    scores = [one.score for one in endpoints] + ([cox.score] if cox else [])
    for score in scores:
        if any(feature.modality not in segmenters for feature in score.features):
            raise ModelError(f"{bundle.folder}: a feature's network is missing.", remedy=_AGAIN)
    return BiomarkerModel(segmenters, endpoints, cox, _used(bundle), dict(manifest.training_ranges))


def load_segmenters(bundle: Bundle) -> dict[Modality, Segmenter]:
    """The networks within a bundle of a fitted prognosis.

    Raises:
        ModelError: A network is not described rightly, or weights and architecture differ.
    """
    manifest = bundle.manifest
    segmenters = {}
    for modality in Modality:
        described = manifest.architecture.parameters.get(modality.value)
        if described is None:
            continue
        try:
            options = UNetOptions(UNetKind(described["kind"]), tuple(described["channels"]), Norm(described["norm"]))
            used = NetworkUsed(described["name"], described["sha256"], described["demonstration"])
            normalisation = Normalisation(**manifest.preprocessing["normalisation"][modality.value])
            region = RegionOptions(**manifest.preprocessing["region"])
        except (KeyError, TypeError, ValueError) as error:
            what = f"{bundle.folder}: model.json does not describe the {modality.shown} network: {error}."
            raise ModelError(what, remedy=_AGAIN) from error
        network = SegmentingUNet(options)
        name = _weights_file(modality)
        load_weights(network, bundle.tensors(name), what=str(bundle.folder / name))
        segmenters[modality] = Segmenter(network.eval(), modality, normalisation, region, used)
    if not segmenters:
        raise ModelError(f"{bundle.folder}: model.json describes no network.", remedy=_AGAIN)
    return segmenters


def _prognosis_text(fitted: "Fitted") -> str:
    """The content of `prognosis.json`."""
    record = _Prognosis(
        endpoints=tuple(_endpoint_record(one) for one in fitted.endpoints),
        cox=None if fitted.cox is None else _score_record(fitted.cox.score),
        cox_c_index=None if fitted.cox is None else fitted.cox.c_index,
    )
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def _fits_half(tensors: Mapping[str, Mapping[str, torch.Tensor]]) -> bool:
    """Whether 16 bits hold every floating number exactly, as they do where they came from 16 bits."""
    return all(
        torch.equal(value, value.half().to(value.dtype))
        for named in tensors.values()
        for value in named.values()
        if value.is_floating_point()
    )


def _network_parameters(segmenters: Mapping[Modality, Segmenter]) -> dict[str, Any]:
    return {
        modality.value: {
            "kind": one.network.options.kind.value,
            "channels": one.network.options.channels,
            "norm": one.network.options.norm.value,
            **asdict(one.used),
        }
        for modality, one in segmenters.items()
    }


def _preprocessing(segmenters: Mapping[Modality, Segmenter]) -> dict[str, Any]:
    return {
        "region": asdict(next(iter(segmenters.values())).region),
        "normalisation": {modality.value: asdict(one.normalisation) for modality, one in segmenters.items()},
    }


def _weights_file(modality: Modality) -> str:
    return f"{modality.value}.safetensors"


def _score_record(score: LinearScore) -> _Score:
    return _Score(
        features=tuple(one.name for one in score.features),
        mean=_plain(score.mean),
        scale=_plain(score.scale),
        coefficients=_plain(score.coefficients),
        intercept=float(score.intercept),
    )


def _score_model(record: _Score) -> LinearScore:
    return LinearScore(
        features=tuple(parse_feature(name) for name in record.features),
        mean=np.array(record.mean),
        scale=np.array(record.scale),
        coefficients=np.array(record.coefficients),
        intercept=record.intercept,
    )


def _endpoint_record(model: EndpointModel) -> _Endpoint:
    return _Endpoint(
        **asdict(model.endpoint),
        score=_score_record(model.score),
        refits=tuple(_plain(one) for one in model.refits),
        slope=float(model.slope),
        offset=float(model.offset),
        percentiles=_plain(model.percentiles),
        events=model.events,
        event_free=model.event_free,
        auc=model.auc,
    )


def _endpoint_model(record: _Endpoint) -> EndpointModel:
    return EndpointModel(
        endpoint=Endpoint(record.key, record.shown, record.horizon_days, record.disease_specific),
        score=_score_model(record.score),
        refits=np.array(record.refits),
        slope=record.slope,
        offset=record.offset,
        percentiles=np.array(record.percentiles),
        events=record.events,
        event_free=record.event_free,
        auc=record.auc,
    )


def _cox(record: _Prognosis, manifest: Manifest) -> CoxPart | None:
    if record.cox is None or record.cox_c_index is None or manifest.risk_percentiles is None:
        return None
    calibration, baseline = manifest.calibration, manifest.baseline
    return CoxPart(
        score=_score_model(record.cox),
        calibration=None
        if calibration is None or baseline is None
        else Calibration(
            calibration.slope,
            calibration.mean_risk,
            np.array(baseline.times_days),
            np.array(baseline.cumulative_hazard),
        ),
        percentiles=np.array(manifest.risk_percentiles.patient),
        c_index=record.cox_c_index,
    )


def _used(bundle: Bundle) -> ModelUsed:
    manifest = bundle.manifest
    training = manifest.known_training
    return ModelUsed(
        name=manifest.name,
        version=manifest.version,
        sha256=bundle.sha256,
        demonstration=manifest.demonstration,
        intended_use=manifest.intended_use,
        training_summary=f"{training.patients} patients with {training.events} deaths: {training.cohort}",
        metrics={
            name: f"{metric.estimate:.3f} ({metric.low:.3f}-{metric.high:.3f}), {metric.how}"
            for name, metric in manifest.metrics.items()
        },
    )


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
