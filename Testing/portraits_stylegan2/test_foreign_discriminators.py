"""Discriminators of three programs, converted, judge as each program's own rules do; others are refused by name."""

import numpy as np
import pytest
import slow_ada
import slow_genforce
import slow_rosinality
import torch

from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.foreign_layouts import (
    discriminator_from_ada,
    discriminator_from_genforce,
    discriminator_from_rosinality,
)
from prognosis.portraits.stylegan2.options import GeneratorOptions

NARROW, WIDE = GeneratorOptions(64, channel_base=512, channel_max=16), GeneratorOptions(64, channel_max=16)
PROGRAMS = {
    "ada": (slow_ada, discriminator_from_ada, NARROW),
    "rosinality": (slow_rosinality, discriminator_from_rosinality, NARROW),
    "genforce": (slow_genforce, discriminator_from_genforce, WIDE),
}


@pytest.fixture(params=PROGRAMS)
def program(request):
    return PROGRAMS[request.param]


def _discriminator(state, options):
    discriminator = Discriminator(options).requires_grad_(requires_grad=False)
    discriminator.load_state_dict(state)
    return discriminator


def _images(count):
    """Images of coarse and fine structure, for filters take the fine away."""
    rng = np.random.default_rng(11)
    coarse = rng.normal(0, 8, (count, 3, 8, 8)).repeat(8, axis=2).repeat(8, axis=3)
    return coarse + rng.normal(0, 1, (count, 3, 64, 64))


@pytest.mark.parametrize("count", [4, 8], ids=["one group", "two groups"])
def test_judgements_are_those_of_an_independent_computation(program, count):
    slow, convert, options = program
    tensors = slow.random_discriminator()
    images = _images(count)
    logits = _discriminator(convert(tensors, options), options)(torch.from_numpy(images).float()).numpy()
    expected = slow.judged(tensors, images)
    assert expected.std() > 0.1
    np.testing.assert_allclose(logits, expected, atol=2e-5)


def test_the_deviation_of_the_batch_counts_in_the_comparison(program):
    slow, convert, options = program
    tensors = slow.random_discriminator()
    last = {"ada": "b4.conv", "rosinality": "final_conv.0", "genforce": "layer8"}
    name = f"{next(last[key] for key, value in PROGRAMS.items() if value is program)}.weight"
    tensors[name] = tensors[name].clone()
    tensors[name][:, -1] *= 30
    images = _images(4)
    logits = _discriminator(convert(tensors, options), options)(torch.from_numpy(images).float()).numpy()
    np.testing.assert_allclose(logits, slow.judged(tensors, images), atol=2e-4)
    assert np.abs(slow.judged(tensors, images) - slow.judged(slow.random_discriminator(), images)).max() > 0.1


def test_older_biases_of_rosinality_give_the_same_network():
    one = discriminator_from_rosinality(slow_rosinality.random_discriminator(), NARROW)
    other = discriminator_from_rosinality(slow_rosinality.random_discriminator(older=True), NARROW)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_discriminator_in_16_bits_is_read_in_32(program):
    slow, convert, options = program
    short = {name: tensor.half() for name, tensor in slow.random_discriminator().items()}
    assert {tensor.dtype for tensor in convert(short, options).values()} == {torch.float32}


def _refused(program, change, says, options=None):
    slow, convert, own = program
    tensors = slow.random_discriminator()
    change(tensors)
    with pytest.raises(ModelError, match=says):
        convert(tensors, options or own, what="face.pkl")


@pytest.mark.parametrize(
    ("program", "name"),
    [("ada", "b16.conv0.weight"), ("rosinality", "convs.3.conv1.0.weight"), ("genforce", "layer4.weight")],
    indirect=["program"],
)
def test_a_missing_tensor_of_a_discriminator_is_named_with_its_shape(program, name):
    _refused(program, lambda tensors: tensors.pop(name), rf"^face\.pkl: .*missing: {name} \(16, 16, 3, 3\)\.")


def test_a_tensor_too_many_is_shown_on_one_line_whatever_its_name(program):
    _refused(
        program, lambda tensors: tensors.update({"a\n\x1b[31m": torch.zeros(2)}), r"unexpected: 'a\\n\\x1b\[31m' \(2,\)"
    )


@pytest.mark.parametrize(
    "options",
    [GeneratorOptions(64, channel_base=2048, channel_max=32), GeneratorOptions(128, channel_base=512, channel_max=16)],
    ids=["wider", "larger images"],
)
def test_a_discriminator_of_another_size_than_the_generator_is_refused(program, options):
    _refused(program, dict, "of another shape or kind: |missing: ", options)


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("ada", "b32.skip.resample_filter"),
        ("rosinality", "convs.2.conv2.0.kernel"),
        ("genforce", "skip_layer1.filter.kernel"),
    ],
    indirect=["program"],
)
def test_another_filter_of_a_discriminator_is_named(program, name):
    _refused(program, lambda tensors: tensors.update({name: torch.ones(4, 4)}), rf"\[1, 3, 3, 1\]: '{name}'")


def test_a_discriminator_that_is_not_residual_is_refused_by_what_it_is(program):
    def drop(tensors):
        for name in [name for name in tensors if "skip" in name]:
            del tensors[name]

    _refused(program, drop, "only residual discriminators")


def test_a_discriminator_of_chosen_classes_is_refused_by_what_it_is():
    _refused(
        PROGRAMS["ada"], lambda tensors: tensors.update({"mapping.embed.weight": torch.zeros(4, 4)}), "chosen classes"
    )


def test_a_discriminator_of_one_program_is_refused_as_anothers(program):
    _, convert, options = program
    for other in PROGRAMS.values():
        if other is not program:
            with pytest.raises(ModelError):
                convert(other[0].random_discriminator(), options)
