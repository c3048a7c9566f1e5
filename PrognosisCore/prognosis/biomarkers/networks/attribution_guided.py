"""An encoder through which only what speaks for a feature flows back."""

from typing import Any

import torch
from torch import Tensor, nn

from prognosis.biomarkers.networks.unet import SegmentingUNet
from prognosis.biomarkers.networks.unet_frozen import frozen_encoder


def guided_encoder(network: SegmentingUNet) -> nn.Sequential:
    """A frozen encoder whose every ReLU is guided (Springenberg et al., Striving for simplicity, 2015)."""
    encoder = frozen_encoder(network)
    _replace_relus(encoder, _GuidedReLU())
    return encoder


def _replace_relus(module: nn.Module, by: nn.Module) -> None:
    """Put a module in the place of every ReLU of another.

    MONAI's own helper looks for the name 'relu', which no block of its U-Nets bears: it would change nothing.
    """
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            setattr(module, name, by)
        else:
            _replace_relus(child, by)


class _GuidedReLU(nn.Module):
    """A ReLU that lets a gradient pass only where it is positive and the ReLU was active."""

    def forward(self, x: Tensor) -> Tensor:
        return _Guided.apply(x)


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        active = x.relu()
        context.save_for_backward(active)
        return active

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (active,) = context.saved_tensors
        return torch.ops.aten.threshold_backward(gradients[0].clamp_min(0), active, 0)
