"""Patients who share an image, and so would stand on both sides of a split."""

import hashlib
from pathlib import Path

from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.selection.labels import Integers
from prognosis.cohort.faults import Faults


def require_own_images(table: FeatureTable, rows: Integers, cohort_path: Path) -> None:
    """Refuse patients whose features are the same: one image stands under two ids.

    Annotations of one patient may be alike.

    Args:
        table: Features.
        rows: The rows that are used.
        cohort_path: The cohort table's file, for messages.

    Raises:
        InputError: Two patients have the same features of a modality; entries are counted from 1.
    """
    faults = Faults()
    for modality, features in table.features.items():
        seen: dict[bytes, int] = {}
        found = []
        for row in map(int, rows):
            first = seen.setdefault(hashlib.blake2b(features[row].tobytes(), digest_size=16).digest(), row)
            if table.patient_ids[first] != table.patient_ids[row]:
                found.append(
                    f"entries {first + 1} and {row + 1} of the features are of two patients with the same "
                    f"{modality.shown} features: one image stands under two ids"
                )
        if len(seen) > 1:  # else the network says the same of everybody, which is another fault
            for problem in found:
                faults.table(problem)
    faults.refuse(cohort_path)
