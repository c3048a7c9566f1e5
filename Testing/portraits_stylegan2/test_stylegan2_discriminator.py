import itertools

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from prognosis.portraits.stylegan2.discriminator import Discriminator, HalvingBlock, with_batch_deviation
from prognosis.portraits.stylegan2.options import GeneratorOptions

SMALL = GeneratorOptions(64, channel_max=16)


@pytest.fixture
def discriminator():
    torch.manual_seed(0)
    return Discriminator(SMALL)


@pytest.fixture
def images():
    return torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("resolution", [64, 128, 256, 512, 1024])
def test_shapes_at_every_resolution(resolution):
    with torch.device("meta"):
        discriminator = Discriminator(GeneratorOptions(resolution))
        images = torch.randn(4, 3, resolution, resolution)
        features = [tuple(one.shape[1:]) for one in discriminator.features(images)]
        logits = discriminator(images)
    sides = [side for side in (512, 256, 128, 64, 32, 16, 8, 4) if side < resolution]
    assert features == [(min(32768 // side, 512), side, side) for side in sides]
    assert logits.shape == (4,)


@pytest.mark.parametrize(
    ("count", "groups"), [(8, [(0, 2, 4, 6), (1, 3, 5, 7)]), (4, [(0, 1, 2, 3)]), (3, [(0, 1, 2)])]
)
def test_batch_deviation_is_that_of_a_direct_computation(count, groups):
    x = torch.randn(count, 5, 4, 4, dtype=torch.float64) * torch.arange(1, count + 1)[:, None, None, None]
    found = with_batch_deviation(x)
    assert torch.equal(found[:, :5], x)
    for group in groups:
        total = 0.0
        for channel, row, column in itertools.product(range(5), range(4), range(4)):
            total += np.std([float(x[member, channel, row, column]) for member in group])
        for member in group:
            np.testing.assert_allclose(found[member, 5], total / (5 * 4 * 4), rtol=1e-6)


def test_equal_images_do_not_deviate():
    found = with_batch_deviation(torch.ones(4, 2, 4, 4))
    assert (found[:, 2] < 1e-3).all()


@pytest.mark.parametrize("count", [5, 6, 7])
def test_images_that_do_not_fill_their_groups_are_refused(discriminator, count):
    with pytest.raises(ValueError, match=f"{count} images cannot be split into groups of 4"):
        discriminator(torch.zeros(count, 3, 64, 64))


@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (4, 1, 64, 64), (3, 64, 64)], ids=str)
def test_images_of_another_shape_are_refused(discriminator, shape):
    with pytest.raises(ValueError, match=r"reads \(n, 3, 64, 64\), got"):
        discriminator(torch.zeros(shape))


def test_a_halving_block_is_that_of_a_direct_computation():
    torch.manual_seed(0)
    block = HalvingBlock(4, 6).double().requires_grad_(False)
    block.first.bias.normal_()
    block.second.bias.normal_()
    x = torch.randn(1, 4, 8, 8, dtype=torch.float64)
    blur = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64

    def correlated(images, weight, bias, padding):
        scaled = weight.numpy() / np.sqrt(weight[0].numel())
        wide = np.pad(images, ((0, 0), (padding, padding), (padding, padding)))
        kept = [sum(correlate2d(one, k, "valid") for one, k in zip(wide, ks, strict=True)) for ks in scaled]
        return np.stack(kept) + bias.numpy()[:, None, None]

    def blurred(images, padding):
        wide = np.pad(images, ((0, 0), (padding, padding), (padding, padding)))
        return np.stack([correlate2d(one, blur, "valid") for one in wide])

    def rectified(images):
        return np.where(images < 0, 0.2 * images, images) * np.sqrt(2)

    y = rectified(correlated(x[0].numpy(), block.first.weight, block.first.bias, 1))
    y = rectified(correlated(blurred(y, 2), block.second.weight, block.second.bias, 0)[:, ::2, ::2])
    past = correlated(blurred(x[0].numpy(), 1)[:, ::2, ::2], block.past.weight, torch.zeros(6), 0)
    np.testing.assert_allclose(block(x)[0].numpy(), (y + past) / np.sqrt(2), atol=1e-10)


def test_images_of_one_batch_are_judged_together_and_in_any_order(discriminator, images):
    with torch.no_grad():
        discriminator.last.weight[:, -1] *= 100
        together, backwards = discriminator(images), discriminator(images.flip(0)).flip(0)
        alone = torch.cat([discriminator(one[None]) for one in images])
    assert torch.allclose(together, backwards, atol=1e-4)
    assert not torch.allclose(together, alone, atol=1e-3)


def test_the_gradient_penalty_of_real_images_teaches_every_weight(discriminator, images):
    images.requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    gradient.square().sum().backward()
    for name, one in discriminator.named_parameters():
        if name.endswith("weight"):
            assert one.grad.isfinite().all(), name
            assert one.grad.abs().max() > 0, name


def test_equal_images_have_finite_gradients(discriminator):
    images = torch.zeros(4, 3, 64, 64, requires_grad=True)
    discriminator(images).sum().backward()
    assert images.grad.isfinite().all()


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16], ids=str)
def test_16_bit_activations_give_nearly_the_same_logits(discriminator, images, precision):
    with torch.no_grad():
        exact, short = discriminator(images), discriminator(images, precision=precision)
    assert short.dtype == torch.float32
    assert torch.allclose(short, exact, atol=0.1)
    assert not torch.equal(short, exact)


def test_16_bit_activations_stay_within_limits(discriminator, images):
    with torch.no_grad():
        for block in discriminator.blocks:
            block.first.bias.fill_(6e4)
            block.second.bias.fill_(6e4)
        features = list(discriminator.features(images, precision=torch.float16))
    assert all(one.isfinite().all() for one in features)
    assert max(float(one.max()) for one in features) == 256


def test_a_state_dict_keeps_its_names():
    with torch.device("meta"):
        state = {name: tuple(one.shape) for name, one in Discriminator(SMALL).state_dict().items()}
    assert state.pop("colours.weight") == (16, 3, 1, 1)
    assert state.pop("last.weight") == (16, 17, 3, 3)
    assert state.pop("dense.weight") == (16, 256)
    assert state.pop("output.weight") == (1, 16)
    assert state["blocks.3.past.weight"] == (16, 16, 1, 1)
    assert len(state) == 4 * 5 + 4
