"""A U-Net's encoder for looking into it: its weights are shared and never touched."""

import copy

from torch import nn

from prognosis.biomarkers.networks.unet import SegmentingUNet


def frozen_encoder(network: SegmentingUNet) -> nn.Sequential:
    """A copy of a network's encoder in evaluation mode that shares its weights, without gradients of their own.

    Exchanging modules of the copy leaves the network as it is, so several threads may each take one.

    Returns:
        (n, 1, 48, 96, 96) -> (n, 512, 3, 6, 6), as `SegmentingUNet.encode`.
    """
    encoder = network.encoder
    shared = {id(one): nn.Parameter(one.detach(), requires_grad=False) for one in encoder.parameters()}
    return copy.deepcopy(encoder, shared).eval()
