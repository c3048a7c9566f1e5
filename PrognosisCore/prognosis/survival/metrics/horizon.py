"""Who had the event by a day, who was free of it, and who cannot be told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.outcomes import checked_outcome

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class HorizonEndpoint:
    """Whether patients had the event by a horizon, known for some of them only.

    Args:
        label: (n,) whether the event was seen by the horizon.
        complete: (n,) whether the patient belongs to the complete cases. Leaving the others out biases the event's
            frequency upwards, for who is censored early cannot be counted as free of it.
        weight: (n,) inverse probability of still being uncensored when the label became known; 0 where it never did.
            A patient who met another cause first is known to be free of the event.
        events: Complete cases with the event.
        event_free: Complete cases without.
        censored: Left out of them: censored before the horizon.
        other_cause: Left out of them: met another cause by the horizon.
    """

    label: NDArray[np.bool_]
    complete: NDArray[np.bool_]
    weight: Vector
    events: int
    event_free: int
    censored: int
    other_cause: int


def horizon_endpoint(
    time: ArrayLike, event: ArrayLike, at_days: float, *, cause: int | None = None, censoring: Censoring | None = None
) -> HorizonEndpoint:
    """Turn follow-up into a label at a horizon; a patient censored at the very horizon was free of the event at it.

    Args:
        time: (n,) days.
        event: (n,) 1 where the event was seen, or with `cause` the number of the cause that was met, 0 censored.
        at_days: The horizon.
        cause: The cause that counts, for a disease-specific endpoint; by default every one does.
        censoring: Of the training patients; of these very patients by default.

    Raises:
        ValueError: The horizon is not above zero, training patients were not followed to it, lengths differ, or a time
            is negative or no finite number.
    """
    met = np.asarray(event, np.int64)
    time, any_event = checked_outcome(time, met != 0)
    if at_days <= 0:
        msg = f"a horizon lies after time 0, got {at_days}"
        raise ValueError(msg)
    by_then = any_event & (time <= at_days)
    label = by_then & (met == cause) if cause is not None else by_then
    known = by_then | (time >= at_days)
    censoring = censoring or Censoring.fit(time, any_event)
    needed = np.minimum(time, at_days)
    uncensored = censoring.before(needed)
    censoring.require_known(needed[known], uncensored[known])
    complete = known & (label | ~by_then)
    return HorizonEndpoint(
        label=label,
        complete=complete,
        weight=np.divide(1.0, uncensored, out=np.zeros(len(time)), where=known),
        events=int(label.sum()),
        event_free=int((complete & ~label).sum()),
        censored=int((~known).sum()),
        other_cause=int((by_then & ~label).sum()),
    )
