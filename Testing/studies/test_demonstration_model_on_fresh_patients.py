"""What the shipped demonstration model reaches on simulated patients nobody has seen, beside the oracle.

`PROGNOSIS_STUDY_PATIENTS=1000` runs the study at full size.
"""

import os

import numpy as np
import pytest

from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle
from prognosis.imaging.lesion_mask import LesionSet
from prognosis.lesions.bundle_format import load_lesion_model
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.scoring import score_patient
from prognosis.phantoms.lesions import LesionPhantomOptions, draw_patient
from prognosis.survival.metrics.concordance import concordance

PATIENTS = int(os.environ.get("PROGNOSIS_STUDY_PATIENTS", "200"))
FRESH = LesionPhantomOptions(patients=PATIENTS, seed=770_001)


@pytest.mark.long
def test_the_demonstration_model_keeps_half_of_the_oracles_gain(record_property, capsys):
    model = load_lesion_model(find_bundle("lesions-demonstration", method=Method.LESIONS))
    scorer = make_scorer(model.network.encoder, model.patch.size)
    rows = []
    for number in range(PATIENTS):
        patient = draw_patient(FRESH, number)
        scored = score_patient(patient.image, LesionSet(patient.annotations[0]), model, scorer).patient
        truth = patient.truth
        count, volume = len(truth.lesions), sum(lesion.volume_mm3 for lesion in truth.lesions)
        rows.append(
            (scored.risk, scored.percentile, truth.lesion_log_hazard, count, volume, truth.time_days, truth.event)
        )
    risk, percentile, oracle, count, volume, time, event = (
        np.array(column, float) for column in zip(*rows, strict=True)
    )
    found, best = (concordance(values, time, event, bootstraps=0).value for values in (risk, oracle))
    ratios = []
    for seed in range(300):
        drawn = np.random.default_rng(seed).integers(0, PATIENTS, PATIENTS)
        pair = [concordance(v[drawn], time[drawn], event[drawn], bootstraps=0).value for v in (risk, oracle)]
        ratios.append((pair[0] - 0.5) / (pair[1] - 0.5))
    low, high = np.percentile(ratios, [2.5, 97.5])
    plain = {
        name: concordance(v, time, event, bootstraps=0).value for name, v in (("count", count), ("volume", volume))
    }
    with capsys.disabled():
        print(
            f"\n{PATIENTS} fresh patients: C {found:.3f}, oracle {best:.3f}, ratio of gains "
            f"{(found - 0.5) / (best - 0.5):.2f} ({low:.2f} to {high:.2f}); count {plain['count']:.3f}, "
            f"volume {plain['volume']:.3f}; median percentile {np.median(percentile):.0f}"
        )
    assert low > 0.5
    assert 35 < np.median(percentile) < 65
    assert found > max(plain.values())
