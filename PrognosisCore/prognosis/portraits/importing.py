"""Networks trained by other programs, from their checkpoints into bundles."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.file_names import MANIFEST_NAME
from prognosis.bundles.foreign.limits import shown
from prognosis.bundles.foreign.reading import ForeignCheckpoint, read_foreign
from prognosis.bundles.foreign.records import ForeignObject, StoredTensor
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.bundles.manifest import SOURCE, Architecture, ArchitectureKind, Manifest, Method
from prognosis.bundles.model_used import Description
from prognosis.bundles.weights import load_weights
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError
from prognosis.files import require_replaceable
from prognosis.portraits import generator_bundle, vgg16
from prognosis.portraits.stylegan2.foreign_layouts import from_ada, from_genforce, from_rosinality
from prognosis.portraits.stylegan2.foreign_rosinality import MEAN
from prognosis.portraits.stylegan2.options import GeneratorOptions
from prognosis.provenance import now, versions

Tensors = Mapping[str, torch.Tensor]

INTENDED_USE = (
    "Research on portraits. The network was imported from another program's file and was not validated here: "
    "nothing is known of who it was trained on. Not for diagnosis or treatment."
)
_LISTED = 8


class ForeignNetwork(StrEnum):
    """Whose checkpoints can be imported."""

    STYLEGAN2_ADA = "stylegan2-ada"
    """NVIDIA's stylegan2-ada-pytorch: a pickle of whole networks, of which the averaged generator G_ema is taken."""
    ROSINALITY = "rosinality"
    """The StyleGAN2 of github.com/rosinality: a state dict g_ema."""
    GENFORCE = "genforce"
    """The StyleGAN2 of github.com/genforce: a state dict generator_smooth."""
    VGG16 = "vgg16"
    """torchvision's VGG16: a state dict, of which the features are taken."""


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
    part = _PARTS[found](checkpoint.tree)
    if part is None:
        raise _holds_no(found.value, checkpoint.tree, source)
    tensors = flat_tensors(part)
    if found is ForeignNetwork.VGG16:
        network_parts = _vgg16(tensors, source)
    else:
        network_parts = _generator(found, tensors, checkpoint.tree, source)
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.PORTRAITS,
        demonstration=False,
        architecture=network_parts.architecture,
        preprocessing={"normalisation": network_parts.normalisation, SOURCE: _source(found, checkpoint)},
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


@dataclass(frozen=True)
class _NetworkParts:
    architecture: Architecture
    normalisation: Mapping[str, Any]
    files: Mapping[str, Tensors]


def _generator(network: ForeignNetwork, tensors: Tensors, tree: Any, source: Path) -> _NetworkParts:
    if network is ForeignNetwork.ROSINALITY and isinstance(mean := _entry(tree, MEAN), StoredTensor):
        tensors = {**tensors, MEAN: mean.tensor()}
    options, weights = _LAYOUTS[network](tensors, what=str(source))
    if network is ForeignNetwork.STYLEGAN2_ADA:
        options = _with_its_mapping_rate(options, tree, source)
    return _NetworkParts(
        Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, asdict(options)),
        generator_bundle.IMAGE_RANGE,
        {generator_bundle.WEIGHTS_FILE: weights},
    )


def _with_its_mapping_rate(options: GeneratorOptions, tree: Any, source: Path) -> GeneratorOptions:
    """Take over what NVIDIA's mapping multiplies its biases by: an attribute of its layers, which no tensor tells."""
    node = _entry(tree, "G_ema")
    for name in ("mapping", "fc0"):
        node = _entry(node.state.get("_modules"), name) if isinstance(node, ForeignObject) else None
    gain = node.state.get("bias_gain") if isinstance(node, ForeignObject) else None
    if gain is None:
        return options
    try:
        return replace(options, mapping_learning_rate=gain)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{source}: the mapping's learning rate is no number that can be used: {error}.",
            remedy="Get the file again from its source.",
        ) from error


def _vgg16(tensors: Tensors, source: Path) -> _NetworkParts:
    weights = {name: tensor.float() for name, tensor in tensors.items() if name.startswith("features.")}
    load_weights(vgg16.Vgg16Features(), weights, what=str(source))
    normalisation = {"channel_mean": vgg16.CHANNEL_MEAN, "channel_sd": vgg16.CHANNEL_SD}
    return _NetworkParts(
        Architecture(ArchitectureKind.FEATURES_VGG16, {}), normalisation, {vgg16.WEIGHTS_FILE: weights}
    )


def _source(network: ForeignNetwork, checkpoint: ForeignCheckpoint) -> dict[str, Any]:
    return {
        "format": network.value,
        "file": checkpoint.kind.value,
        "sha256": checkpoint.sha256,
        "size_bytes": checkpoint.size_bytes,
    }


def _network(tree: Any, source: Path) -> ForeignNetwork:
    found = [network for network, part in _PARTS.items() if part(tree) is not None]
    if len(found) != 1:
        raise _holds_no("one network that is known", tree, source)
    return found[0]


def _entry(tree: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def _genforce_part(tree: Any) -> Any:
    part = _entry(tree, "generator_smooth")
    return _entry(tree, "models", "generator_smooth") if part is None else part


def _vgg16_part(tree: Any) -> Any:
    return None if _entry(tree, "features.0.weight") is None else tree


_PARTS: dict[ForeignNetwork, Callable[[Any], Any]] = {
    ForeignNetwork.STYLEGAN2_ADA: lambda tree: _entry(tree, "G_ema"),
    ForeignNetwork.ROSINALITY: lambda tree: _entry(tree, "g_ema"),
    ForeignNetwork.GENFORCE: _genforce_part,
    ForeignNetwork.VGG16: _vgg16_part,
}
_LAYOUTS = {
    ForeignNetwork.STYLEGAN2_ADA: from_ada,
    ForeignNetwork.ROSINALITY: from_rosinality,
    ForeignNetwork.GENFORCE: from_genforce,
}


def _holds_no(what: str, tree: Any, source: Path) -> ModelError:
    names = [shown(str(name)) for name in tree] if isinstance(tree, dict) else []
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    held = f"it holds {', '.join(names[:_LISTED])}{more}" if names else "it holds no names"
    return ModelError(
        f"{source} is not recognised as {what}: {held}.",
        remedy=f"Known are {', '.join(ForeignNetwork)}; choose with --kind if the file is one of them.",
    )
