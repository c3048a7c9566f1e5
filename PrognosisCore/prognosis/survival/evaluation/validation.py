"""Which patients a model is fitted to and which it is judged on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.survival_table import SurvivalTable
from prognosis.errors import InputError
from prognosis.survival.folds import patient_folds

_LEAST_TRAINING_EVENTS = 10


@dataclass(frozen=True)
class Split:
    """Patients to fit to and patients to be judged on; nobody is both.

    Args:
        training: Indices of patients.
        test: Indices of patients.
    """

    training: NDArray[np.int64]
    test: NDArray[np.int64]

    def __post_init__(self) -> None:
        if np.intersect1d(self.training, self.test).size:
            msg = "a patient is on both sides of a split"
            raise ValueError(msg)


def make_splits(table: SurvivalTable, *, folds: int, seed: int) -> tuple[Split, ...]:
    """The table's own split where it has one, else folds matched on event, time and group.

    Raises:
        InputError: There are fewer events than folds, or none on a side of the table's split.
    """
    everybody = np.arange(len(table.event))
    if table.split is not None:
        test = table.split == "test"
        for name, side in (("train", ~test), ("test", test)):
            if not table.event[side].any():
                raise InputError(f"No patient of the {name} split has an event.", remedy="Split the table otherwise.")
        return _with_enough_events(table, (Split(everybody[~test], everybody[test]),))
    events = int(table.event.sum())
    if events < folds:
        raise InputError(
            f"{folds} folds need as many events, the table has {events}.", remedy="Use fewer --folds or more patients."
        )
    dealt = patient_folds(table.time_days, table.event, table.group, folds=folds, seed=seed)
    splits = (Split(everybody[dealt != fold], everybody[dealt == fold]) for fold in range(folds))
    return _with_enough_events(table, tuple(splits))


def _with_enough_events(table: SurvivalTable, splits: tuple[Split, ...]) -> tuple[Split, ...]:
    """Refuse training patients whose own inner folds would hold too few events to choose anything by."""
    fewest = min(int(table.event[split.training].sum()) for split in splits)
    if fewest < _LEAST_TRAINING_EVENTS:
        raise InputError(
            f"Only {fewest} training patients have an event; models are chosen by inner folds, which need "
            f"{_LEAST_TRAINING_EVENTS}.",
            remedy="More patients with an event are needed.",
        )
    return splits
