"""Risks of a cohort's lesions and patients by a network, as scoring computes them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.lesions.augment import central
from prognosis.lesions.network import LesionNetwork
from prognosis.lesions.training_data import TrainingData

_CHUNK = 256


def lesions_of(data: TrainingData, patients: NDArray[np.int64]) -> Tensor:
    """Indices of the lesions of the given patients, over all annotations."""
    chosen = torch.zeros(data.patients, dtype=torch.bool)
    chosen[torch.from_numpy(patients)] = True
    return torch.nonzero(chosen[data.patient[data.annotation]]).squeeze(1)


def lesion_risks(network: LesionNetwork, data: TrainingData, lesions: Tensor, patch_size: int) -> tuple[Tensor, Tensor]:
    """r and s of the lesions with the given indices, as scoring computes them."""
    with torch.inference_mode():
        raw = [network.raw_risk(central(data.patches[chunk], patch_size)) for chunk in lesions.split(_CHUNK)]
        return network.standardised(torch.cat(raw)), network.scale(data.volume_mm3[lesions])


def patient_risks(data: TrainingData, lesions: Tensor, risk: Tensor, scale: Tensor) -> NDArray[np.float64]:
    """(patients,) sums of r * s, averaged over annotations; zero where a patient has no lesion among those given."""
    weight = data.annotation_weight[data.annotation[lesions]]
    sums = torch.zeros(data.patients, dtype=torch.float64)
    sums.index_add_(0, data.patient[data.annotation[lesions]], (weight * risk * scale).double())
    return sums.numpy()
