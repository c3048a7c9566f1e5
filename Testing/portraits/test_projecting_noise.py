"""Noise inputs fitted beside latents: whose they are, and what keeps them noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from projecting_making import Drawn

from prognosis.portraits.projecting.noise_maps import NoisyGenerator, as_noise, noise_regularity
from prognosis.portraits.projecting.options import ProjectionOptions, Space
from prognosis.portraits.projecting.projector import project


@pytest.fixture(scope="module")
def drawn():
    torch.set_num_threads(1)
    return Drawn()


def test_stored_noise_gives_the_generators_own_images(drawn):
    z, images = drawn.faces(2)
    noisy = NoisyGenerator.like(drawn.generator)
    stored = [each.expand(2, -1, -1) for each in noisy.stored_maps]
    with torch.no_grad():
        torch.testing.assert_close(noisy.synthesise_with(noisy.map(z), stored), images)
        torch.testing.assert_close(noisy(z), images)


def test_each_image_has_noise_of_its_own(drawn):
    z, images = drawn.faces(2)
    noisy = NoisyGenerator.like(drawn.generator)
    maps = [torch.stack([each, each + 1]) for each in noisy.stored_maps]
    with torch.no_grad():
        changed = noisy.synthesise_with(noisy.map(z), maps)
    torch.testing.assert_close(changed[0], images[0])
    assert float((changed[1] - images[1]).abs().max()) > 1e-3


def slow_regularity(values):
    """The sum over sizes of squared mean products with the right and the lower neighbour, round the edge."""
    total = 0.0
    while True:
        side = len(values)
        for down, right in ((0, 1), (1, 0)):
            products = [
                values[y, x] * values[(y - down) % side, (x - right) % side] for y in range(side) for x in range(side)
            ]
            total += (sum(products) / side**2) ** 2
        if side <= 8:
            return total
        values = np.array(
            [
                [values[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].sum() / 2 for x in range(side // 2)]
                for y in range(side // 2)
            ]
        )


def test_regularity_is_that_of_the_paper():
    rng = np.random.default_rng(4)
    maps = [rng.normal(size=(3, side, side)) for side in (4, 8, 16, 32)]
    found = noise_regularity([torch.from_numpy(each) for each in maps])
    for place in range(3):
        assert float(found[place]) == pytest.approx(sum(slow_regularity(each[place]) for each in maps), rel=1e-9)


def test_a_picture_is_less_like_noise_than_noise():
    generator = torch.Generator().manual_seed(2)
    noise = as_noise(torch.randn(1, 64, 64, generator=generator))
    picture = as_noise(torch.linspace(0, 1, 64).expand(1, 64, 64))
    assert float(noise_regularity([picture])) > 100 * float(noise_regularity([noise]))
    torch.testing.assert_close(picture.mean(), torch.tensor(0.0), atol=1e-5, rtol=0)
    torch.testing.assert_close(picture.square().mean(), torch.tensor(1.0), atol=1e-4, rtol=0)


def test_fitted_noise_lowers_the_loss_and_belongs_to_the_photo(drawn):
    _, photos = drawn.faces(2)
    photos = photos + 0.05 * torch.randn(photos.shape, generator=torch.Generator().manual_seed(1))
    options = ProjectionOptions(space=Space.W, steps=40, patience=0, noise_weight=1.0, latent_noise=0.0)
    space = drawn.spaces[Space.W]
    plain = project(photos, drawn.generator, drawn.features, options, space=space)
    fitted = project(photos, drawn.generator, drawn.features, replace(options, noise_maps=True), space=space)
    noisy = NoisyGenerator.like(drawn.generator)
    for one, other in zip(plain, fitted, strict=True):
        assert one.latents.noise_maps == ()
        maps = [each[None] for each in other.latents.noise_maps]
        with torch.no_grad():
            again = noisy.synthesise_with(other.latents.w_plus[None], maps)[0]
        torch.testing.assert_close(again, other.image, atol=1e-5, rtol=1e-4)
        assert all(float(each.square().mean()) == pytest.approx(1, rel=0.05) for each in maps)
    first, second = (one.latents.noise_maps for one in fitted)
    assert any(float((a - b).abs().max()) > 1e-3 for a, b in zip(first, second, strict=True))
