"""Checkpoints that do not fit are refused with the names of what does not."""

import pytest
import slow_ada
import slow_genforce
import slow_rosinality
import torch

from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.foreign_layouts import from_ada, from_genforce, from_rosinality

PROGRAMS = {
    "ada": (slow_ada.random_network, from_ada),
    "rosinality": (slow_rosinality.random_network, from_rosinality),
    "genforce": (slow_genforce.random_network, from_genforce),
}


def _refused(program, change, says):
    network, convert = PROGRAMS[program]
    tensors = network()
    change(tensors)
    with pytest.raises(ModelError, match=says):
        convert(tensors, what="face.pkl")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_missing_tensor_is_named_with_its_shape(program):
    name = {
        "ada": "synthesis.b16.conv0.affine.weight",
        "rosinality": "convs.2.conv.modulation.weight",
        "genforce": "synthesis.layer3.style.weight",
    }[program]
    _refused(program, lambda tensors: tensors.pop(name), rf"^face\.pkl: .*missing: {name} \(16, 1\d\)\.")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_tensor_too_many_is_named_with_its_shape(program):
    def add(tensors):
        tensors["synthesis.extra"] = torch.zeros(2, 5)

    _refused(program, add, r"unexpected: 'synthesis\.extra' \(2, 5\)")


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("ada", "synthesis.b32.conv1.weight"),
        ("rosinality", "to_rgbs.1.conv.weight"),
        ("genforce", "synthesis.layer5.noise"),
    ],
)
def test_a_tensor_of_another_shape_is_named_with_both(program, name):
    def cut(tensors):
        tensors[name] = tensors[name][..., :-1] if tensors[name].shape[-1] > 1 else tensors[name][:, :, :-1]

    _refused(
        program, cut, rf"of another shape or kind: {name} \(network \([\d, ]+\), file \([\d, ]+\) of torch.float32\)"
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_axes_of_the_same_length_in_another_order_are_refused(program):
    name = {"ada": "mapping.fc0.weight", "rosinality": "to_rgb1.conv.weight", "genforce": "mapping.dense0.weight"}[
        program
    ]

    def swap(tensors):
        tensors[name] = tensors[name].transpose(0, 1) if tensors[name].ndim == 2 else tensors[name].transpose(1, 2)

    _refused(program, swap, "of another shape or kind")


def test_whole_numbers_are_no_weights():
    def round_off(tensors):
        tensors["mapping.fc1.bias"] = tensors["mapping.fc1.bias"].long()

    _refused("ada", round_off, r"mapping\.fc1\.bias .* of torch\.int64")


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("ada", "synthesis.b8.conv0.resample_filter"),
        ("rosinality", "convs.2.conv.blur.kernel"),
        ("rosinality", "to_rgbs.0.upsample.kernel"),
        ("genforce", "synthesis.layer1.filter.kernel"),
    ],
)
@pytest.mark.parametrize("how", ["other taps", "other length", "zeros"])
def test_another_resampling_filter_is_named(program, name, how):
    kernels = {"other taps": torch.ones(4, 4), "other length": torch.ones(2, 2), "zeros": torch.zeros(4, 4)}

    def blur_otherwise(tensors):
        tensors[name] = kernels[how]

    _refused(program, blur_otherwise, rf"filters other than \[1, 3, 3, 1\]: '{name}'")


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("mapping.embed.weight", (10, 4), "images of chosen classes"),
        ("synthesis.b8.skip.weight", (16, 16, 1, 1), "only the architecture 'skip' is supported"),
    ],
    ids=["conditional", "residual"],
)
def test_networks_of_nvidia_of_another_architecture_are_refused_by_what_they_are(name, shape, says):
    _refused("ada", lambda tensors: tensors.update({name: torch.zeros(shape)}), says)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "tensors",
    [{}, {"conv1.weight": torch.zeros(64, 3, 7, 7)}, {"synthesis.L0_36_512.weight": torch.zeros(4, 4, 3, 3)}],
    ids=["nothing", "a classifier", "StyleGAN3"],
)
def test_what_is_no_such_network_is_refused(program, tensors):
    with pytest.raises(ModelError):
        PROGRAMS[program][1](tensors)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_network_of_one_program_is_refused_as_anothers(program):
    for other, (network, _) in PROGRAMS.items():
        if other != program:
            with pytest.raises(ModelError):
                PROGRAMS[program][1](network())


def test_channels_that_follow_no_rule_are_listed():
    def widen(tensors):
        tensors["synthesis.b64.conv1.bias"] = torch.zeros(40)

    _refused("ada", widen, "no known rule: 16 at 4 pixels, 16 at 8 pixels, .*, 40 at 64 pixels")


@pytest.mark.parametrize("blocks", [3, 9], ids=["32 pixels", "2048 pixels"])
def test_images_of_a_size_that_is_not_supported_are_refused(blocks):
    tensors = slow_ada.random_network()
    for name in [name for name in tensors if name.startswith("synthesis.b")]:
        del tensors[name]
    for step in range(blocks + 1):
        tensors[f"synthesis.b{4 << step}.conv1.bias"] = torch.zeros(16)
    with pytest.raises(ModelError, match="pixels wide|resolution must be one of"):
        from_ada(tensors)


def test_a_name_that_counts_to_infinity_is_refused_quickly():
    def count(tensors):
        tensors[f"to_rgbs.{10**30}.bias"] = torch.zeros(1, 3, 1, 1)
        for index in range(3000):
            tensors[f"to_rgbs.{index}.bias"] = torch.zeros(1, 3, 1, 1)

    _refused("rosinality", count, "pixels wide|there is no tensor")
