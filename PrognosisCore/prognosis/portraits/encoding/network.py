"""The encoder: a small residual network that guesses both latents of a face at once."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from prognosis.portraits.encoding.options import EncoderOptions
from prognosis.portraits.stylegan2.mapping import normalised
from prognosis.portraits.stylegan2.options import START

_COLOURS = 3


@dataclass(frozen=True)
class Guess:
    """Latents of faces as an encoder guesses them.

    Args:
        z: (n, z_dim) of length sqrt(z_dim).
        w: (n, w_dim), guessed apart from z: faces that no z gives can be nearer to it.
    """

    z: Tensor
    w: Tensor


class ResidualBlock(nn.Module):
    """Two normalised convolutions and a way past them (He et al. 2016); halves the image where asked to."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=2 if halves else 1, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.past = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else None
        self.halves = halves

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, h, h) or (n, outputs, h/2, h/2) of (n, inputs, h, h)."""
        past = functional.avg_pool2d(x, 2) if self.halves else x
        past = past if self.past is None else self.past(past)
        x = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(x)) + past)


class Encoder(nn.Module):
    """From colours through halving blocks to 4 pixels, whose places matter, then to z and to w.

    A state dict holds `colours.`, `colours_norm.`, `blocks.I.first|first_norm|second|second_norm|past.`, `hidden.`,
    `hidden_norm.`, `to_z.`, `to_w.`, and `w_mean` and `w_sd` (w_dim), the generator's, around which w is guessed.

    Args:
        options: Size.
    """

    w_mean: Tensor
    w_sd: Tensor

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        self.options = options
        first, *_, last = options.channels
        self.colours = nn.Conv2d(_COLOURS, first, 3, stride=2, padding=1, bias=False)
        self.colours_norm = nn.BatchNorm2d(first)
        halving = (ResidualBlock(inputs, outputs, halves=True) for inputs, outputs in pairwise(options.channels))
        self.blocks = nn.ModuleList([ResidualBlock(first, first, halves=False), *halving])
        self.hidden = nn.Linear(last * START**2, options.hidden, bias=False)
        self.hidden_norm = nn.BatchNorm1d(options.hidden)
        self.to_z = nn.Linear(options.hidden, options.z_dim)
        self.to_w = nn.Linear(options.hidden, options.w_dim)
        self.register_buffer("w_mean", torch.zeros(options.w_dim))
        self.register_buffer("w_sd", torch.ones(options.w_dim))

    def forward(self, images: Tensor) -> Guess:
        """Guess the latents of faces, each by itself in evaluation mode.

        Args:
            images: (n, 3, resolution, resolution) in [-1, 1]; what lies beyond is cut.

        Raises:
            ValueError: The images have another shape.
        """
        return self.of_seen(seen(images, self.options))

    def of_seen(self, images: Tensor) -> Guess:
        """As `forward`, of what `seen` gives."""
        x = images.to(self.w_mean.dtype).contiguous(memory_format=torch.channels_last)
        x = functional.relu(self.colours_norm(self.colours(x)))
        for block in self.blocks:
            x = block(x)
        x = functional.relu(self.hidden_norm(self.hidden(x.flatten(1))))
        return Guess(normalised(self.to_z(x)), self.w_mean + self.w_sd * self.to_w(x))


def seen(images: Tensor, options: EncoderOptions) -> Tensor:
    """What an encoder looks at: colours cut to [-1, 1], wide images shrunk by means over squares of pixels.

    Args:
        images: (n, 3, resolution, resolution).
        options: Size of the encoder.

    Returns:
        (n, 3, s, s) with s = `options.seen`.

    Raises:
        ValueError: The images have another shape.
    """
    wanted = (_COLOURS, options.resolution, options.resolution)
    if images.ndim != 4 or images.shape[1:] != wanted:
        msg = f"the encoder reads (n, {', '.join(map(str, wanted))}), got {tuple(images.shape)}"
        raise ValueError(msg)
    images = images.clamp(-1, 1)
    factor = options.resolution // options.seen
    return functional.avg_pool2d(images, factor) if factor > 1 else images
