"""What a table of features must be before anything is computed from it."""

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError

MOST_ROWS = 20_000
_AGAIN = "Extract the features again."


def check_features(values: NDArray[np.float32], modality: Modality, where: str) -> None:
    """Refuse features of a patient that tell nothing.

    Args:
        values: (55296,) features.
        where: Whose, for the message.

    Raises:
        InputError: One is not finite, or all are alike.
    """
    if not np.isfinite(values).all():
        raise InputError(
            f"{where}: the network gives {modality.shown} features that are not finite.",
            remedy="Check the image's values and the model.",
        )
    if values.min() == values.max():
        raise InputError(
            f"{where}: all {modality.shown} features are {values[0]:g}: the network sees nothing in the region.",
            remedy="Check that the image shows the tumour where the contour lies, and the model.",
        )


def check_table(table: FeatureTable, where: str) -> None:
    """Refuse a table that does not hold together.

    Args:
        where: Its file, for messages.

    Raises:
        InputError: Sizes disagree, a patient annotation stands twice, or a row tells nothing; rows are counted from 1.
    """
    rows = len(table)
    if not 1 <= rows <= MOST_ROWS:
        raise InputError(f"{where}: it should hold 1 to {MOST_ROWS} rows, not {rows}.", remedy="Split the table.")
    lengths = {len(table.annotation_ids), len(table.flags), len(table.conventional)}
    shapes = {values.shape for values in table.features.values()}
    if lengths != {rows} or shapes != {(rows, FEATURES)} or set(table.features) != set(table.networks):
        raise InputError(f"{where}: its columns do not fit together.", remedy=_AGAIN)
    names = table.conventional_names
    if table.conventional.shape != (rows, len(names)) or len(set(names)) != len(names):
        raise InputError(f"{where}: its conventional measures do not fit their names.", remedy=_AGAIN)
    if np.isinf(table.conventional).any():
        raise InputError(f"{where}: a conventional measure is infinite.", remedy="Check the image's values.")
    require_once(table, where)
    for modality, features in table.features.items():
        for row, values in enumerate(features, start=1):
            check_features(values, modality, f"{where}: row {row}")


def require_once(table: FeatureTable, where: str) -> None:
    """Refuse a patient annotation that stands twice; see `check_table`."""
    seen: dict[tuple[str, str], int] = {}
    for row, key in enumerate(zip(table.patient_ids, table.annotation_ids, strict=True), start=1):
        if seen.setdefault(key, row) != row:
            raise InputError(
                f"{where}: rows {seen[key]} and {row} are of one patient and annotation.",
                remedy="Keep each patient annotation once.",
            )
