"""Doubling and halving images through the filter [1, 3, 3, 1] (Karras et al. 2020, section 2 and code of the paper)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

FILTER = (1.0, 3.0, 3.0, 1.0)
"""Taps along each axis; the two-dimensional filter is their outer product, scaled to a sum of 1."""


def filter_kernel() -> Tensor:
    """(4, 4) the filter with a sum of 1."""
    taps = torch.tensor(FILTER) / sum(FILTER)
    return torch.outer(taps, taps)


class Resampling(nn.Module):
    """The filter as an operation on each channel; it has no weights and adds nothing to a state dict."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", filter_kernel(), persistent=False)

    def smoothed(self, x: Tensor, *, padding: int, stride: int = 1, gain: float = 1.0) -> Tensor:
        """Filter every channel, zeros beyond the border.

        Args:
            x: (n, c, h, w).
            padding: Zeros on each side.
            stride: Of the outputs that are kept.
            gain: Factor of the result.

        Returns:
            (n, c, h', w') with h' = (h + 2 padding - 4) // stride + 1.
        """
        kernel = self._for(x, gain)
        return functional.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])

    def doubled(self, x: Tensor) -> Tensor:
        """(n, c, 2h, 2w): zeros put between the pixels, then filtered to the same mean brightness."""
        return functional.conv_transpose2d(x, self._for(x, 4.0), stride=2, padding=1, groups=x.shape[1])

    def halved(self, x: Tensor) -> Tensor:
        """(n, c, h/2, w/2): filtered, then every second pixel kept."""
        return self.smoothed(x, padding=1, stride=2)

    def _for(self, x: Tensor, gain: float) -> Tensor:
        return (self.kernel * gain).to(x.dtype).expand(x.shape[1], 1, -1, -1)
