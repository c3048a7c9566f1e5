"""What every model of survival is, once fitted: a risk, and what its numbers may be compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class FittedRisk:
    """A fitted model of log partial hazard.

    Args:
        risk: (n, p) encoded covariates -> (n,) risks, higher meaning an earlier event, of mean 0 over training
            patients.
        out_of_fold: (n_train,) risk of each training patient by a model of the same options that never saw the
            patient, each such model centred on the patients it was fitted to. Cut-offs, slope and baseline hazard come
            from these.
        chosen: What was chosen on training patients, such as {'penalty': 0.01}.
    """

    risk: Callable[[Matrix], Vector]
    out_of_fold: Vector
    chosen: Mapping[str, float | int | str]


FitRisk = Callable[[Matrix, Vector, NDArray[np.bool_], int], FittedRisk]
"""(n, p) encoded covariates, (n,) days, (n,) events, seed -> fitted model."""
