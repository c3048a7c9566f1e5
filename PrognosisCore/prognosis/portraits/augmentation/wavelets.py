"""Wavelet filters as matrices that act on a row of pixels, the row going on beyond its ends in a mirror.

As matrices of numbers they have derivatives of any order, and for rows of some hundred pixels they are fast.
"""

from functools import lru_cache

import torch
from torch import Tensor

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
"""Low-pass filter of the least asymmetric wavelet with 6 vanishing moments (Daubechies 1992, table 6.3); norm 1."""
_ROOT_2, _ROOT_3 = 2**0.5, 3**0.5
SYM2 = tuple(tap / (4 * _ROOT_2) for tap in (1 + _ROOT_3, 3 + _ROOT_3, 3 - _ROOT_3, 1 - _ROOT_3))
"""Low-pass filter of the wavelet with 2 vanishing moments; norm 1."""
BANDS = 4
"""Octaves: frequencies up to 1/8, 1/4, 1/2 and all of the highest that pixels can show."""
REACH = len(SYM6) // 2 - 1
"""Pixels of a doubled row that a halved one needs beyond each end."""
DELAY = sum(step * tap for step, tap in enumerate(SYM6)) / sum(SYM6) - REACH
"""Pixel k of a row lies at 2k + `DELAY` of the doubled row: the filter is not quite symmetric."""

_KEPT = 16


def folded(places: Tensor, side: int) -> Tensor:
    """Where in 0 to side - 1 a place of the infinite mirror shows; the end pixels are not repeated."""
    last = side - 1
    return last - (places.remainder(2 * last) - last).abs()


@lru_cache(_KEPT)
def doubling(side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(2 side, side) double a row; pixel k comes to lie at 2k + `DELAY`."""
    pixels = torch.arange(-len(SYM6), side + len(SYM6))
    matrix = torch.zeros(2 * side, side, dtype=torch.float64)
    for step, tap in enumerate(SYM6, start=-REACH):
        rows = 2 * pixels + step
        inside = (rows >= 0) & (rows < 2 * side)
        matrix[rows[inside], folded(pixels[inside], side)] += _ROOT_2 * tap
    return _lasting(matrix, dtype, device)


@lru_cache(_KEPT)
def halving(side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(side, 2 side + 2 `REACH`) halve a doubled row that has `REACH` more pixels at each end."""
    pixels = torch.arange(side)
    matrix = torch.zeros(side, 2 * (side + REACH), dtype=torch.float64)
    for step, tap in enumerate(SYM6):
        matrix[pixels, 2 * pixels + step] = tap / _ROOT_2
    return _lasting(matrix, dtype, device)


@lru_cache(_KEPT)
def band_passes(side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(4, side, side) take the octaves out of a row, the coarsest first; their sum is the row."""
    pixels = torch.arange(side)
    filters = band_filters()
    matrices = torch.zeros(BANDS, side, side, dtype=torch.float64)
    for step, taps in enumerate(filters.T, start=-(filters.shape[1] // 2)):
        matrices[:, pixels, folded(pixels + step, side)] += taps[:, None]
    return _lasting(matrices, dtype, device)


def band_filters() -> Tensor:
    """(4, 43) symmetric filters of the octaves, the coarsest first; their sum is the filter that changes nothing.

    With L the power of the low-pass filter SYM2 and H = 1 - L that of its high-pass, they are L(z) L(z^2) L(z^4),
    L(z) L(z^2) H(z^4), L(z) H(z^2) and H(z).
    """
    low = torch.tensor(SYM2, dtype=torch.float64)
    power = _convolved(low, low.flip(0)) / 2
    nothing = torch.zeros_like(power)
    nothing[len(power) // 2] = 1
    rest = torch.ones(1, dtype=torch.float64)
    filters = []
    for octave in range(BANDS - 1):
        filters.append(_convolved(rest, _spread(nothing - power, 2**octave)))
        rest = _convolved(rest, _spread(power, 2**octave))
    return torch.stack([_centred(taps, len(rest)) for taps in [rest, *filters[::-1]]])


def _convolved(one: Tensor, other: Tensor) -> Tensor:
    return torch.conv1d(one[None, None], other.flip(0)[None, None], padding=len(other) - 1)[0, 0]


def _spread(taps: Tensor, step: int) -> Tensor:
    wide = taps.new_zeros(step * (len(taps) - 1) + 1)
    wide[::step] = taps
    return wide


def _centred(taps: Tensor, length: int) -> Tensor:
    margin = (length - len(taps)) // 2
    return torch.nn.functional.pad(taps, (margin, margin))


def _lasting(matrix: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):  # it is kept, and a gradient may be wanted next time
        return matrix.to(device=device, dtype=dtype, copy=True)
