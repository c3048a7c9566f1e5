"""A trained U-Net with all that is needed to use it."""

from dataclasses import dataclass

from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.unet import SegmentingUNet


@dataclass(frozen=True)
class Segmenter:
    """A U-Net that segments tumours on one modality, and knows nothing of survival.

    Args:
        network: In evaluation mode.
        modality: What it reads.
        normalisation: How voxel values become its input.
        region: How regions are cut for it.
        used: How results name it.
    """

    network: SegmentingUNet
    modality: Modality
    normalisation: Normalisation
    region: RegionOptions
    used: NetworkUsed
