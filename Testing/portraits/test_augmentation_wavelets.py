import math

import numpy as np
import pytest
import torch

from prognosis.portraits.augmentation.wavelets import (
    DELAY,
    SYM2,
    SYM6,
    band_filters,
    band_passes,
    doubling,
    folded,
    halving,
)

CPU = torch.device("cpu")
DOUBLE = torch.float64


@pytest.mark.parametrize(("taps", "moments"), [(SYM2, 2), (SYM6, 6)], ids=["sym2", "sym6"])
def test_a_wavelet_is_orthonormal_and_has_its_vanishing_moments(taps, moments):
    taps = np.array(taps)
    assert len(taps) == 2 * moments
    assert taps.sum() == pytest.approx(math.sqrt(2), abs=1e-12)
    for shift in range(moments):
        assert taps[2 * shift :] @ taps[: len(taps) - 2 * shift] == pytest.approx(float(shift == 0), abs=1e-11)
    high = taps * (-1.0) ** np.arange(len(taps))
    for power in range(moments):
        terms = high * (np.arange(len(taps)) - moments) ** power
        assert terms.sum() == pytest.approx(0, abs=1e-9 * abs(terms).max())


def test_sym6_is_nearly_symmetric():
    """The phase, less that of a delay, stays within a sixth of a turn up to half of the highest frequency."""
    angles = np.linspace(0, math.pi / 2, 50)
    response = np.array([SYM6 @ np.exp(-1j * angle * (np.arange(len(SYM6)) - 5)) for angle in angles])
    assert np.abs(np.angle(response)).max() < math.pi / 3


def test_what_is_doubled_and_halved_is_what_it_was_away_from_the_border():
    up, down = doubling(40, DOUBLE, CPU), halving(40, DOUBLE, CPU)
    row = torch.randn(40, dtype=DOUBLE, generator=torch.Generator().manual_seed(0))
    found = down[:, 5:-5] @ (up @ row)
    assert torch.allclose(found[3:-3], row[3:-3], atol=1e-10)


@pytest.mark.parametrize("matrix", [doubling, halving], ids=["doubling", "halving"])
def test_a_flat_row_keeps_its_brightness(matrix):
    found = matrix(16, DOUBLE, CPU).sum(dim=1)
    assert torch.allclose(found, torch.ones_like(found))


def test_a_doubled_row_of_growing_values_says_where_its_pixels_lie():
    row = torch.arange(30, dtype=DOUBLE)
    expected = (torch.arange(60, dtype=DOUBLE) - DELAY) / 2
    assert torch.allclose((doubling(30, DOUBLE, CPU) @ row)[10:-10], expected[10:-10], atol=1e-10)


def test_a_doubled_row_goes_on_in_a_mirror():
    """Doubling a row that is padded by its mirror image gives the same in the middle."""
    row = torch.randn(20, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))
    padded = torch.from_numpy(np.pad(row.numpy(), 10, mode="reflect"))
    expected = (doubling(40, DOUBLE, CPU) @ padded)[20:-20]
    assert torch.allclose(doubling(20, DOUBLE, CPU) @ row, expected)


def test_the_mirror_does_not_repeat_the_border():
    found = folded(torch.arange(-5.0, 12.0), 4)
    assert found.tolist() == [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1]


def test_the_octaves_add_up_to_the_row():
    assert torch.allclose(band_passes(30, DOUBLE, CPU).sum(dim=0), torch.eye(30, dtype=DOUBLE), atol=1e-12)


@pytest.mark.parametrize(("band", "frequency"), [(0, 1 / 32), (1, 3 / 16), (2, 3 / 8), (3, 7 / 8)])
def test_an_octave_takes_its_own_frequencies(band, frequency):
    filters = band_filters().numpy()
    wave = np.cos(np.pi * frequency * np.arange(-21, 22))
    gains = filters @ wave
    assert gains.argmax() == band
    assert gains[band] > 0.6
    assert gains.sum() == pytest.approx(1)


def test_octaves_are_symmetric():
    assert torch.allclose(band_filters(), band_filters().flip(1), atol=1e-15)


def test_matrices_made_while_nothing_is_learnt_serve_learning_later():
    with torch.inference_mode():
        doubling(18, torch.float32, CPU)
    row = torch.ones(18, requires_grad=True)
    (doubling(18, torch.float32, CPU) @ row).square().sum().backward()
    assert row.grad is not None
