"""Whether a heatmap depends on what a network learnt, or would look the same without."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from prognosis.biomarkers.networks.attribution import HeatMethod, heat
from prognosis.biomarkers.networks.unet import SegmentingUNet


def sanity_correlation(
    network: SegmentingUNet,
    x: NDArray[np.float32],
    weights: NDArray[np.floating],
    seed: int = 0,
    *,
    method: HeatMethod = HeatMethod.GUIDED,
) -> float:
    """Compare a map with that of the same network after its weights are shuffled.

    Adebayo et al. (Sanity checks for saliency maps, 2018): a map that hardly changes shows edges of the image, not what
    was learnt.

    Args:
        network: The U-Net; it does not change.
        x: (48, 96, 96) normalised region.
        weights: (55296,) weights of features.
        seed: Of the shuffling.
        method: Of the maps.

    Returns:
        Spearman's correlation of the two maps' absolute values over all voxels, -1 to 1; 0 where a map is flat.
    """
    learnt = heat(network, x, weights, method=method, seed=seed)
    random = heat(shuffled(network, seed), x, weights, method=method, seed=seed)
    first, second = np.abs(learnt).ravel(), np.abs(random).ravel()
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(spearmanr(first, second).statistic)


def shuffled(network: SegmentingUNet, seed: int = 0) -> SegmentingUNet:
    """A copy of a network in which the numbers of each tensor of weights have changed places."""
    other = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return other
