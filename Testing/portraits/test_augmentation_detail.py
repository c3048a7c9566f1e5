import math

import pytest
import torch

from prognosis.portraits.augmentation.bands import amplified, draw_gains
from prognosis.portraits.augmentation.corruption import cut_out, noisy
from prognosis.portraits.augmentation.drawing import Drawing

SIDE = 64
FREQUENCIES = {"coarsest": 0.0, "coarse": 3 / 16, "fine": 3 / 8, "finest": 1.0}


def stripes(frequency):
    return torch.cos(torch.arange(SIDE) * (math.pi * frequency)).expand(1, 3, SIDE, SIDE)


@pytest.mark.parametrize("band", range(4), ids=FREQUENCIES)
@pytest.mark.parametrize("shown", FREQUENCIES)
def test_amplifying_an_octave_amplifies_stripes_of_that_octave_most(band, shown):
    frequency = FREQUENCIES[shown]
    gains = torch.ones(1, 4)
    gains[0, band] = 3
    image = stripes(frequency)
    gain = (amplified(image, gains) / (3 if band == 0 else 1) * image).mean() / image.square().mean()
    assert gain == pytest.approx(3, rel=0.25) if list(FREQUENCIES)[band] == shown else gain < 2


def test_equal_gains_change_the_contrast_of_all_detail():
    images = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    gains = torch.tensor([[1.0] * 4, [2.0] * 4])
    found = amplified(images, gains)
    assert torch.allclose(found[0], images[0], atol=1e-5)
    assert torch.allclose(found[1], 4 * images[1], atol=1e-4)


def test_gains_keep_the_power_expected_of_a_photo():
    gains = draw_gains(Drawing(2000, 0.5, torch.Generator().manual_seed(0)))
    single = gains[(gains != gains[:, :1]).any(dim=1)]
    assert len(single) > 1000
    one_change = draw_gains(Drawing(2000, 0.05, torch.Generator().manual_seed(0)))
    untouched = (one_change == 1).all(dim=1)
    assert untouched.double().mean() == pytest.approx(0.95**4, abs=0.03)
    power = (one_change.square() * torch.tensor([10, 1, 1, 1]) / 13).sum(dim=1)
    assert ((power - 1).abs() < 1e-9).double().mean() > 0.97  # but where two changes met


def test_noise_is_as_strong_as_told():
    images = torch.zeros(3, 3, SIDE, SIDE)
    found = noisy(images, torch.tensor([0.0, 0.1, 0.5]), torch.Generator().manual_seed(0))
    assert torch.equal(found[0], images[0])
    assert found[1:].std(dim=(1, 2, 3)).tolist() == pytest.approx([0.1, 0.5], rel=0.02)
    assert found[1, 0].std() == pytest.approx(0.1, rel=0.05)
    assert not torch.allclose(found[1, 0], found[1, 1])


@pytest.mark.parametrize(
    ("centre", "rows", "columns"),
    [
        ((0.5, 0.5), slice(16, 48), slice(16, 48)),
        ((0.25, 0.5), slice(16, 48), slice(0, 32)),
        ((1.0, 0.0), slice(0, 16), slice(48, 64)),
    ],
    ids=["middle", "left", "top right corner"],
)
def test_a_square_of_half_the_side_is_grey(centre, rows, columns):
    images = torch.ones(1, 3, SIDE, SIDE)
    expected = images.clone()
    expected[..., rows, columns] = 0
    assert torch.equal(cut_out(images, torch.tensor([centre])), expected)
