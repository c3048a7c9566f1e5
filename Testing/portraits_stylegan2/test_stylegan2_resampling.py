import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from prognosis.portraits.stylegan2.resampling import Resampling

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])


@pytest.fixture
def resampling():
    return Resampling()


def test_a_pixel_spreads_over_four_when_doubled(resampling):
    x = torch.zeros(1, 2, 6, 6)
    x[0, 1, 2, 3] = 1
    found = resampling.doubled(x)
    expected = torch.zeros(1, 2, 12, 12)
    expected[0, 1, 3:7, 5:9] = torch.outer(TAPS, TAPS) / 16
    assert torch.allclose(found, expected)


def test_four_pixels_become_one_when_halved(resampling):
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, 4, 4] = 64
    found = resampling.halved(x)
    expected = torch.zeros(1, 1, 4, 4)
    expected[0, 0, 1:3, 1:3] = torch.outer(TAPS[:2], TAPS[:2])
    assert torch.allclose(found, expected)


def test_flat_images_keep_their_brightness_away_from_the_border(resampling):
    x = torch.full((2, 3, 16, 16), 0.7)
    assert torch.allclose(resampling.doubled(x)[..., 1:-1, 1:-1], torch.tensor(0.7))
    assert torch.allclose(resampling.halved(x)[..., 1:-1, 1:-1], torch.tensor(0.7))


@pytest.mark.parametrize(("padding", "stride", "gain"), [(1, 1, 4.0), (2, 1, 1.0), (1, 2, 1.0)])
def test_smoothing_is_that_of_scipy(resampling, padding, stride, gain):
    x = torch.randn(2, 3, 9, 10, generator=torch.Generator().manual_seed(0))
    kernel = gain * np.outer(TAPS, TAPS) / 64
    found = resampling.smoothed(x, padding=padding, stride=stride, gain=gain)
    for image, expected in zip(x.flatten(0, 1).numpy(), found.flatten(0, 1).numpy(), strict=True):
        wanted = convolve2d(np.pad(image, padding), kernel, "valid")[::stride, ::stride]
        np.testing.assert_allclose(expected, wanted, atol=1e-5)


def test_nothing_of_it_is_stored(resampling):
    assert resampling.state_dict() == {}
