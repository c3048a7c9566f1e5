"""A U-Net as a bundle on disk, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_type_hints

from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import Architecture, ArchitectureKind, Manifest, Method
from prognosis.bundles.model_used import Description
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError
from prognosis.provenance import now, versions

if TYPE_CHECKING:
    from prognosis.biomarkers.networks.training import TrainedUNet

Choice = TypeVar("Choice", bound=StrEnum)
Record = TypeVar("Record")

_WEIGHTS = "network.safetensors"
_LABEL = "tumour voxel"
_ACCEPTED: dict[object, tuple[type, ...]] = {float: (int, float), bool: (bool,)}


def save_unet(
    folder: Path, trained: "TrainedUNet", description: Description, *, half: bool = False, overwrite: bool = False
) -> Bundle:
    """Write a trained U-Net.

    Args:
        folder: Where the bundle shall lie.
        trained: The network with all that is known of it.
        description: What the card says; a network that learnt from simulated patients is a demonstration regardless.
        half: Store weights in 16 bits.
        overwrite: Replace a bundle that is there.

    Raises:
        ModelError: The network holds numbers that cannot be stored.
        UsageError: The folder exists or cannot be written.
    """
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.BIOMARKERS,
        demonstration=description.demonstration or trained.phantom,
        architecture=Architecture(
            ArchitectureKind.BIOMARKER_UNET, {"modality": trained.modality.value, **asdict(trained.network.options)}
        ),
        preprocessing={"normalisation": asdict(trained.normalisation), "region": asdict(trained.region)},
        label_meaning=_LABEL,
        training=trained.training,
        metrics=trained.metrics,
        training_ranges=trained.ranges,
        risk_percentiles=None,
        calibration=None,
        baseline=None,
        licence=description.licence,
        intended_use=description.intended_use,
        created=now(),
        versions=versions(),
    )
    return write_bundle(
        folder, manifest, {_WEIGHTS: dict(trained.network.state_dict())}, half=half, overwrite=overwrite
    )


def load_unet(bundle: Bundle) -> Segmenter:
    """Build the U-Net a verified bundle describes.

    Raises:
        ModelError: The bundle does not describe a U-Net of this method, or weights and architecture differ.
    """
    manifest = bundle.manifest
    where = str(bundle.folder)
    kind = manifest.architecture.kind
    if manifest.method is not Method.BIOMARKERS or kind is not ArchitectureKind.BIOMARKER_UNET:
        raise ModelError(
            f"{where}: a model of the method '{manifest.method}' and architecture '{kind}' is no U-Net for PET/CT.",
            remedy="Give a model made by `prognosis biomarkers train`.",
        )
    parameters = dict(manifest.architecture.parameters)
    modality = _choice(Modality, parameters.pop("modality", None), where)
    parameters["kind"] = _choice(UNetKind, parameters.get("kind"), where)
    parameters["norm"] = _choice(Norm, parameters.get("norm"), where)
    network = SegmentingUNet(_record(UNetOptions, parameters, where))
    load_weights(network, bundle.tensors(_WEIGHTS), what=where)
    return Segmenter(
        network=network.eval(),
        modality=modality,
        normalisation=_record(Normalisation, manifest.preprocessing["normalisation"], where),
        region=_record(RegionOptions, manifest.preprocessing.get("region"), where),
        used=NetworkUsed(manifest.name, bundle.sha256, manifest.demonstration),
    )


def _choice(kind: type[Choice], value: object, where: str) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        known = ", ".join(kind)
        raise _not_described(kind, f"'{value}' is none of {known}", where) from error


def _record(kind: type[Record], values: object, where: str) -> Record:
    """Build a dataclass from a mapping that holds each of its fields, none left to a default."""
    hints = get_type_hints(kind)
    if not isinstance(values, Mapping) or set(values) != set(hints):
        raise _not_described(kind, f"it must give {', '.join(sorted(hints))}", where)
    for name, value in values.items():
        if hints[name] in _ACCEPTED and type(value) not in _ACCEPTED[hints[name]]:
            raise _not_described(kind, f"'{name}' is {value!r}", where)
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise _not_described(kind, str(error), where) from error


def _not_described(kind: type, why: str, where: str) -> ModelError:
    return ModelError(f"{where}: model.json does not describe {kind.__name__}: {why}.", remedy="Train the model anew.")
