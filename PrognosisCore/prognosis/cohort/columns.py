"""Columns of covariates as read from a table, before anything is estimated from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NumberColumn:
    """A covariate that is a number.

    Args:
        name: The column's heading.
        values: (n,) NaN where the cell is empty.
    """

    name: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class CategoryColumn:
    """A covariate that is one of several words.

    Args:
        name: The column's heading.
        values: (n,) texts, '' where the cell is empty.
    """

    name: str
    values: NDArray[np.str_]


Column = NumberColumn | CategoryColumn
