"""Generators of the program `stylegan2-pytorch` by rosinality, as this generator's."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from prognosis.portraits.stylegan2.foreign_fitting import (
    LayerNames,
    Place,
    counted,
    fitted,
    layer_places,
    mapping_places,
    options_of,
    shape_of,
)
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.mapping import Mapping as MappingNetwork
from prognosis.portraits.stylegan2.options import GeneratorOptions

MEAN = "latent_avg"
"""Name of the mean w, which lies beside the generator in a converted checkpoint."""

_CONVOLUTION = LayerNames(
    ".conv.weight", ".activate.bias", ".conv.modulation.weight", ".conv.modulation.bias", ".noise.weight"
)
_COLOURS = LayerNames(".conv.weight", ".bias", ".conv.modulation.weight", ".conv.modulation.bias")
_MEAN_DRAWS = 10_000


def from_rosinality(
    tensors: Mapping[str, Tensor], *, what: str = "The checkpoint"
) -> tuple[GeneratorOptions, dict[str, Tensor]]:
    """Read the generator `g_ema`.

    Kernels are stored as this program's: it convolves where the image is doubled and cross-correlates elsewhere.

    Args:
        tensors: Of `g_ema` by name, such as `convs.0.conv.weight`, and the mean w as `latent_avg`. A checkpoint as
            training leaves it has none: the mean is then taken over 10,000 latents of a fixed seed.
        what: The file, for messages.

    Returns:
        Options and state dict of a `Generator`.

    Raises:
        ModelError: Tensors are missing or do not fit.
    """
    doublings = counted(tensors, lambda index: f"to_rgbs.{index}.bias")
    biases = [_convolution(2 * step) + ".activate.bias" for step in range(doublings + 1)]
    channels = [shape_of(tensors, name, 1, what)[0] for name in biases]
    layers = counted(tensors, lambda index: f"{_dense(index)}.weight")
    first, last = f"{_dense(0)}.weight", f"{_dense(max(layers - 1, 0))}.weight"
    options = options_of(tensors, layers, first, last, channels, what)
    filters = [name for name in tensors if name.endswith((".blur.kernel", ".upsample.kernel"))]
    places = list(_places(options))
    if MEAN in tensors:
        return options, fitted(
            tensors, [*places, Place("mean_w", MEAN)], Generator, options, filters=filters, what=what
        )
    state = fitted(tensors, places, Generator, options, filters=filters, what=what)
    return options, {**state, "mean_w": _drawn_mean(options, state)}


def _places(options: GeneratorOptions) -> Iterator[Place]:
    yield Place("synthesis.constant", "input.input")
    yield from mapping_places(options.mapping_layers, _dense)
    for index in range(options.layers - 1):
        ours = f"synthesis.convolutions.{index}"
        yield from layer_places(ours, _convolution(index), _CONVOLUTION)
        yield Place(f"{ours}.noise", f"noises.noise_{index}")
    for index in range(len(options.sides)):
        theirs = f"to_rgbs.{index - 1}" if index else "to_rgb1"
        yield from layer_places(f"synthesis.colours.{index}", theirs, _COLOURS)


def _dense(index: int) -> str:
    """Layer 0 of the mapping normalises z and has no weights."""
    return f"style.{index + 1}"


def _convolution(index: int) -> str:
    return f"convs.{index - 1}" if index else "conv1"


def _drawn_mean(options: GeneratorOptions, state: Mapping[str, Tensor]) -> Tensor:
    with torch.device("meta"):
        mapping = MappingNetwork(options)
    prefix = "mapping."
    own = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    mapping.load_state_dict(own, assign=True)
    with torch.inference_mode():
        z = torch.randn(_MEAN_DRAWS, options.z_dim, generator=torch.Generator().manual_seed(0))
        mean: Tensor = mapping(z).mean(dim=0)
    return mean.clone()
