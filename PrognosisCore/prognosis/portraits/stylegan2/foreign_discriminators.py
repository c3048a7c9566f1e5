"""Discriminators of three programs, as this program's: the same residual network under other names."""

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor

from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.foreign_fitting import Place, fitted, refusal
from prognosis.portraits.stylegan2.options import START, GeneratorOptions

_WHAT = "The discriminator"
_CONDITION = "mapping."
_PAST = ".past."


def discriminator_from_ada(
    tensors: Mapping[str, Tensor], options: GeneratorOptions, *, what: str = _WHAT
) -> dict[str, Tensor]:
    """Read the discriminator `D` of an official `.pkl` of NVIDIA's for PyTorch.

    Args:
        tensors: Parameters and buffers of `D` by name, such as `b64.conv0.weight`; frozen layers are buffers.
        options: Of the generator it was trained with.
        what: The file or network, for messages.

    Returns:
        State dict of a `Discriminator`.

    Raises:
        ModelError: The network is conditional, not residual, or tensors are missing or do not fit.
    """
    if any(name.startswith(_CONDITION) for name in tensors):
        raise refusal(what, "it judges images of chosen classes, which is not supported")
    return _fitted(tensors, options, _ada_places, ".resample_filter", what)


def discriminator_from_rosinality(
    tensors: Mapping[str, Tensor], options: GeneratorOptions, *, what: str = _WHAT
) -> dict[str, Tensor]:
    """Read the discriminator `d` of rosinality's program, whose tensors are called like `convs.1.conv1.0.weight`.

    Arguments and errors as of `discriminator_from_ada`.
    """
    return _fitted(tensors, options, _rosinality_places, ".kernel", what)


def discriminator_from_genforce(
    tensors: Mapping[str, Tensor], options: GeneratorOptions, *, what: str = _WHAT
) -> dict[str, Tensor]:
    """Read the `discriminator` of GenForce, whose tensors are called like `layer0.weight`.

    Arguments and errors as of `discriminator_from_ada`.
    """
    return _fitted(tensors, options, _genforce_places, ".filter.kernel", what)


def _fitted(
    tensors: Mapping[str, Tensor],
    options: GeneratorOptions,
    places_of: Callable[[GeneratorOptions], Iterator[Place]],
    filter_ending: str,
    what: str,
) -> dict[str, Tensor]:
    places = list(places_of(options))
    if not any(place.theirs in tensors for place in places if _PAST in place.ours):
        raise refusal(what, "it has no ways past its convolutions; only residual discriminators are supported")
    filters = [name for name in tensors if name.endswith(filter_ending)]
    return fitted(tensors, places, Discriminator, options, filters=filters, what=what)


def _ada_places(options: GeneratorOptions) -> Iterator[Place]:
    yield from _layer("colours", f"b{options.resolution}.fromrgb")
    for index, side in enumerate(options.sides[:0:-1]):
        yield from _layer(f"blocks.{index}.first", f"b{side}.conv0")
        yield from _layer(f"blocks.{index}.second", f"b{side}.conv1")
        yield Place(f"blocks.{index}.past.weight", f"b{side}.skip.weight")
    yield from _layer("last", f"b{START}.conv")
    yield from _layer("dense", f"b{START}.fc")
    yield from _layer("output", f"b{START}.out")


def _rosinality_places(options: GeneratorOptions) -> Iterator[Place]:
    """Layers are sequences: a filter where the image is halved, the convolution, the activation with the bias."""
    yield from _sequence("colours", "convs.0", weight=0)
    for index in range(len(options.sides) - 1):
        theirs = f"convs.{index + 1}"
        yield from _sequence(f"blocks.{index}.first", f"{theirs}.conv1", weight=0)
        yield from _sequence(f"blocks.{index}.second", f"{theirs}.conv2", weight=1)
        yield Place(f"blocks.{index}.past.weight", f"{theirs}.skip.1.weight")
    yield from _sequence("last", "final_conv", weight=0)
    yield from _layer("dense", "final_linear.0")
    yield from _layer("output", "final_linear.1")


def _genforce_places(options: GeneratorOptions) -> Iterator[Place]:
    yield from _layer("colours", "input0")
    count = len(options.sides) - 1
    for index in range(count):
        yield from _layer(f"blocks.{index}.first", f"layer{2 * index}")
        yield from _layer(f"blocks.{index}.second", f"layer{2 * index + 1}")
        yield Place(f"blocks.{index}.past.weight", f"skip_layer{index}.weight")
    for after, ours in enumerate(("last", "dense", "output")):
        yield from _layer(ours, f"layer{2 * count + after}")


def _layer(ours: str, theirs: str) -> Iterator[Place]:
    yield Place(f"{ours}.weight", f"{theirs}.weight")
    yield Place(f"{ours}.bias", f"{theirs}.bias")


def _sequence(ours: str, theirs: str, *, weight: int) -> Iterator[Place]:
    yield Place(f"{ours}.weight", f"{theirs}.{weight}.weight")
    yield Place(f"{ours}.bias", f"{theirs}.{weight + 1}.bias")
