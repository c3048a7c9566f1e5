from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from prognosis.portraits.augmentation.options import AugmentationOptions
from prognosis.portraits.augmentation.pipeline import Augmentation
from prognosis.portraits.augmentation.sampling import Reading, sampled

NONE = AugmentationOptions(copying=False, warping=False, colour=False)
GROUPS = ("copying", "warping", "colour", "bands", "corruption")
CASES = {group: replace(NONE, **{group: True}) for group in GROUPS}
CASES["all"] = AugmentationOptions(bands=True, corruption=True)


@pytest.fixture
def images():
    drawn = torch.rand(3, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return (drawn * 2 - 1).requires_grad_()


@pytest.fixture
def places():
    return torch.rand(2, 3, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2.4 - 1.2


def augmenting(options, p):
    def run(images):
        return Augmentation(options).augment(images, p, torch.Generator().manual_seed(5))

    return run


@pytest.mark.parametrize("p", [0.5, 1.0])
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_gradients_of_the_first_and_second_order_are_right(options, p, images):
    augment = augmenting(options, p)
    assert not torch.equal(augment(images), images)
    assert torch.autograd.gradcheck(augment, images)
    # Squared, so that the second derivative is not that of a linear function.
    assert torch.autograd.gradgradcheck(lambda x: augment(x).square(), images, fast_mode=True)


@pytest.mark.parametrize(("reading", "mode"), [(Reading.BILINEAR, "bilinear"), (Reading.NEAREST, "nearest")])
def test_reading_is_that_of_pytorch(reading, mode, places):
    image = torch.rand(2, 3, 7, 6, dtype=torch.float64, requires_grad=True)
    found = sampled(image, places, reading)
    expected = functional.grid_sample(image, places, mode=mode, align_corners=False)
    assert torch.equal(found, expected)
    weights = torch.rand_like(found)
    one, other = (torch.autograd.grad((y * weights).sum(), image)[0] for y in (found, expected))
    assert torch.equal(one, other)


@pytest.mark.parametrize("reading", Reading, ids=[reading.name.lower() for reading in Reading])
def test_reading_has_derivatives_of_all_orders(reading, places):
    image = torch.rand(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: sampled(x, places, reading).pow(3), image)
    value = sampled(image, places, reading).pow(4).sum()
    for _ in range(3):
        (gradient,) = torch.autograd.grad(value, image, create_graph=True)
        value = gradient.sum()
    assert value.requires_grad


def test_places_that_ask_for_a_gradient_get_none(places):
    places.requires_grad_()
    image = torch.rand(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    sampled(image, places, Reading.BILINEAR).sum().backward()
    assert image.grad is not None
    assert places.grad is None


def test_the_penalty_on_gradients_trains_a_discriminator_through_the_augmentation(images):
    """R1 of augmented photos, differentiated by a weight, against a difference of two penalties."""
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(3, 4, 3, dtype=torch.float64)
    augment = augmenting(CASES["all"], 0.8)

    def penalty():
        logits = functional.softplus(convolution(augment(images))).square().sum()
        (gradient,) = torch.autograd.grad(logits, images, create_graph=True)
        return gradient.square().sum()

    (found,) = torch.autograd.grad(penalty(), convolution.weight)
    step = 1e-5
    with torch.no_grad():
        convolution.weight[1, 2, 0, 1] += step
    above = penalty().item()
    with torch.no_grad():
        convolution.weight[1, 2, 0, 1] -= 2 * step
    below = penalty().item()
    assert found[1, 2, 0, 1].item() == pytest.approx((above - below) / (2 * step), rel=1e-5)


def test_pixels_cut_out_get_no_gradient():
    photos = torch.ones(40, 3, 8, 8, requires_grad=True)
    found = augmenting(CASES["corruption"], 1.0)(photos)
    (gradient,) = torch.autograd.grad(found.sum(), photos)
    assert torch.equal(gradient == 0, found == 0)
    assert (gradient == 0).any()
    assert (gradient == 1).any()
