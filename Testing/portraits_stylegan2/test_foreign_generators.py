"""Networks of three programs, converted, give the images that each program's own rules give."""

import numpy as np
import pytest
import slow_ada
import slow_genforce
import slow_rosinality
import torch

from prognosis.portraits.stylegan2.foreign_layouts import from_ada, from_genforce, from_rosinality
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions, Noise

PROGRAMS = {
    "ada": (slow_ada, from_ada, {"z_dim": 12, "w_dim": 10, "channel_base": 512, "mapping_layers": 3}),
    "rosinality": (
        slow_rosinality,
        from_rosinality,
        {"z_dim": 12, "w_dim": 12, "channel_base": 512, "mapping_layers": 4},
    ),
    "genforce": (slow_genforce, from_genforce, {"z_dim": 8, "w_dim": 14, "channel_base": 1024, "mapping_layers": 2}),
}


@pytest.fixture(params=PROGRAMS)
def program(request):
    return PROGRAMS[request.param]


def _generator(converted):
    options, state = converted
    generator = Generator(options).requires_grad_(False)
    generator.load_state_dict(state)
    return generator


def _ws(generator, count=2):
    rng = np.random.default_rng(7)
    return rng.normal(0, 1, (count, generator.layers, generator.options.w_dim))


def test_sizes_are_read_from_names_and_shapes(program):
    slow, convert, sizes = program
    options, _ = convert(slow.random_network())
    assert options == GeneratorOptions(64, channel_max=16, **sizes)


def test_images_are_those_of_an_independent_computation(program):
    slow, convert, _ = program
    network = slow.random_network()
    generator = _generator(convert(network))
    ws = _ws(generator)
    images = generator.synthesise(torch.from_numpy(ws).float()).numpy()
    expected = np.stack([slow.image(network, one) for one in ws])
    assert expected.std() > 0.5
    np.testing.assert_allclose(images, expected, atol=1e-4)


def test_one_image_alone_is_that_of_an_independent_computation(program):
    slow, convert, _ = program
    network = slow.random_network(seed=3)
    generator = _generator(convert(network))
    ws = _ws(generator, count=1)
    images = generator.synthesise(torch.from_numpy(ws).float()).numpy()
    np.testing.assert_allclose(images[0], slow.image(network, ws[0]), atol=1e-4)


def test_mapping_is_that_of_an_independent_computation(program):
    slow, convert, _ = program
    network = slow.random_network()
    generator = _generator(convert(network))
    z = np.random.default_rng(1).normal(0, 3, (2, generator.options.z_dim))
    ws = generator.map(torch.from_numpy(z).float()).numpy()
    for found, one in zip(ws, z, strict=True):
        expected = np.broadcast_to(slow.mapped(network, one), found.shape)
        assert expected.std() > 0.1
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("cutoff", [None, 4], ids=["all layers", "four layers"])
def test_truncation_is_that_of_an_independent_computation(cutoff):
    network = slow_ada.random_network()
    generator = _generator(from_ada(network))
    z = np.random.default_rng(1).normal(0, 1, (1, 12))
    ws = generator.map(torch.from_numpy(z).float(), truncation=0.6, truncation_layers=cutoff).numpy()
    np.testing.assert_allclose(ws[0], slow_ada.mapped(network, z[0], psi=0.6, cutoff=cutoff), atol=1e-5)


def test_from_latent_to_image_with_the_mean_of_the_checkpoint():
    network = slow_ada.random_network(seed=5)
    generator = _generator(from_ada(network))
    z = np.random.default_rng(1).normal(0, 1, 12)
    images = generator(torch.from_numpy(z[None]).float(), truncation=0.5).numpy()
    expected = slow_ada.image(network, slow_ada.mapped(network, z, psi=0.5))
    np.testing.assert_allclose(images[0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("convert", "one", "other"),
    [
        (from_rosinality, slow_rosinality.random_network(), slow_rosinality.random_network(older=True)),
        (from_genforce, slow_genforce.random_network(), slow_genforce.random_network(outputs_last=True)),
    ],
    ids=["rosinality, older biases", "genforce, kernels as TensorFlow's"],
)
def test_two_ways_of_storing_give_one_network(convert, one, other):
    options, state = convert(one)
    same_options, same_state = convert(other)
    assert options == same_options
    assert state.keys() == same_state.keys()
    assert all(torch.equal(state[name], same_state[name]) for name in state)


def test_the_mean_is_drawn_where_rosinality_left_none():
    network = slow_rosinality.random_network()
    network.pop("latent_avg")
    generator = _generator(from_rosinality(network))
    assert torch.equal(generator.mean_w, from_rosinality(network)[1]["mean_w"])
    z = torch.randn(20_000, 12, generator=torch.Generator().manual_seed(1))
    fresh = generator.map(z)[:, 0]
    assert torch.allclose(generator.mean_w, fresh.mean(dim=0), atol=float(5 * fresh.std() / 100))


def test_a_network_in_16_bits_is_read_in_32(program):
    slow, convert, _ = program
    short = {name: tensor.half() for name, tensor in slow.random_network().items()}
    _, state = convert(short)
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


def test_noise_strengths_of_the_checkpoint_count(program):
    slow, convert, _ = program
    generator = _generator(convert(slow.random_network()))
    ws = torch.from_numpy(_ws(generator)).float()
    apart = generator.synthesise(ws) - generator.synthesise(ws, noise=Noise.NONE)
    assert apart.std() > 0.05
