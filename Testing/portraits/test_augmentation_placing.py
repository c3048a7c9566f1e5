import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.signal import upfirdn

from prognosis.portraits.augmentation.placing import Moves, Warps, copied, warped
from prognosis.portraits.augmentation.wavelets import SYM6

SIDE = 48
MIDDLE = (..., slice(8, -8), slice(8, -8))  # where no mirror image enters
STILL = Moves(mirrored=torch.zeros(1), quarters=torch.zeros(1), shift=torch.zeros(1, 2))
EVEN = Warps(
    scale=torch.ones(1), before=torch.zeros(1), stretch=torch.ones(1), after=torch.zeros(1), shift=torch.zeros(1, 2)
)


@pytest.fixture
def noise():
    return torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def spots(places, widths=(3.0, 2.0)):
    """An image of smooth spots about places (x, y) from the centre, the first the brighter; widths in x and y."""
    line = np.arange(SIDE) - (SIDE - 1) / 2
    image = sum(
        np.outer(
            np.exp(-((line - y) ** 2) / (2 * widths[1] ** 2)) / (order + 1),
            np.exp(-((line - x) ** 2) / (2 * widths[0] ** 2)),
        )
        for order, (x, y) in enumerate(places)
    )
    return torch.tensor(image, dtype=torch.float32).expand(1, 3, -1, -1)


MOVES = {
    "mirrored": ({"mirrored": torch.ones(1)}, lambda x: x.flip(3)),
    "quarter turn": ({"quarters": torch.tensor([1.0])}, lambda x: x.rot90(1, (2, 3))),
    "half turn": ({"quarters": torch.tensor([2.0])}, lambda x: x.flip(2, 3)),
    "three quarters": ({"quarters": torch.tensor([3.0])}, lambda x: x.rot90(-1, (2, 3))),
    "shifted": (
        {"shift": torch.tensor([[3.0, -5.0]])},
        lambda x: torch.from_numpy(np.pad(x.numpy(), [(0, 0), (0, 0), (0, 5), (3, 0)], mode="reflect"))[..., 5:, :SIDE],
    ),
    "mirrored, then turned": (
        {"mirrored": torch.ones(1), "quarters": torch.tensor([1.0])},
        lambda x: x.flip(3).rot90(1, (2, 3)),
    ),
}


@pytest.mark.parametrize(("change", "expected"), MOVES.values(), ids=MOVES)
def test_moves_copy_pixels_bit_for_bit(noise, change, expected):
    matrices = replace(STILL, **change).matrices().float()
    assert torch.equal(copied(noise, matrices), expected(noise))


QUARTER = torch.tensor([math.pi / 2])
WARPS = {
    "twice as large": ({"scale": torch.tensor([2.0])}, [(10, -6), (-8, 4)], (6.0, 4.0)),
    "smaller": ({"scale": torch.tensor([0.7])}, [(3.5, -2.1), (-2.8, 1.4)], (2.1, 1.4)),
    "turned before": ({"before": QUARTER}, [(-3, -5), (2, 4)], (2.0, 3.0)),
    "turned after": ({"after": -QUARTER}, [(3, 5), (-2, -4)], (2.0, 3.0)),
    "wider and lower": ({"stretch": torch.tensor([1.5])}, [(7.5, -2), (-6, 4 / 3)], (4.5, 2 / 1.5)),
    "turned, then wider": (
        {"before": QUARTER, "stretch": torch.tensor([1.5])},
        [(-4.5, -10 / 3), (3, 8 / 3)],
        (3.0, 2.0),
    ),
    "wider, then turned": (
        {"stretch": torch.tensor([1.5]), "after": QUARTER},
        [(-2, -7.5), (4 / 3, 6)],
        (2 / 1.5, 4.5),
    ),
    "shifted": ({"shift": torch.tensor([[3.3, -5.75]])}, [(8.3, -8.75), (-0.7, -3.75)], (3.0, 2.0)),
}


@pytest.mark.parametrize(("change", "places", "widths"), WARPS.values(), ids=WARPS)
def test_warps_put_smooth_spots_where_they_belong(change, places, widths):
    matrices = replace(EVEN, **change).matrices().float()
    found = warped(spots([(5, -3), (-4, 2)]), matrices)
    assert (found - spots(places, widths))[MIDDLE].abs().max() < 0.02


def test_a_spot_turned_by_a_tenth_of_a_turn_lies_where_the_angle_says():
    angle = math.tau / 10
    found = warped(spots([(12, 0)], (2.0, 2.0)), replace(EVEN, after=torch.tensor([angle])).matrices().float())
    expected = spots([(12 * math.cos(angle), -12 * math.sin(angle))], (2.0, 2.0))
    assert (found - expected)[MIDDLE].abs().max() < 0.02


def test_an_even_warp_changes_nothing_away_from_the_border(noise):
    found = warped(noise, EVEN.matrices().float())
    assert torch.allclose(found[..., 6:-6, 6:-6], noise[..., 6:-6, 6:-6], atol=1e-5)


def test_a_warp_is_the_papers_chain_of_filters(noise):
    """Zeros between pixels, filter; read between pixels; filter, drop every second: computed by scipy."""
    warps = replace(EVEN, scale=torch.tensor([1.1]), after=torch.tensor([0.2]), shift=torch.tensor([[1.3, 0.4]]))
    matrix = warps.matrices()[0].double().numpy()
    found = warped(noise, warps.matrices().float())[0, 0].numpy()

    margin, taps = 24, np.array(SYM6)
    delay = taps @ np.arange(12) / taps.sum() - 5
    wide = np.pad(noise[0, 0].double().numpy(), margin, mode="reflect")
    pixels = 2 * len(wide)
    for axis in (0, 1):
        doubled = upfirdn(taps * math.sqrt(2), wide, up=2, axis=axis)
        wide = np.take(np.concatenate([doubled, np.zeros_like(doubled)], axis), np.arange(5, 5 + pixels), axis)
    centre = (len(wide) / 2 - 1) / 2
    rows, columns = (np.mgrid[:pixels, :pixels] - delay) / 2 - centre
    back = np.linalg.inv(matrix)
    x, y = (back[axis, 0] * columns + back[axis, 1] * rows + back[axis, 2] + centre for axis in (0, 1))
    wide = ndimage.map_coordinates(wide, [2 * y + delay, 2 * x + delay], order=1)
    for axis in (0, 1):
        wide = np.apply_along_axis(np.correlate, axis, wide, taps / math.sqrt(2), mode="full")
        wide = np.take(wide, np.arange(6, 6 + pixels, 2), axis=axis)
    inside = slice(margin + 12, margin + SIDE - 12)
    np.testing.assert_allclose(found[12:-12, 12:-12], wide[inside, inside], atol=1e-4)


def test_detail_too_fine_for_a_smaller_image_is_gone_instead_of_showing_as_coarse_stripes():
    stripes = torch.cos(torch.arange(SIDE) * (0.9 * math.pi)).expand(1, 3, SIDE, SIDE)
    half = replace(EVEN, scale=torch.tensor([0.5])).matrices().float()
    plain = copied(stripes, half)
    assert plain.std() > 0.5
    assert warped(stripes, half)[..., 4:-4].std() < 0.05


def test_detail_outlives_a_shift_by_half_a_pixel():
    stripes = torch.cos(torch.arange(SIDE) * (0.6 * math.pi)).expand(1, 3, SIDE, SIDE)
    expected = torch.cos((torch.arange(SIDE) - 0.5) * (0.6 * math.pi))
    found = warped(stripes, replace(EVEN, shift=torch.tensor([[0.5, 0.0]])).matrices().float())
    gain = (found[0, 0, 20, 8:-8] @ expected[8:-8]) / expected[8:-8].square().sum()
    assert gain > 0.9  # the mean of two neighbours would keep 0.59


def test_each_image_of_a_batch_goes_its_own_way(noise):
    images = noise.repeat(3, 1, 1, 1)
    matrices = torch.cat(
        [EVEN.matrices(), replace(EVEN, after=QUARTER).matrices(), replace(EVEN, scale=torch.tensor([1.3])).matrices()]
    ).float()
    together = warped(images, matrices)
    for row in range(3):
        assert torch.allclose(together[row : row + 1], warped(noise, matrices[row : row + 1]), atol=1e-5)
