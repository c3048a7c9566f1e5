"""The network of method 1: a ResNet that scores a lesion's patch, and a scaler that weighs it by its size."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_MOST_CHANNELS = 512


@dataclass(frozen=True)
class NetworkOptions:
    """Size of the network.

    Args:
        width: Channels of the first of ResNet18's four stages; they double from stage to stage (paper: 64).
        scaler_hidden: Hidden units of the size scaler.
    """

    width: int = 64
    scaler_hidden: int = 16

    def __post_init__(self) -> None:
        sizes = (self.width, self.scaler_hidden)
        if not all(isinstance(size, int) and 1 <= size <= _MOST_CHANNELS for size in sizes):
            msg = f"width and scaler_hidden must be whole numbers from 1 to {_MOST_CHANNELS}, got {self}"
            raise ValueError(msg)


class LesionNetwork(nn.Module):
    """ResNet18 from scratch on one channel, and the size scaler (Yang et al., methods).

    A lesion's risk is r = ResNet(patch) / risk_sd, its scale s = softplus(MLP(z)) / scale_mean with z the standardised
    log volume; the patient's risk is the sum of r * s. The constants make r of SD 1 and s of mean 1 over the training
    lesions. They are part of the training loss as well, so what is optimised is what is reported. The zero of r is the
    network's own: a lesion of risk zero adds nothing. Centring r on the training lesions would make forty average
    lesions equal to none.

    Args:
        options: Size of the network.
    """

    risk_sd: Tensor
    scale_mean: Tensor
    log_volume_mean: Tensor
    log_volume_sd: Tensor

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        from monai.networks.nets.resnet import ResNet

        width = options.width
        self.encoder: nn.Module = ResNet(
            block="basic",
            layers=[2, 2, 2, 2],
            block_inplanes=[width, 2 * width, 4 * width, 8 * width],
            spatial_dims=2,
            n_input_channels=1,
            conv1_t_size=7,
            conv1_t_stride=2,
            num_classes=1,
        )
        self.scaler = nn.Sequential(
            nn.Linear(1, options.scaler_hidden), nn.ReLU(), nn.Linear(options.scaler_hidden, 1), nn.Softplus()
        )
        for name, value in (
            ("risk_sd", 1.0),
            ("scale_mean", 1.0),
            ("log_volume_mean", 0.0),
            ("log_volume_sd", 1.0),
        ):
            self.register_buffer(name, torch.tensor(value))

    def raw_risk(self, patches: Tensor) -> Tensor:
        """(n,) outputs of the ResNet for (n, 1, size, size) patches."""
        return self.encoder(patches).squeeze(1)

    def raw_scale(self, volume_mm3: Tensor) -> Tensor:
        """(n,) outputs of the scaler for (n,) volumes in mm3."""
        z = (torch.log(volume_mm3) - self.log_volume_mean) / self.log_volume_sd
        return self.scaler(z.unsqueeze(1)).squeeze(1)

    def standardised(self, raw_risk: Tensor) -> Tensor:
        """r from the ResNet's output."""
        return raw_risk / self.risk_sd

    def scale(self, volume_mm3: Tensor) -> Tensor:
        """s from volumes in mm3."""
        return self.raw_scale(volume_mm3) / self.scale_mean
