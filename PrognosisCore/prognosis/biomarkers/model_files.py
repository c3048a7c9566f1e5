"""The networks of model bundles that are named on a command line."""

from collections.abc import Mapping, Sequence

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet_bundle import load_unet
from prognosis.biomarkers.risk.bundle_format import load_segmenters
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind, Method
from prognosis.bundles.store import find_bundle
from prognosis.errors import UsageError


def segmenters_of(models: Sequence[str]) -> Mapping[Modality, Segmenter]:
    """Load the U-Nets of models.

    Args:
        models: Names or folders of bundles, of networks or of fitted prognoses, at most one network of each modality;
            none for the default prognosis.

    Raises:
        ModelError: A bundle is not found, damaged, or holds no U-Net.
        UsageError: Two of them read the same modality.
    """
    found: dict[Modality, Segmenter] = {}
    for bundle in _bundles(models):
        for modality, segmenter in _networks(bundle).items():
            if modality in found:
                raise UsageError(
                    f"Two models read {modality.shown}: {found[modality].used.name} and {segmenter.used.name}.",
                    remedy="Give one of each modality.",
                )
            found[modality] = segmenter
    return found


def _bundles(models: Sequence[str]) -> list[Bundle]:
    if not models:
        return [find_bundle(None, method=Method.BIOMARKERS, kind=ArchitectureKind.BIOMARKER_PROGNOSIS)]
    return [find_bundle(model, method=Method.BIOMARKERS) for model in models]


def _networks(bundle: Bundle) -> Mapping[Modality, Segmenter]:
    if bundle.manifest.architecture.kind is ArchitectureKind.BIOMARKER_PROGNOSIS:
        return load_segmenters(bundle)
    segmenter = load_unet(bundle)
    return {segmenter.modality: segmenter}
