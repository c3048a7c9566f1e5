import math

import pytest
import torch

from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions, Noise

SMALL = GeneratorOptions(64, z_dim=12, w_dim=10, channel_max=16, mapping_layers=3)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    small = Generator(SMALL)
    with torch.no_grad():
        small.mean_w.normal_()
        for convolution in small.synthesis.convolutions:
            convolution.noise_strength.fill_(0.3)
    return small.requires_grad_(False)


@pytest.fixture
def z():
    return torch.randn(3, SMALL.z_dim, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("resolution", "layers"), [(64, 10), (128, 12), (256, 14), (512, 16), (1024, 18)])
def test_shapes_at_every_resolution(resolution, layers):
    with torch.device("meta"):
        generator = Generator(GeneratorOptions(resolution))
        ws = generator.map(torch.randn(2, 512))
        images = generator.synthesise(ws)
    assert generator.layers == layers
    assert ws.shape == (2, layers, 512)
    assert images.shape == (2, 3, resolution, resolution)


def test_the_official_network_of_512_pixels_has_its_published_size():
    with torch.device("meta"):
        generator = Generator(GeneratorOptions(512))
    widths = [convolution.weight.shape[0] for convolution in generator.synthesis.convolutions[::2]]
    assert widths == [512, 512, 512, 512, 512, 256, 128, 64]
    assert sum(one.numel() for one in generator.parameters()) == _parameters_of_configuration_f(512)


def _parameters_of_configuration_f(resolution):
    def width(side):
        return min(32768 // side, 512)

    total, side = 8 * (512 * 512 + 512) + 512 * 16, 4
    while side <= resolution:
        pairs = [(width(side), width(side))] if side == 4 else [(width(side // 2), width(side)), (width(side),) * 2]
        for inputs, outputs in pairs:
            total += 9 * inputs * outputs + outputs + 513 * inputs + 1
        total += 3 * width(side) + 3 + 513 * width(side)
        side *= 2
    return total


def test_no_truncation_leaves_w_untouched(generator, z):
    ws = generator.map(z)
    assert torch.equal(ws, generator.map(z, truncation=1.0, truncation_layers=4))
    assert torch.equal(ws, generator.mapping(z)[:, None].expand(-1, generator.layers, -1))


def test_full_truncation_gives_the_mean_face_whatever_the_latent(generator, z):
    images = generator(z, truncation=0.0)
    mean_face = generator.synthesise(generator.mean_w.expand(1, generator.layers, -1))
    assert torch.equal(generator.map(z, truncation=0.0), generator.mean_w.expand(3, generator.layers, -1))
    assert torch.allclose(images, mean_face.expand_as(images), atol=1e-4)
    assert not torch.allclose(generator(z)[0], mean_face[0], atol=0.1)


def test_truncation_of_the_first_layers_leaves_the_others(generator, z):
    whole, cut, near = (
        generator.map(z),
        generator.map(z, truncation=0.5, truncation_layers=4),
        generator.map(z, truncation=0.5),
    )
    assert torch.equal(cut[:, :4], near[:, :4])
    assert torch.equal(cut[:, 4:], whole[:, 4:])
    assert torch.allclose(near, (whole + generator.mean_w) / 2, atol=1e-6)


def test_the_length_of_z_means_nothing(generator, z):
    assert torch.allclose(generator.map(7 * z), generator.map(z), atol=1e-5)


@pytest.mark.parametrize("noise", [Noise.CONSTANT, Noise.NONE])
def test_an_image_does_not_depend_on_the_others_of_its_batch(generator, z, noise):
    together = generator(z, noise=noise)
    alone = torch.cat([generator(one[None], noise=noise) for one in z])
    backwards = generator(z.flip(0), noise=noise).flip(0)
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.allclose(together, backwards, atol=1e-4)


def test_constant_noise_repeats_and_no_noise_is_smoother(generator, z):
    assert torch.equal(generator(z), generator(z))
    without = generator(z, noise=Noise.NONE)
    assert torch.equal(without, generator(z, noise=Noise.NONE))
    assert (generator(z) - without).std() > 0.05


def test_random_noise_follows_its_seed_and_differs_between_images(generator, z):
    def drawn(seed):
        twice = z[:1].expand(2, -1)
        return generator(twice, noise=Noise.RANDOM, generator=torch.Generator().manual_seed(seed))

    assert torch.equal(drawn(0), drawn(0))
    assert (drawn(0) - drawn(1)).std() > 0.05
    assert (drawn(0)[0] - drawn(0)[1]).std() > 0.05


def test_random_noise_without_a_generator_follows_the_global_seed(generator, z):
    images = []
    for _ in range(2):
        torch.manual_seed(3)
        images.append(generator(z, noise=Noise.RANDOM))
    assert torch.equal(*images)


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_noise_without_strength_changes_nothing(generator, z, strength):
    for convolution in generator.synthesis.convolutions:
        convolution.noise_strength.fill_(strength)
    same = torch.equal(generator(z), generator(z, noise=Noise.NONE))
    assert same == (strength == 0)


@pytest.mark.parametrize("count", [1, 2], ids=["one image", "two images"])
def test_gradients_reach_z_and_agree_with_differences(generator, count):
    generator.double()
    draws = torch.Generator().manual_seed(5)
    z = torch.randn(count, SMALL.z_dim, generator=draws, dtype=torch.float64).requires_grad_()
    towards = torch.randn(count, 3, 64, 64, generator=draws, dtype=torch.float64)
    way = torch.randn(z.shape, generator=draws, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((generator(z) * towards).sum(), z)
    step = 1e-7 * way
    with torch.no_grad():
        change = ((generator(z + step) - generator(z - step)) * towards).sum() / 2e-7
    assert float((gradient * way).sum()) == pytest.approx(float(change), rel=1e-5)
    assert float(change.abs()) > 1


def test_gradients_reach_every_w_and_the_constant_noise(generator):
    ws = torch.randn(2, generator.layers, SMALL.w_dim).requires_grad_()
    noises = [convolution.noise.requires_grad_() for convolution in generator.synthesis.convolutions]
    gradients = torch.autograd.grad(generator.synthesise(ws).square().sum(), [ws, *noises])
    assert (gradients[0].abs().amax(dim=2) > 0).all()
    assert all(one.abs().max() > 0 for one in gradients[1:])


def test_the_path_length_penalty_teaches_every_convolution(generator):
    generator.requires_grad_(True)
    ws = generator.map(torch.randn(2, SMALL.z_dim))
    images = generator.synthesise(ws, noise=Noise.NONE)
    (jacobian,) = torch.autograd.grad((images * torch.randn_like(images)).sum(), ws, create_graph=True)
    jacobian.square().sum().backward()
    for name, one in generator.named_parameters():
        if name.endswith("weight"):
            assert one.grad is not None, name
            assert one.grad.isfinite().all(), name
            assert one.grad.abs().max() > 0, name


@pytest.mark.parametrize("count", [1, 4], ids=["one image", "four images"])
def test_an_untrained_convolution_keeps_the_variance_whatever_the_style(count):
    torch.manual_seed(0)
    generator = Generator(GeneratorOptions(64, z_dim=64, w_dim=64, channel_max=64)).requires_grad_(False)
    x, w = torch.randn(count, 64, 64, 64), 5 * torch.randn(count, 64)
    for convolution in generator.synthesis.convolutions[::2]:
        assert float(convolution(x, w, Noise.NONE).square().mean()) == pytest.approx(1.04, abs=0.08)


@pytest.mark.parametrize("count", [1, 3], ids=["one image", "three images"])
@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16], ids=str)
def test_16_bit_activations_give_nearly_the_same_images(generator, z, count, precision):
    exact = generator(z[:count])
    short = generator(z[:count], precision=precision)
    assert short.dtype == torch.float32
    assert 0 < (short - exact).std() < 0.02 * exact.std()


def test_16_bit_activations_stay_within_limits_however_large_the_styles(generator, z):
    seen = []
    for convolution in generator.synthesis.convolutions:
        convolution.style.bias.fill_(1e6)
        convolution.bias.fill_(6e4)
        convolution.register_forward_hook(lambda _, __, output: seen.append(float(output.max())))
    for latents in (z, z[:1]):
        assert generator(latents, precision=torch.float16).isfinite().all()
    assert seen == [256.0] * 18


def test_32_bit_activations_have_no_limit(generator, z):
    last = generator.synthesis.convolutions[-1]
    last.bias.fill_(6e4)
    seen = []
    last.register_forward_hook(lambda _, __, output: seen.append(float(output.max())))
    generator(z)
    assert seen[0] > 6e4


def test_the_mean_follows_mapped_latents(generator, z):
    w, before = generator.mapping(z), generator.mean_w.clone()
    generator.follow_mean(w, decay=0.75)
    assert torch.allclose(generator.mean_w, 0.75 * before + 0.25 * w.mean(dim=0), atol=1e-6)


def test_a_state_dict_keeps_its_names():
    with torch.device("meta"):
        state = {name: tuple(one.shape) for name, one in Generator(SMALL).state_dict().items()}
    assert state["mean_w"] == (10,)
    assert state["mapping.layers.0.weight"] == (10, 12)
    assert state["synthesis.constant"] == (16, 4, 4)
    convolution = {name.split(".", 3)[3]: shape for name, shape in state.items() if ".convolutions.8." in name}
    assert convolution == {
        "weight": (16, 16, 3, 3),
        "bias": (16,),
        "style.weight": (16, 10),
        "style.bias": (16,),
        "noise_strength": (),
        "noise": (64, 64),
    }
    colours = {name.split(".", 3)[3]: shape for name, shape in state.items() if ".colours.4." in name}
    assert colours == {"weight": (3, 16), "bias": (3,), "style.weight": (16, 10), "style.bias": (16,)}
    assert len(state) == 1 + 3 * 2 + 1 + 9 * 6 + 5 * 4


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (lambda generator: generator.map(torch.zeros(2, 11)), r"z \(n, 12\), got \(2, 11\)"),
        (lambda generator: generator.map(torch.zeros(12)), r"z \(n, 12\), got \(12,\)"),
        (lambda generator: generator.map(torch.zeros(1, 12), truncation=0.5, truncation_layers=11), "from 0 to 10"),
        (lambda generator: generator.synthesise(torch.zeros(2, 9, 10)), r"\(n, 10, 10\), got \(2, 9, 10\)"),
        (lambda generator: generator.synthesise(torch.zeros(2, 10)), r"got \(2, 10\)"),
    ],
    ids=["z too short", "one z alone", "too many layers", "a w too few", "w instead of ws"],
)
def test_latents_of_another_shape_are_refused(generator, what, says):
    with pytest.raises(ValueError, match=says):
        what(generator)


@pytest.mark.parametrize(
    "wrong",
    [
        {"resolution": 32},
        {"resolution": 96},
        {"resolution": 2048},
        {"resolution": 64.0},
        {"resolution": 64, "z_dim": 0},
        {"resolution": 64, "channel_base": 32},
        {"resolution": 64, "channel_max": True},
        {"resolution": 64, "mapping_layers": 0},
        {"resolution": 64, "mapping_learning_rate": 0.0},
        {"resolution": 64, "mapping_learning_rate": math.nan},
    ],
    ids=str,
)
def test_sizes_that_no_network_has_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        GeneratorOptions(**wrong)
