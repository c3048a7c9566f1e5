"""Whether values look like SUV of a patient."""

import numpy as np
from numpy.typing import NDArray

_HIGHEST = 500.0
_HIGHEST_AT_LEAST = 0.5
_MEDIAN = 50.0
_LOWEST = -1.0


def hardly_suv(suv: NDArray[np.float32]) -> str:
    """Say why values cannot be SUV of a patient, whatever was injected; empty when they may be.

    Args:
        suv: Values of any shape.
    """
    positive = suv[suv > 0]
    if positive.size and (median := float(np.median(positive))) > _MEDIAN:
        return f"half of the voxels above zero are over {median:.4g}"
    return ""


def oddities(suv: NDArray[np.float32]) -> tuple[str, ...]:
    """Say what SUV of a patient hardly ever are; empty when all is well.

    Args:
        suv: SUVbw, of any shape.
    """
    highest, lowest = float(suv.max()), float(suv.min())
    notes = []
    if highest > _HIGHEST:
        notes.append(f"The highest SUV is {highest:.4g}: the values are hardly SUV.")
    elif highest < _HIGHEST_AT_LEAST:
        notes.append(f"The highest SUV is only {highest:.2g}: the values are hardly SUV.")
    if why := hardly_suv(suv):
        notes.append(f"{why.capitalize()}: the values are hardly SUV.")
    if lowest < _LOWEST:
        notes.append(f"The lowest SUV is {lowest:.4g}, far below zero.")
    return tuple(notes)
