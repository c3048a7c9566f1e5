"""Regions with bright blobs and their contours, small in number, for trainings of seconds."""

import numpy as np
import torch

from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.training_data import TrainingRegions
from prognosis.biomarkers.networks.unet import UNetKind, UNetOptions

SHAPE = (48, 96, 96)
NARROW = (2, 2, 4, 4, 512)
SMALL = UNetOptions(UNetKind.COMPACT, NARROW)


def blob(radius, centre=(24, 48, 48)):
    """A ball [k, j, i] of a radius in voxels."""
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 <= radius**2


def regions(patients=4, *, annotations=None, seed=0, phantom=False, **changes):
    """One bright ball a patient, in noise; `annotations` gives how many readers drew each."""
    generator = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), annotations or [1] * patients)
    radii = generator.uniform(8, 20, patients)
    tumours = np.stack([blob(radii[patient]) for patient in owner])
    base = [generator.normal(60, 10, SHAPE) for _ in range(patients)]
    images = np.stack([base[patient] + 120 * tumours[row] for row, patient in enumerate(owner)])
    values = {
        "modality": Modality.PET,
        "region": RegionOptions(),
        "normalisation": Normalisation(0.01, 20.0),
        "images": torch.from_numpy(np.clip(images, 0, 255).astype(np.float16)),
        "tumours": torch.from_numpy(tumours),
        "patient": owner,
        "spacing_mm": np.ones(len(owner)),
        "ranges": {"tumour_volume_ml": (2.0, 34.0)},
        "phantom": phantom,
    }
    return TrainingRegions(**(values | changes))
