"""Networks trained by other programs, from their checkpoints into bundles."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import torch

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.file_names import MANIFEST_NAME
from prognosis.bundles.foreign.limits import shown
from prognosis.bundles.foreign.reading import ForeignCheckpoint, read_foreign
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.bundles.manifest import SOURCE, Architecture, ArchitectureKind, Manifest, Method
from prognosis.bundles.model_used import Description
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError
from prognosis.files import require_replaceable
from prognosis.portraits import generator_bundle, resnet, vgg16
from prognosis.portraits.foreign_resnet import from_torchvision
from prognosis.portraits.stylegan2.foreign_checkpoints import (
    ADA,
    GENFORCE,
    ROSINALITY,
    Program,
    entry,
    part_of,
    read_pair,
)
from prognosis.provenance import now, versions

Tensors = Mapping[str, torch.Tensor]

INTENDED_USE = (
    "Research on portraits. The network was imported from another program's file and was not validated here: "
    "nothing is known of who it was trained on. Not for diagnosis or treatment."
)
_LISTED = 8
_NOTES = "notes"
_IMAGENET = {"channel_mean": vgg16.CHANNEL_MEAN, "channel_sd": vgg16.CHANNEL_SD}


class ForeignNetwork(StrEnum):
    """Whose checkpoints can be imported."""

    STYLEGAN2_ADA = "stylegan2-ada"
    """NVIDIA's stylegan2-ada-pytorch: a pickle of networks, of which the averaged generator G_ema is taken, and D."""
    ROSINALITY = "rosinality"
    """The StyleGAN2 of github.com/rosinality: state dicts g_ema and d."""
    GENFORCE = "genforce"
    """The StyleGAN2 of github.com/genforce: state dicts generator_smooth and discriminator."""
    VGG16 = "vgg16"
    """torchvision's VGG16: a state dict, of which the features are taken."""
    RESNET = "resnet"
    """torchvision's ResNet of 18, 34 or 50 layers: a state dict."""


def import_network(
    source: Path,
    folder: Path,
    description: Description,
    *,
    network: ForeignNetwork | None = None,
    half: bool = False,
    overwrite: bool = False,
) -> Bundle:
    """Read a checkpoint as data and write the network in it as a bundle of this program.

    A generator's discriminator lies beside it where the file holds one that fits; what became of it is told among the
    notes of the bundle (`notes_of`).

    Args:
        source: The .pt, .pth or .pkl file.
        folder: Where the bundle shall lie.
        description: Its name, version, licence and intended use.
        network: Whose checkpoint it is; found out from what it holds when None.
        half: Store weights in 16 bits.
        overwrite: Replace a bundle that is there.

    Returns:
        The bundle, opened from `folder`.

    Raises:
        ModelError: The file is damaged, carries more than data, or holds no network of that kind.
        UsageError: The folder exists or cannot be written.
    """
    require_replaceable(folder, known_by=MANIFEST_NAME, overwrite=overwrite)
    checkpoint = read_foreign(source)
    found = _network(checkpoint.tree, source) if network is None else network
    if _FINDERS[found](checkpoint.tree) is None:
        raise _holds_no(found.value, checkpoint.tree, source)
    network_parts = _READERS[found](checkpoint.tree, str(source))
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.PORTRAITS,
        demonstration=False,
        architecture=network_parts.architecture,
        preprocessing={
            "normalisation": network_parts.normalisation,
            SOURCE: _source(found, checkpoint, network_parts.notes),
        },
        label_meaning="It gives no risk.",
        training=None,
        metrics={},
        training_ranges={},
        risk_percentiles=None,
        calibration=None,
        baseline=None,
        licence=description.licence,
        intended_use=description.intended_use,
        created=now(),
        versions=versions(),
    )
    return write_bundle(folder, manifest, network_parts.files, half=half, overwrite=overwrite)


def notes_of(manifest: Manifest) -> tuple[str, ...]:
    """What importing left out or changed, in sentences; empty for a model that was not imported."""
    source = manifest.preprocessing.get(SOURCE)
    notes = source.get(_NOTES) if isinstance(source, Mapping) else None
    return tuple(map(str, notes)) if isinstance(notes, tuple) else ()


@dataclass(frozen=True)
class _NetworkParts:
    architecture: Architecture
    normalisation: Mapping[str, Any]
    files: Mapping[str, Tensors]
    notes: tuple[str, ...] = ()


def _pair(program: Program, tree: Any, what: str) -> _NetworkParts:
    pair = read_pair(program, tree, what=what)
    files = {generator_bundle.WEIGHTS_FILE: pair.generator}
    if pair.discriminator is not None:
        files[generator_bundle.DISCRIMINATOR_FILE] = pair.discriminator
    architecture = Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, asdict(pair.options))
    return _NetworkParts(architecture, generator_bundle.IMAGE_RANGE, files, (pair.note,))


def _vgg16(tree: Any, what: str) -> _NetworkParts:
    tensors = flat_tensors(tree)
    weights = {name: tensor.float() for name, tensor in tensors.items() if name.startswith("features.")}
    load_weights(vgg16.Vgg16Features(), weights, what=what)
    architecture = Architecture(ArchitectureKind.FEATURES_VGG16, {})
    return _NetworkParts(architecture, _IMAGENET, {vgg16.WEIGHTS_FILE: weights})


def _resnet(tree: Any, what: str) -> _NetworkParts:
    found = from_torchvision(flat_tensors(tree), what=what)
    architecture = Architecture(ArchitectureKind.FEATURES_RESNET, found.parameters)
    return _NetworkParts(architecture, _IMAGENET, {resnet.WEIGHTS_FILE: found.weights}, found.notes)


def _source(network: ForeignNetwork, checkpoint: ForeignCheckpoint, notes: tuple[str, ...]) -> dict[str, Any]:
    source = {
        "format": network.value,
        "file": checkpoint.kind.value,
        "sha256": checkpoint.sha256,
        "size_bytes": checkpoint.size_bytes,
    }
    return {**source, _NOTES: notes} if notes else source


def _network(tree: Any, source: Path) -> ForeignNetwork:
    found = [network for network, find in _FINDERS.items() if find(tree) is not None]
    if len(found) != 1:
        raise _holds_no("one network that is known", tree, source)
    return found[0]


def _torchvision(tree: Any, *names: str) -> Any:
    return tree if all(entry(tree, name) is not None for name in names) else None


_PROGRAMS = {
    ForeignNetwork.STYLEGAN2_ADA: ADA,
    ForeignNetwork.ROSINALITY: ROSINALITY,
    ForeignNetwork.GENFORCE: GENFORCE,
}
_FINDERS: dict[ForeignNetwork, Callable[[Any], Any]] = {
    **{network: partial(part_of, ways=program.generator) for network, program in _PROGRAMS.items()},
    ForeignNetwork.VGG16: lambda tree: _torchvision(tree, "features.0.weight"),
    ForeignNetwork.RESNET: lambda tree: _torchvision(tree, "conv1.weight", "layer1.0.conv1.weight"),
}
_READERS: dict[ForeignNetwork, Callable[[Any, str], _NetworkParts]] = {
    **{network: partial(_pair, program) for network, program in _PROGRAMS.items()},
    ForeignNetwork.VGG16: _vgg16,
    ForeignNetwork.RESNET: _resnet,
}


def _holds_no(what: str, tree: Any, source: Path) -> ModelError:
    names = [shown(str(name)) for name in tree] if isinstance(tree, dict) else []
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    held = f"it holds {', '.join(names[:_LISTED])}{more}" if names else "it holds no names"
    return ModelError(
        f"{source} is not recognised as {what}: {held}.",
        remedy=f"Known are {', '.join(ForeignNetwork)}; choose with --kind if the file is one of them.",
    )
