"""A guided heatmap of one region beside those of Captum and MONAI."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from captum.attr import GuidedBackprop
from monai.visualize.gradient_based import GuidedBackpropGrad
from numpy.typing import NDArray
from torch import nn

from comparison import compare
from prognosis.biomarkers.feature_names import FEATURES, unflatten
from prognosis.biomarkers.networks.attribution import heat
from prognosis.biomarkers.networks.unet import INPUT_SHAPE, SegmentingUNet
from unet_features import the_paper_twice

_WEIGHTS = 40
_MOST_APART = 1e-4


def guided_backprop() -> list[dict[str, Any]]:
    """The paper's encoder, 40 weights of both signs."""
    _, network = the_paper_twice()
    rng = np.random.default_rng(5)
    region = rng.normal(0, 60, INPUT_SHAPE[1:]).astype(np.float32)
    weights = np.zeros(FEATURES, np.float32)
    weights[rng.choice(FEATURES, _WEIGHTS, replace=False)] = rng.normal(size=_WEIGHTS)
    score = _Score(network, weights).eval()
    peers = {"captum": _by_captum(score, region), "monai": _by_monai(score, region)}
    return [_compared(name, theirs, network, region, weights) for name, theirs in peers.items()]


class _Score(nn.Module):
    """The weighted sum of features as a class of a classifier."""

    def __init__(self, network: SegmentingUNet, weights: NDArray[np.float32]) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(network.encoder)
        self.weights = torch.from_numpy(np.ascontiguousarray(unflatten(weights)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.encoder(x) * self.weights).flatten(1).sum(1, keepdim=True)


def _by_captum(score: nn.Module, region: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    def run() -> NDArray[np.float32]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of its hooks every time
            found = GuidedBackprop(score).attribute(torch.from_numpy(region)[None, None].requires_grad_(), target=0)
        return found.detach().numpy()[0, 0]

    return run


def _by_monai(score: nn.Module, region: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    named = copy.deepcopy(score)
    _name_relus(named)
    guided = GuidedBackpropGrad(named)

    def run() -> NDArray[np.float32]:
        return guided(torch.from_numpy(region.copy())[None, None], index=0, retain_graph=False).numpy()[0, 0]

    return run


def _name_relus(module: nn.Module) -> None:
    """Give ReLUs the name by which MONAI finds them; its own blocks call them 'A', and it would guide none."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.ReLU):
            delattr(module, name)
            module.add_module("relu", child)
        else:
            _name_relus(child)


def _compared(
    peer: str,
    theirs: Callable[[], NDArray[np.float32]],
    network: SegmentingUNet,
    region: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> dict[str, Any]:
    def ours() -> NDArray[np.float32]:
        return heat(network, region, weights)

    expected = theirs()
    apart = float(np.abs(ours() - expected).max() / np.abs(expected).max())
    if apart > _MOST_APART:
        raise AssertionError(f"the heatmap is {apart:.1e} of its largest value apart from {peer}'s")
    return compare(
        name=f"guided_backprop{'' if peer == 'captum' else f'_{peer}'}",
        work=f"heatmap of {_WEIGHTS} weighted features, one region of 96 x 96 x 48, channels 32 to 512",
        peer={"captum": "Captum", "monai": "MONAI"}[peer],
        ours=ours,
        theirs=theirs,
        agreement=f"voxels at most {apart:.1e} of the largest apart",
        repeats=3,
    )
