"""Where a small piece of an image fits into a larger one: every shift tried at once.

The piece is compared with every place by its normalised cross-correlation over the voxels that count, by Fourier
transforms (Padfield, Masked object registration in the Fourier domain, IEEE Transactions on Image Processing 2012).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NOTHING = 1e-6
"""Part of the largest variance below which a place is flat."""


def correlate_everywhere(
    piece: NDArray, counted: Mask, image: NDArray, known: Mask, *, least_overlap: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Correlate a piece with an image at every whole shift.

    Args:
        piece: Values [k, j, i].
        counted: Which voxels of the piece count.
        image: Values [k, j, i], of voxels of the same size.
        known: Which voxels of the image are known.
        least_overlap: Part of the counted voxels that have to meet known ones, 0 to 1.

    Returns:
        Correlation at every shift [k, j, i], -1 where too little overlaps or either is flat; and the shift of its first
        element, in voxels [k, j, i]: where the piece's first voxel then lies in the image.
    """
    size = [n + m - 1 for n, m in zip(image.shape, piece.shape, strict=True)]
    fast = [fft.next_fast_len(n, real=True) for n in size]

    def transformed(values: NDArray) -> NDArray[np.complex128]:
        spectrum: NDArray[np.complex128] = fft.rfftn(values, fast)
        return spectrum

    def correlated(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> Floats:
        whole: Floats = fft.irfftn(first * second, fast)[tuple(slice(0, n) for n in size)]
        return whole

    # Means are taken off first: squares of Hounsfield units far from zero would cancel badly.
    weight = counted.astype(np.float64)
    there = known.astype(np.float64)
    one = np.where(counted, piece - piece[counted].mean(), 0.0)
    other = np.where(known, image - image[known].mean(), 0.0)
    turned = (slice(None, None, -1),) * 3
    w, p, pp = (transformed(array[turned]) for array in (weight, one, one**2))
    g, f, ff = (transformed(array) for array in (there, other, other**2))
    count = np.maximum(np.rint(correlated(w, g)), 0.0)
    n = np.maximum(count, 1.0)
    sum_piece, sum_image = correlated(p, g), correlated(w, f)
    varied_piece = correlated(pp, g) - sum_piece**2 / n
    varied_image = correlated(w, ff) - sum_image**2 / n
    together = correlated(p, f) - sum_piece * sum_image / n
    fits = count >= max(1.0, least_overlap * np.count_nonzero(counted))
    fits &= (varied_piece > _NOTHING * varied_piece.max()) & (varied_image > _NOTHING * varied_image.max())
    result = np.full(count.shape, -1.0)
    result[fits] = np.clip(together[fits] / np.sqrt(varied_piece[fits] * varied_image[fits]), -1.0, 1.0)
    return result, 1 - np.asarray(piece.shape)


def best_shifts(correlation: Floats, first: NDArray[np.int64], *, most: int, apart: int) -> list[NDArray[np.int64]]:
    """The shifts [k, j, i] of the highest peaks, the best first.

    Args:
        correlation, first: As `correlate_everywhere` returns them.
        most: How many are wanted; fewer come where there are fewer peaks.
        apart: Peaks lie at least this many voxels apart.
    """
    summit = ndimage.maximum_filter(correlation, size=2 * apart + 1, mode="nearest")
    peaks = np.argwhere((correlation == summit) & (correlation > -1.0))
    order = np.argsort(-correlation[tuple(peaks.T)], kind="stable")
    return [peaks[at] + first for at in order[:most]]
