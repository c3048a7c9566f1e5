"""What the shipped PET/CT demonstration reaches on simulated patients nobody has seen, and where its heat lies.

`PROGNOSIS_STUDY_PATIENTS=1000` runs the study at full size.
"""

import os

import numpy as np
import pytest
from petct_phantom_study import study

from prognosis.biomarkers.risk.bundle_format import load_biomarker_model
from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle, shipped_models_folder
from prognosis.phantoms.petct import PetctPhantomOptions, write_cohort
from prognosis.survival.metrics.horizon import horizon_endpoint
from prognosis.survival.metrics.horizon_auc import horizon_auc

PATIENTS = int(os.environ.get("PROGNOSIS_STUDY_PATIENTS", "300"))
FRESH = PetctPhantomOptions(patients=PATIENTS, seed=880_001)
TWO_YEARS = 730.5


@pytest.mark.long
def test_the_demonstration_separates_death_better_than_chance(tmp_path, capsys):
    model = load_biomarker_model(find_bundle(shipped_models_folder() / "petct-demonstration", method=Method.BIOMARKERS))
    cohort = write_cohort(FRESH, tmp_path / "fresh", workers=2)
    found = study(model, cohort, heated=40)
    frame = found.frame
    known = horizon_endpoint(frame["time_days"], frame["event"], TWO_YEARS)
    areas = {
        name: horizon_auc(frame[column], known.label, known.weight, np.zeros(len(frame)))
        for name, column in (("model", "score"), ("TLG", "tlg"), ("oracle", "logit"))
    }
    with capsys.disabled():
        print(f"\n{PATIENTS} fresh patients, AUC of death by 2 years:")
        for name, area in areas.items():
            print(f"  {name} {area.value:.3f} ({area.low:.3f} to {area.high:.3f})")
        print("hits of the heat test at growth, and at vessels of no risk at the same distance:")
        for name, hits in found.hits.items():
            print(f"  {name}: {np.mean(hits):.0%} and {np.mean(found.decoy_hits[name]):.0%} of {len(hits)}")
    assert areas["model"].low > 0.5
    assert areas["oracle"].value > areas["model"].value
    assert np.mean(found.hits["distance"]) <= 0.2
