import numpy as np
import pytest
import torch

from prognosis.bundles.model_used import ModelUsed
from prognosis.engines.engine import Engine
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionSet, cropped_lesion
from prognosis.imaging.volume import Volume
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.model import LesionModel
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.patches import PatchOptions
from prognosis.survival.calibration import Calibration

GEOMETRY = Geometry((60, 50, 24), (1.0, 1.0, 2.5), (-30.0, -25.0, 100.0))


@pytest.fixture
def an_image():
    """A CT of noise around water, in LPS orientation."""
    array = np.random.default_rng(0).normal(0, 60, GEOMETRY.shape).astype(np.int16)
    array[:, :, :4] = -1000
    return Volume(array, GEOMETRY, modality="CT")


@pytest.fixture
def ball():
    """Make the mask of a ball: label, centre (i, j, k) in voxels, radius in mm."""

    def ball(label, centre, radius_mm, *, geometry=GEOMETRY, notes=()):
        k, j, i = np.indices(geometry.shape)
        offset = (np.stack([i, j, k], -1) - np.asarray(centre)) * geometry.spacing
        mask = (offset**2).sum(-1) <= radius_mm**2
        lesion = cropped_lesion(label, f"ball {label}", mask, geometry, notes)
        assert lesion is not None
        return lesion

    return ball


@pytest.fixture
def lesions(ball):
    return LesionSet((ball(1, (20, 20, 8), 5.0), ball(2, (40, 30, 12), 8.0), ball(3, (22, 22, 16), 3.0)))


@pytest.fixture
def a_model():
    """Make an untrained model with percentiles and a calibration one can follow by hand."""

    def a_model(*, demonstration=False, **ranges):
        torch.manual_seed(1)
        network = LesionNetwork(NetworkOptions(width=8)).eval()
        network.log_volume_mean.fill_(6.0)
        network.risk_sd.fill_(0.1)
        return LesionModel(
            network=network,
            patch=PatchOptions(),
            lesion_percentiles=np.linspace(-5, 5, 101),
            patient_percentiles=np.linspace(-20, 20, 101),
            calibration=Calibration(0.5, 0.0, np.array([100.0, 500.0, 900.0]), np.array([0.1, 0.4, 0.8])),
            used=ModelUsed("test", "1", "0" * 64, demonstration, "tests", "nobody"),
            training_ranges=ranges,
        )

    return a_model


@pytest.fixture
def torch_scorer():
    def torch_scorer(model):
        return make_scorer(model.network.encoder, model.patch.size, Engine.TORCH)

    return torch_scorer
