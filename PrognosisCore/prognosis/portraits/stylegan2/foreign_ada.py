"""Networks of NVIDIA's StyleGAN2-ADA for PyTorch, and of StyleGAN3's `stylegan2` configuration, as this generator's."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from prognosis.portraits.stylegan2.foreign_fitting import (
    LayerNames,
    Place,
    counted,
    fitted,
    layer_places,
    mapping_places,
    options_of,
    refusal,
    shape_of,
)
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import START, GeneratorOptions

_CONVOLUTION = LayerNames(".weight", ".bias", ".affine.weight", ".affine.bias", ".noise_strength")
_COLOURS = LayerNames(".weight", ".bias", ".affine.weight", ".affine.bias")
_CONDITION = "mapping.embed."
_WAY_PAST = ".skip.weight"


def from_ada(
    tensors: Mapping[str, Tensor], *, what: str = "The checkpoint"
) -> tuple[GeneratorOptions, dict[str, Tensor]]:
    """Read the generator `G_ema` of an official `.pkl`.

    Kernels are stored as this program's. The size comes from names and shapes; every tensor must fit.

    Args:
        tensors: Parameters and buffers of `G_ema` by name, such as `synthesis.b8.conv0.weight`.
        what: The file, for messages.

    Returns:
        Options and state dict of a `Generator`.

    Raises:
        ModelError: The network is conditional, of another architecture, or tensors are missing or do not fit.
    """
    if any(name.startswith(_CONDITION) for name in tensors):
        raise refusal(what, "the network makes images of chosen classes, which is not supported")
    if any(name.endswith(_WAY_PAST) for name in tensors):
        raise refusal(what, "the synthesis is residual; only the architecture 'skip' is supported")
    count = counted(tensors, lambda step: f"synthesis.b{START << step}.conv1.bias")
    sides = [START << step for step in range(count)]
    channels = [shape_of(tensors, f"synthesis.b{side}.conv1.bias", 1, what)[0] for side in sides]
    layers = counted(tensors, lambda index: f"mapping.fc{index}.weight")
    first, last = "mapping.fc0.weight", f"mapping.fc{max(layers - 1, 0)}.weight"
    options = options_of(tensors, layers, first, last, channels, what)
    filters = [name for name in tensors if name.startswith("synthesis.") and name.endswith(".resample_filter")]
    return options, fitted(tensors, list(_places(options)), Generator, options, filters=filters, what=what)


def _places(options: GeneratorOptions) -> Iterator[Place]:
    yield Place("mean_w", "mapping.w_avg")
    yield Place("synthesis.constant", f"synthesis.b{START}.const")
    yield from mapping_places(options.mapping_layers, lambda index: f"mapping.fc{index}")
    for index in range(options.layers - 1):
        ours = f"synthesis.convolutions.{index}"
        theirs = f"synthesis.b{options.sides[(index + 1) // 2]}.conv{(index + 1) % 2}"
        yield from layer_places(ours, theirs, _CONVOLUTION)
        yield Place(f"{ours}.noise", f"{theirs}.noise_const")
    for index, side in enumerate(options.sides):
        yield from layer_places(f"synthesis.colours.{index}", f"synthesis.b{side}.torgb", _COLOURS)
