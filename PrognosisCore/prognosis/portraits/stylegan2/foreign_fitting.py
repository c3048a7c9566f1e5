"""Putting the tensors of a foreign checkpoint where this program's networks have them, or saying why not."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from prognosis.bundles.foreign.limits import shown
from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.options import LARGEST_IMAGE, START, GeneratorOptions
from prognosis.portraits.stylegan2.resampling import filter_kernel

_LISTED = 8
_MOST_LAYERS = 64
_FILTER_TOLERANCE = 1e-3
_REMEDY = "Give the generator of an official checkpoint of this kind, or say which kind it is."


def as_it_is(tensor: Tensor) -> Tensor:
    """The tensor."""
    return tensor


def plus_one(tensor: Tensor) -> Tensor:
    """Style biases of programs that add the one where the styles are used."""
    return tensor + 1


def turned(tensor: Tensor) -> Tensor:
    """(..., k, k) kernels turned by half a circle: a cross-correlation's is a convolution's."""
    return tensor.flip(-2, -1)


@dataclass(frozen=True)
class Place:
    """Where a tensor lies.

    Args:
        ours: Its name in this program's network.
        theirs: Its name in the checkpoint.
        adapt: What makes theirs ours; it keeps the shape.
    """

    ours: str
    theirs: str
    adapt: Callable[[Tensor], Tensor] = as_it_is


@dataclass(frozen=True)
class LayerNames:
    """What one program calls the parts of a layer, after the layer's name."""

    weight: str
    bias: str
    style_weight: str
    style_bias: str
    noise_strength: str = ""


def refusal(what: str, why: str) -> ModelError:
    """Error for a checkpoint that is not what it should be."""
    return ModelError(f"{what}: {why}.", remedy=_REMEDY)


def mapping_places(layers: int, name: Callable[[int], str]) -> Iterator[Place]:
    """Weights and biases of the mapping; `name` gives a layer's."""
    for index in range(layers):
        for part in ("weight", "bias"):
            yield Place(f"mapping.layers.{index}.{part}", f"{name(index)}.{part}")


def layer_places(
    ours: str,
    theirs: str,
    names: LayerNames,
    *,
    kernel: Callable[[Tensor], Tensor] = as_it_is,
    style_bias: Callable[[Tensor], Tensor] = as_it_is,
) -> Iterator[Place]:
    """All of a styled layer but its constant noise."""
    yield Place(f"{ours}.weight", theirs + names.weight, kernel)
    yield Place(f"{ours}.bias", theirs + names.bias)
    yield Place(f"{ours}.style.weight", theirs + names.style_weight)
    yield Place(f"{ours}.style.bias", theirs + names.style_bias, style_bias)
    if names.noise_strength:
        yield Place(f"{ours}.noise_strength", theirs + names.noise_strength)


def shape_of(tensors: Mapping[str, Tensor], name: str, axes: int, what: str) -> tuple[int, ...]:
    """The shape of a tensor that must be there, but for axes of length one.

    Raises:
        ModelError: There is no such tensor, or it has another number of axes.
    """
    if name not in tensors:
        raise refusal(what, f"there is no tensor '{name}', which networks of this kind have")
    shape = _telling(tensors[name].shape)
    if len(shape) != axes or 0 in shape:
        raise refusal(what, f"the tensor '{name}' has the shape {tuple(tensors[name].shape)}")
    return shape


def counted(tensors: Mapping[str, Tensor], name: Callable[[int], str]) -> int:
    """How many tensors are there whose names count up from zero."""
    return next((index for index in range(_MOST_LAYERS) if name(index) not in tensors), _MOST_LAYERS)


def options_of(
    tensors: Mapping[str, Tensor], mapping_layers: int, first: str, last: str, channels: Sequence[int], what: str
) -> GeneratorOptions:
    """The size of a network.

    Args:
        tensors: Of the checkpoint.
        mapping_layers: Number of layers of the mapping.
        first: Name of the mapping's first weight.
        last: Name of the mapping's last weight.
        channels: Of the activations at 4, 8, ... pixels a side.
        what: The file, for messages.

    Raises:
        ModelError: No network of this program has that size.
    """
    sides = [START << step for step in range(len(channels))]
    if not sides or sides[-1] > LARGEST_IMAGE:
        raise refusal(what, f"the images would be {START << max(len(channels) - 1, 0)} pixels wide")
    base = max(side * count for side, count in zip(sides, channels, strict=True))
    try:
        options = GeneratorOptions(
            resolution=sides[-1],
            z_dim=shape_of(tensors, first, 2, what)[1],
            w_dim=shape_of(tensors, last, 2, what)[0],
            channel_base=base,
            channel_max=max(channels),
            mapping_layers=mapping_layers,
        )
    except ValueError as error:
        raise refusal(what, f"this is no size of a network that can be used here: {error}") from error
    if [options.channels(side) for side in sides] != list(channels):
        listed = ", ".join(f"{count} at {side} pixels" for side, count in zip(sides, channels, strict=True))
        raise refusal(what, f"channels that follow no known rule: {listed}")
    return options


def fitted(
    tensors: Mapping[str, Tensor],
    places: Sequence[Place],
    network: Callable[[GeneratorOptions], nn.Module],
    options: GeneratorOptions,
    *,
    filters: Collection[str],
    what: str,
) -> dict[str, Tensor]:
    """The state dict of a network, in 32 bits.

    Args:
        tensors: Of the checkpoint.
        places: Where all of the network's tensors lie.
        network: Builds it.
        options: Its size.
        filters: Names of resampling filters, which must be those of this program and have no place.
        what: The file, for messages.

    Raises:
        ModelError: Tensors are missing, left over, of another shape, or filters are others; each is named.
    """
    with torch.device("meta"):
        wanted = {name: tuple(tensor.shape) for name, tensor in network(options).state_dict().items()}
    state: dict[str, Tensor] = {}
    missing, differing = [], []
    for place in places:
        shape, tensor = wanted[place.ours], tensors.get(place.theirs)
        if tensor is None:
            missing.append(f"{place.theirs} {shape}")
        elif _telling(tensor.shape) != _telling(shape) or not tensor.is_floating_point():
            differing.append(f"{place.theirs} (network {shape}, file {tuple(tensor.shape)} of {tensor.dtype})")
        else:
            state[place.ours] = place.adapt(tensor.detach().float().reshape(shape)).contiguous()
    known = {place.theirs for place in places} | set(filters)
    unexpected = [f"{shown(name)} {tuple(tensor.shape)}" for name, tensor in tensors.items() if name not in known]
    others = [shown(name) for name in filters if not _is_our_filter(tensors[name])]
    problems = (
        ("missing", missing),
        ("of another shape or kind", differing),
        ("unexpected", unexpected),
        ("resampling filters other than [1, 3, 3, 1]", others),
    )
    said = [f"{word}: {_some(names)}" for word, names in problems if names]
    if said:
        raise refusal(what, f"the tensors are not those of such a network. {'; '.join(said)}")
    return state


def _telling(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _is_our_filter(kernel: Tensor) -> bool:
    wanted = filter_kernel()
    if _telling(kernel.shape) != tuple(wanted.shape):
        return False
    values = kernel.detach().float().reshape(wanted.shape)
    return bool(torch.allclose(values / values.sum(), wanted, rtol=_FILTER_TOLERANCE))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
