"""The border of a mask along its voxels' edges."""

import numpy as np
from numpy.typing import NDArray


def outline_of(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Line segments around a two-dimensional mask.

    Args:
        mask: Booleans [row, column]; voxel (r, c) covers r to r + 1 and c to c + 1.

    Returns:
        Segments (n, 2, 2): two ends, each (column, row).
    """
    padded = np.pad(mask, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    across = np.stack([np.stack([columns, rows], axis=1), np.stack([columns + 1, rows], axis=1)], axis=1)
    rows, columns = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    down = np.stack([np.stack([columns, rows], axis=1), np.stack([columns, rows + 1], axis=1)], axis=1)
    return np.concatenate([across, down]).astype(np.float64)
