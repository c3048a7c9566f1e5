import colorsys
import math
from dataclasses import replace

import pytest
import torch

from prognosis.portraits.augmentation.colour import Colours, recoloured

ZERO, ONE = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
PLAIN = Colours(brightness=ZERO, contrast=ONE, inverted=ZERO, hue=ZERO, saturation=ONE)
RED, SKIN, GREY = (1.0, -1.0, -1.0), (0.8, 0.4, 0.1), (0.3, 0.3, 0.3)


def changed(colour, **change):
    """A pixel's new colour."""
    values = {name: torch.tensor([value], dtype=torch.float64) for name, value in change.items()}
    pixel = torch.tensor(colour, dtype=torch.float64)[None, :, None, None]
    return recoloured(pixel, replace(PLAIN, **values).matrices()).flatten()


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ({}, SKIN, SKIN),
        ({"brightness": 0.1}, SKIN, (0.9, 0.5, 0.2)),
        ({"contrast": 0.5}, SKIN, (0.4, 0.2, 0.05)),
        ({"brightness": 0.1, "contrast": 2.0}, SKIN, (1.8, 1.0, 0.4)),
        ({"inverted": 1.0}, GREY, (-0.3, -0.3, -0.3)),
        ({"inverted": 1.0}, SKIN, (0.8 - 2.6 / 3, 0.4 - 2.6 / 3, 0.1 - 2.6 / 3)),
        ({"hue": math.tau / 3}, RED, (-1.0, 1.0, -1.0)),
        ({"hue": -math.tau / 3}, RED, (-1.0, -1.0, 1.0)),
        ({"hue": 1.0}, GREY, GREY),
        ({"saturation": 0.0}, SKIN, (1.3 / 3, 1.3 / 3, 1.3 / 3)),
        ({"saturation": 2.0}, SKIN, (3.5 / 3, 1.1 / 3, -0.7 / 3)),
        ({"saturation": 5.0}, GREY, GREY),
    ],
    ids=[
        "nothing",
        "brighter",
        "less contrast",
        "brighter, then more contrast",
        "inverted grey",
        "inverted colour",
        "red to green",
        "red to blue",
        "grey has no hue",
        "without colour",
        "more colour",
        "grey has no colour",
    ],
)
def test_a_colour_becomes(change, before, after):
    assert changed(before, **change).tolist() == pytest.approx(after, abs=1e-12)


def test_turning_the_hue_keeps_brightness_and_saturation():
    before = torch.tensor(SKIN, dtype=torch.float64)
    after = changed(SKIN, hue=0.7)
    assert after.mean() == pytest.approx(before.mean())
    assert after.norm() == pytest.approx(before.norm())
    assert not torch.allclose(after, before, atol=0.1)


def test_inverting_keeps_the_hue():
    def hue(colour):
        return colorsys.rgb_to_hsv(*(colour * 0.2 + 0.5).tolist())[0]

    before = torch.tensor(SKIN, dtype=torch.float64)
    assert hue(changed(SKIN, inverted=1.0)) == pytest.approx(hue(before))


def test_every_pixel_of_an_image_gets_its_images_change():
    images = torch.rand(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    both = replace(PLAIN, brightness=torch.tensor([0.0, 0.3], dtype=torch.float64))
    both = Colours(**{name: value.expand(2) for name, value in vars(both).items()})
    found = recoloured(images, both.matrices())
    assert torch.allclose(found[0], images[0])
    assert torch.allclose(found[1], images[1] + 0.3)
