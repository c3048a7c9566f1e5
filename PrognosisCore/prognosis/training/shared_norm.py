"""Batch normalisation by the whole of a step that several processes share, on any device.

PyTorch's own `SyncBatchNorm` runs on CUDA alone.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation whose statistics are those of all processes' parts together.

    Names of parameters and buffers, and what it computes in evaluation mode, are those of `nn.BatchNorm3d`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: (n, channels, ...), this process's part of a step.

        Returns:
            The same shape and type.
        """
        if not self.training:
            return super().forward(x)
        values = x.float()
        within = (0, *range(2, x.ndim))
        count = _Summed.apply(values.new_tensor(float(x.numel() // x.shape[1])))
        mean = _over_channels(_Summed.apply(values.sum(within)) / count, x)
        centred = values - mean
        variance = _Summed.apply(centred.square().sum(within)) / count
        self._remember(mean.flatten(), variance * count / (count - 1))
        normalised = centred * _over_channels((variance + self.eps).rsqrt(), x)
        if self.affine:
            normalised = normalised * _over_channels(self.weight, x) + _over_channels(self.bias, x)
        return normalised.to(x.dtype)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002  # PyTorch's name
        """Any number of dimensions is normalised."""

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def share_batch_norms(network: nn.Module) -> None:
    """Exchange a network's batch normalisations for shared ones, which keep its parameters and buffers."""
    for name, module in network.named_children():
        if isinstance(module, _BatchNorm) and not isinstance(module, SharedBatchNorm):
            setattr(network, name, _shared(module))
        else:
            share_batch_norms(module)


def _shared(norm: _BatchNorm) -> SharedBatchNorm:
    shared = SharedBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats, device="meta"
    )
    shared._parameters.update(norm._parameters)
    shared._buffers.update(norm._buffers)
    return shared.train(norm.training)


class _Summed(torch.autograd.Function):
    """The sum of a tensor over all processes, through which gradients flow back to each."""

    @staticmethod
    def forward(_: Any, tensor: Tensor) -> Tensor:
        return _summed(tensor)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        return _summed(gradients[0])


def _summed(tensor: Tensor) -> Tensor:
    tensor = tensor.contiguous().clone()
    distributed.all_reduce(tensor)
    return tensor


def _over_channels(values: Tensor, x: Tensor) -> Tensor:
    """(channels,) values as they multiply x."""
    return values.reshape(1, -1, *(1,) * (x.ndim - 2))
