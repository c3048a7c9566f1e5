"""Splitting patients, never their annotations."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def patient_folds(time: ArrayLike, event: ArrayLike, group: ArrayLike, *, folds: int, seed: int) -> NDArray[np.int64]:
    """Deal patients into folds matched on outcome and group.

    Patients are ordered by group, event and time (ties at random) and dealt out in blocks of `folds`, each block in
    random order, so that every fold sees every stratum.

    Args:
        time: (n,) follow-up times, one a patient.
        event: (n,) 1 where the event was seen.
        group: (n,) treatment group or any label.
        folds: Number of folds, at least 2.
        seed: Seed of the dealing.

    Returns:
        (n,) the fold of each patient, 0 to folds - 1.

    Raises:
        ValueError: Fewer events than folds.
    """
    time, event, group = np.asarray(time, float), np.asarray(event, int), np.asarray(group)
    if folds < 2 or event.sum() < folds:
        msg = f"{folds} folds need at least 2 folds and as many events, got {event.sum()} events"
        raise ValueError(msg)
    generator = np.random.default_rng(seed)
    order = np.lexsort((generator.random(len(time)), time, event, np.unique(group, return_inverse=True)[1]))
    dealt = np.empty(len(time), np.int64)
    for start in range(0, len(time), folds):
        block = order[start : start + folds]
        dealt[block] = generator.permutation(folds)[: len(block)]
    return dealt
