"""StyleGAN2 generators of the program GenForce, as this generator's."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from prognosis.portraits.stylegan2.foreign_fitting import (
    LayerNames,
    Place,
    as_it_is,
    counted,
    fitted,
    layer_places,
    mapping_places,
    options_of,
    plus_one,
    shape_of,
    turned,
)
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

_CONVOLUTION = LayerNames(".weight", ".bias", ".style.weight", ".style.bias", ".noise_strength")
_COLOURS = LayerNames(".weight", ".bias", ".style.weight", ".style.bias")


def from_genforce(
    tensors: Mapping[str, Tensor], *, what: str = "The checkpoint"
) -> tuple[GeneratorOptions, dict[str, Tensor]]:
    """Read the generator `generator_smooth`.

    GenForce keeps the paper's TensorFlow weights: every kernel is that of a cross-correlation, so those of layers that
    double the image are turned; a style is its bias plus one. Kernels may lie as (out, in, k, k) or as (k, k, in, out).

    Args:
        tensors: Of `generator_smooth` by name, such as `synthesis.layer1.style.weight`.
        what: The file, for messages.

    Returns:
        Options and state dict of a `Generator`.

    Raises:
        ModelError: Tensors are missing or do not fit.
    """
    tensors = {name: _outputs_first(name, tensor) for name, tensor in tensors.items()}
    count = counted(tensors, lambda index: f"synthesis.output{index}.bias")
    channels = [shape_of(tensors, f"synthesis.layer{2 * step}.bias", 1, what)[0] for step in range(count)]
    layers = counted(tensors, lambda index: f"mapping.dense{index}.weight")
    first, last = "mapping.dense0.weight", f"mapping.dense{max(layers - 1, 0)}.weight"
    options = options_of(tensors, layers, first, last, channels, what)
    filters = [name for name in tensors if name.startswith("synthesis.") and name.endswith((".kernel", ".filter"))]
    return options, fitted(tensors, list(_places(options)), Generator, options, filters=filters, what=what)


def _outputs_first(name: str, tensor: Tensor) -> Tensor:
    """(out, in, k, k) kernels; 3 and 1 pixels wide are known, and no layer has so few channels."""
    kernel = name.startswith("synthesis.") and name.endswith(".weight") and tensor.ndim == 4
    if kernel and tensor.shape[0] == tensor.shape[1] and tensor.shape[0] in (1, 3):
        return tensor.permute(3, 2, 0, 1)
    return tensor


def _places(options: GeneratorOptions) -> Iterator[Place]:
    yield Place("mean_w", "truncation.w_avg")
    yield Place("synthesis.constant", "synthesis.early_layer.const")
    yield from mapping_places(options.mapping_layers, lambda index: f"mapping.dense{index}")
    for index in range(options.layers - 1):
        ours, theirs = f"synthesis.convolutions.{index}", f"synthesis.layer{index}"
        kernel = turned if index % 2 else as_it_is
        yield from layer_places(ours, theirs, _CONVOLUTION, kernel=kernel, style_bias=plus_one)
        yield Place(f"{ours}.noise", f"{theirs}.noise")
    for index in range(len(options.sides)):
        theirs = f"synthesis.output{index}"
        yield from layer_places(f"synthesis.colours.{index}", theirs, _COLOURS, style_bias=plus_one)
