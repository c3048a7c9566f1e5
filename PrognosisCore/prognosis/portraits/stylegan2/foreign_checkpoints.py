"""The networks in a StyleGAN2 checkpoint of another program: where they lie in its tree, and what of them is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Tensor

from prognosis.bundles.foreign.records import ForeignObject, StoredTensor
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.foreign_layouts import (
    discriminator_from_ada,
    discriminator_from_genforce,
    discriminator_from_rosinality,
    from_ada,
    from_genforce,
    from_rosinality,
)
from prognosis.portraits.stylegan2.foreign_rosinality import MEAN
from prognosis.portraits.stylegan2.options import GeneratorOptions

State = dict[str, Tensor]
Way = tuple[str, ...]

_GROUP = 4
"""Images whose deviation a discriminator of this program looks at together; so do those of the paper."""


class _ConvertGenerator(Protocol):
    def __call__(self, tensors: Mapping[str, Tensor], *, what: str) -> tuple[GeneratorOptions, State]: ...


class _ConvertDiscriminator(Protocol):
    def __call__(self, tensors: Mapping[str, Tensor], options: GeneratorOptions, *, what: str) -> State: ...


@dataclass(frozen=True)
class Program:
    """How a program's checkpoints are read.

    Args:
        generator: Ways of names to the generator whose weights are averages, the first that is there counts.
        discriminator: Ways to the discriminator.
        convert_generator: Makes this program's of its tensors.
        convert_discriminator: Makes this program's of its tensors.
        mean: Way to the mean w where it lies beside the generator.
    """

    generator: Sequence[Way]
    discriminator: Sequence[Way]
    convert_generator: _ConvertGenerator
    convert_discriminator: _ConvertDiscriminator
    mean: Way = ()


ADA = Program([("G_ema",)], [("D",)], from_ada, discriminator_from_ada)
ROSINALITY = Program([("g_ema",)], [("d",)], from_rosinality, discriminator_from_rosinality, mean=(MEAN,))
GENFORCE = Program(
    [("generator_smooth",), ("models", "generator_smooth")],
    [("discriminator",), ("models", "discriminator")],
    from_genforce,
    discriminator_from_genforce,
)


@dataclass(frozen=True)
class ForeignPair:
    """A generator, and its discriminator where the checkpoint holds one that can be used.

    Args:
        options: Size of both.
        generator: State dict of a `Generator`.
        discriminator: State dict of a `Discriminator`.
        note: What became of the discriminator, in a sentence.
    """

    options: GeneratorOptions
    generator: State
    discriminator: State | None
    note: str


def entry(tree: Any, *names: str) -> Any:
    """What lies in nested dictionaries under these names; None where there is no such entry."""
    for name in names:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def part_of(tree: Any, ways: Sequence[Way]) -> Any:
    """What lies at the first of the ways that leads anywhere; None where none does."""
    return next((part for way in ways if (part := entry(tree, *way)) is not None), None)


def read_pair(program: Program, tree: Any, *, what: str) -> ForeignPair:
    """Convert the networks of a checkpoint.

    Args:
        program: Whose it is.
        tree: `ForeignCheckpoint.tree`, which holds a generator.
        what: The file, for messages.

    Raises:
        ModelError: The generator cannot be used. A discriminator that cannot be used is left out, and the note says
            why: fine-tuning needs it, nothing else does.
    """
    part = part_of(tree, program.generator)
    tensors = flat_tensors(part)
    if program.mean and isinstance(mean := entry(tree, *program.mean), StoredTensor):
        tensors[MEAN] = mean.tensor()
    options, generator = program.convert_generator(tensors, what=what)
    options = _with_its_mapping_rate(options, part, what)
    discriminator, note = _discriminator(program, part_of(tree, program.discriminator), options)
    return ForeignPair(options, generator, discriminator, note)


def _with_its_mapping_rate(options: GeneratorOptions, generator: Any, what: str) -> GeneratorOptions:
    """Take over what NVIDIA's mapping multiplies its biases by: an attribute of its layers, which no tensor tells."""
    try:
        rate = _attribute(generator, ("mapping", "fc0"), "bias_gain", options.mapping_learning_rate)
        return replace(options, mapping_learning_rate=rate)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{what}: the mapping's learning rate is no number that can be used: {error}.",
            remedy="Get the file again from its source.",
        ) from error


def _discriminator(program: Program, part: Any, options: GeneratorOptions) -> tuple[State | None, str]:
    tensors = flat_tensors(part)
    if not tensors:
        return None, "The file holds no discriminator."
    try:
        state = program.convert_discriminator(tensors, options, what="The discriminator was left out")
    except ModelError as error:
        return None, error.what
    group = _attribute(part, ("b4", "mbstd"), "group_size", _GROUP)
    return state, f"The discriminator was taken over{_regrouped(group)}."


def _regrouped(group: Any) -> str:
    """NVIDIA's configurations differ in how many images are looked at together, which no tensor tells."""
    if group == _GROUP:
        return ""
    theirs = f"groups of {group}" if isinstance(group, int) else "groups of another size"
    return f"; there it compared images in {theirs}, here in groups of {_GROUP}"


def _attribute(network: Any, way: Way, name: str, default: Any) -> Any:
    """An attribute of a network inside a pickled one; the default where the file has none."""
    for inner in way:
        network = entry(network.state.get("_modules"), inner) if isinstance(network, ForeignObject) else None
    return network.state.get(name, default) if isinstance(network, ForeignObject) else default
