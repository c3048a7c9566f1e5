"""Tables of features and cohorts of simulated patients, some of whose features tell their risk."""

import csv
from pathlib import Path

import numpy as np

from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.feature_table import FeatureTable, NetworkUsed
from prognosis.biomarkers.modality import Modality
from prognosis.cohort.table import CohortRow

PLANTED = (3, 70, 150)


def make_table(*, n=70, p=200, seed=0, planted=PLANTED, demonstration=False) -> tuple[FeatureTable, list[CohortRow]]:
    """Features and outcomes of n patients.

    Args:
        n: How many.
        p: Features a modality.
        seed: Of everything.
        planted: CT features that tell the risk.
        demonstration: Whether the networks are demonstrations.
    """
    generator = np.random.default_rng(seed)
    risk = generator.normal(size=n)
    features = {one: np.maximum(generator.normal(0.2, 1, (n, p)), 0).astype(np.float32) for one in Modality}
    for index in planted:
        features[Modality.CT][:, index] = np.maximum(risk + generator.normal(0, 0.4, n) + 1.5, 0)
    time, end = 800 * generator.exponential(np.exp(-1.4 * risk)), generator.uniform(900, 3600, n)
    event, causes = time <= end, generator.choice(["1", "2"], n, p=[0.8, 0.2])
    ids = tuple(f"DOE^{number}" for number in range(n))
    rows = [
        CohortRow(
            number + 2, ids[number], "", float(min(time[number], end[number])), bool(event[number]), "", {},
            cause=str(causes[number]) if event[number] else "",
        )
        for number in range(n)
    ]  # fmt: skip
    measures = np.column_stack([np.exp(risk + generator.normal(0, 0.5, n)), generator.uniform(2, 20, n)])
    measures[0] = np.nan
    table = FeatureTable(
        patient_ids=ids,
        annotation_ids=("",) * n,
        features=features,
        conventional=measures,
        conventional_names=("tlg_contour_ml", "suv_max"),
        networks={one: NetworkUsed(f"unet-{one}", "ab" * 32, demonstration) for one in Modality},
        settings={"region_mm": 96},
        flags=("",) * n,
        phantom=demonstration,
    )
    return table, rows


def make_full_table(**changes) -> tuple[FeatureTable, list[CohortRow]]:
    """The same at the width of real features."""
    return make_table(p=FEATURES, **changes)


def write_cohort(rows, path: Path) -> Path:
    """Write outcomes as a cohort table."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("patient_id", "time_days", "event", "cause"))
        writer.writerows((row.patient_id, f"{row.time_days:.3f}", int(row.event), row.cause) for row in rows)
    return path
