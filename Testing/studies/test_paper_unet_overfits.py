"""The paper's U-Net learns one real case by heart, and goes on after an interruption as if there had been none.

`PROGNOSIS_STUDY_STEPS` sets how many steps it takes (a few seconds each on two cores).
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.augmenting import Augmentation
from prognosis.biomarkers.networks.fitting import FittingOptions, fit_unet
from prognosis.biomarkers.networks.out_of_fold import predicted_tumour
from prognosis.biomarkers.networks.segmentation_metrics import compare_contours
from prognosis.biomarkers.networks.training_data import read_training_regions
from prognosis.biomarkers.networks.unet import UNetKind, UNetOptions
from prognosis.cohort.table import read_cohort

CASE = Path(__file__).resolve().parents[3] / "shared/data/petct/IA001491"
STEPS = int(os.environ.get("PROGNOSIS_STUDY_STEPS", "48"))
STILL = Augmentation(shift=0, gain=0, offset=0, flip=False)


@pytest.fixture
def case(tmp_path):
    """The PET of a lung cancer patient as a cohort of one."""
    if not CASE.is_dir():
        pytest.skip(f"{CASE} is absent")
    table = tmp_path / "cohort.csv"
    files = CASE / "InputPET_SUV_ROI.nii.gz", CASE / "GTV_Primary_ROI_PET_Staple.nii.gz"
    table.write_text(f"patient_id,pet,pet_tumour\none,{files[0]},{files[1]}\n", encoding="utf-8")
    rows = read_cohort(table, file_columns=("pet", "pet_tumour"), outcome_required=False)
    return read_training_regions(rows, Modality.PET)


@pytest.mark.long
def test_the_papers_network_overfits_one_case_and_resumes(case, tmp_path, capsys):
    options = FittingOptions(epochs=STEPS, learning_rate=3e-3, batch=1, device="cpu")

    def fit(progress):
        architecture = UNetOptions(UNetKind.PAPER)
        how = {"augmentation": STILL, "state_folder": tmp_path / "state", "progress": progress}
        return fit_unet(case, np.arange(1), architecture, options, **how)

    told = []

    def interrupting(step, done, total):
        told.append(step)
        if done == STEPS // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(interrupting)
    resumed = []
    fitted = fit(lambda *words: resumed.append(words[1]))
    assert resumed == list(range(STEPS // 2 + 1, STEPS + 1))
    assert fitted.losses[STEPS // 2] < fitted.losses[0]
    found = compare_contours(predicted_tumour(fitted, case.images[0]), case.tumours[0].numpy(), (1.0, 1.0, 1.0))
    with capsys.disabled():
        print(f"\nDice {found.dice:.3f}, Hausdorff {found.hausdorff_mm} mm after {STEPS} steps; losses {fitted.losses}")
    assert torch.isfinite(torch.tensor(fitted.losses)).all()
    assert found.dice > 0.9
