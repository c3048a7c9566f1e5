"""A lesion model as a bundle on disk, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import (
    Architecture,
    ArchitectureKind,
    Baseline,
    Calibration,
    Manifest,
    Method,
    Metric,
    RiskPercentiles,
    RiskSource,
    Training,
)
from prognosis.bundles.model_used import Description, ModelUsed
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError
from prognosis.lesions.model import LesionModel
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.patches import PatchOptions
from prognosis.provenance import now, versions
from prognosis.survival.calibration import Calibration as SurvivalCalibration

_WEIGHTS = "network.safetensors"
_METRIC_LABELS = {"c_index": "C-index"}


def save_lesion_model(
    folder: Path,
    model: LesionModel,
    network_options: NetworkOptions,
    training: Training,
    metrics: Mapping[str, Metric],
    description: Description,
    *,
    half: bool = False,
    overwrite: bool = False,
) -> Bundle:
    """Write a model that was trained and calibrated on out-of-fold risks.

    Raises:
        ModelError: The model was never calibrated.
    """
    if model.calibration is None:
        raise ModelError(f"{folder}: a model without calibration cannot be written.", remedy="Train it with folds.")
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.LESIONS,
        demonstration=description.demonstration,
        architecture=Architecture(ArchitectureKind.LESION_RESNET18, asdict(network_options)),
        preprocessing={
            "patch_size": model.patch.size,
            "normalisation": {"hu_low": model.patch.hu_low, "hu_high": model.patch.hu_high},
        },
        label_meaning="A higher risk stands for an earlier death.",
        training=training,
        metrics=metrics,
        training_ranges=model.training_ranges,
        risk_percentiles=RiskPercentiles(
            patient=tuple(float(v) for v in model.patient_percentiles),
            lesion=tuple(float(v) for v in model.lesion_percentiles),
        ),
        calibration=Calibration(model.calibration.slope, model.calibration.mean_risk, RiskSource.OUT_OF_FOLD),
        baseline=_baseline(model.calibration),
        licence=description.licence,
        intended_use=description.intended_use,
        created=now(),
        versions=versions(),
    )
    tensors = {_WEIGHTS: dict(model.network.state_dict())}
    return write_bundle(folder, manifest, tensors, half=half, overwrite=overwrite)


def load_lesion_model(bundle: Bundle) -> LesionModel:
    """Build the model a verified bundle describes.

    Raises:
        ModelError: The bundle does not describe a lesion model, or weights and architecture differ.
    """
    manifest = bundle.manifest
    where = str(bundle.folder)
    if manifest.architecture.kind is not ArchitectureKind.LESION_RESNET18:
        raise ModelError(f"{where}: architecture {manifest.architecture.kind} does not score lesions.")
    if manifest.risk_percentiles is None or not manifest.risk_percentiles.lesion or manifest.calibration is None:
        raise ModelError(f"{where}: model.json gives no percentiles or no calibration.", remedy="Train the model anew.")
    network = LesionNetwork(_from_mapping(NetworkOptions, manifest.architecture.parameters, where))
    load_weights(network, bundle.tensors(_WEIGHTS), what=where)
    normalisation = manifest.preprocessing["normalisation"]
    patch = {"size": manifest.preprocessing.get("patch_size"), **normalisation}
    return LesionModel(
        network=network.eval(),
        patch=_from_mapping(PatchOptions, patch, where),
        lesion_percentiles=np.asarray(manifest.risk_percentiles.lesion),
        patient_percentiles=np.asarray(manifest.risk_percentiles.patient),
        calibration=_survival_calibration(manifest),
        used=_used(bundle),
        training_ranges=dict(manifest.training_ranges),
        unproven="c_index" in manifest.metrics and manifest.metrics["c_index"].low <= 0.5,
    )


def _baseline(calibration: SurvivalCalibration) -> Baseline | None:
    """The baseline hazard; None where higher risks did not mean earlier deaths, for no curve could be believed."""
    if calibration.slope <= 0:
        return None
    return Baseline(
        tuple(float(t) for t in calibration.times_days), tuple(float(h) for h in calibration.cumulative_hazard)
    )


def _survival_calibration(manifest: Manifest) -> SurvivalCalibration | None:
    if manifest.baseline is None or manifest.calibration is None:
        return None
    return SurvivalCalibration(
        slope=manifest.calibration.slope,
        mean_risk=manifest.calibration.mean_risk,
        times_days=np.asarray(manifest.baseline.times_days),
        cumulative_hazard=np.asarray(manifest.baseline.cumulative_hazard),
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
        training_summary=f"{training.patients} patients with {training.events} deaths, {training.lesions} lesions in "
        f"{training.annotations} annotations: {training.cohort}",
        metrics={
            _METRIC_LABELS.get(name, name): f"{metric.estimate:.3f} ({metric.low:.3f}-{metric.high:.3f}), {metric.how}"
            for name, metric in manifest.metrics.items()
        },
    )


def _from_mapping(kind: type, values: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{where}: model.json does not describe {kind.__name__}: {error}.") from error
