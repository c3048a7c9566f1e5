from dataclasses import replace

import numpy as np
import pytest

from prognosis.cohort.table import read_cohort
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.lesions.augment import CONTEXT
from prognosis.lesions.examine import examine_lesions
from prognosis.lesions.patches import PatchOptions
from prognosis.lesions.training_data import read_training_data

IMAGE = Geometry((40, 40, 10), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))


def block(label, name, start, size):
    return LesionMask(label, name, np.ones(size[::-1], bool), IMAGE.crop(start, size))


@pytest.fixture
def cohort(tmp_path):
    """Two patients: one read by two readers, one with nothing but a single voxel."""
    array = np.random.default_rng(0).normal(0, 100, IMAGE.shape).astype(np.int16) - 200
    write_volume(Volume(array, IMAGE, "CT"), tmp_path / "one.nrrd")
    write_volume(Volume(array + 1, IMAGE, "CT"), tmp_path / "two.nrrd")
    lesions = [block(1, "Tumor", (10, 10, 3), (6, 5, 3)), block(2, "liver", (20, 22, 4), (8, 4, 2))]
    write_seg_nrrd(lesions, IMAGE, tmp_path / "reader-1.seg.nrrd")
    write_seg_nrrd(lesions[:1], IMAGE, tmp_path / "reader-2.seg.nrrd")
    write_seg_nrrd([block(1, "dot", (5, 5, 5), (1, 1, 1))], IMAGE, tmp_path / "dot.seg.nrrd")
    table = tmp_path / "cohort.csv"
    rows = [
        "a,1,30,1,one.nrrd,reader-1.seg.nrrd",
        "a,2,30,1,one.nrrd,reader-2.seg.nrrd",
        "b,1,50,0,two.nrrd,dot.seg.nrrd",
    ]
    table.write_text(
        "patient_id,annotation_id,time_days,event,image,lesions\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    return table, Volume(array, IMAGE, "CT"), lesions


def read(table, choice=LesionChoice()):  # noqa: B008
    return read_training_data(read_cohort(table, file_columns=("image", "lesions")), PatchOptions(), choice)


def test_patches_and_volumes_are_those_that_scoring_sees(cohort):
    table, image, lesions = cohort
    data = read(table)
    assert data.patients == 2
    assert data.patient.tolist() == [0, 0, 1]
    assert data.annotation.tolist() == [0, 0, 1]
    assert data.annotation_weight.tolist() == [0.5, 0.5, 1.0]
    assert data.volume_mm3.tolist() == pytest.approx([270.0, 192.0, 270.0])
    expected = [each.patch for each in examine_lesions(image, lesions, PatchOptions(), context=CONTEXT)]
    np.testing.assert_allclose(data.patches[:2, 0].numpy(), expected, atol=1e-3)
    assert data.ranges["slice_thickness_mm"] == (3.0, 3.0)


def test_simulated_images_are_noticed(cohort):
    table, image, _ = cohort
    assert not read(table).phantom
    write_volume(replace(image, phantom="lesions"), table.parent / "two.nrrd")
    assert read(table).phantom


def test_nothing_is_left_out_in_silence(cohort):
    notes = read(cohort[0]).notes
    assert "1 x annotations without a lesion that can be scored" in notes
    assert "1 x lesion left out: a single voxel in-plane" in notes
    assert "1 x lesion: its name is that of an organ or landmark" in notes


def test_a_choice_of_lesions_holds_for_every_row(cohort):
    table = cohort[0]
    lines = table.read_text(encoding="utf-8").splitlines()[:3]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read(table, LesionChoice(names=("Tum*",))).volume_mm3.tolist() == pytest.approx([270.0, 270.0])


def test_all_rows_that_cannot_be_read_are_named(cohort):
    table = cohort[0]
    for name in ("one.nrrd", "dot.seg.nrrd"):
        (table.parent / name).write_bytes(b"NRRD0004\n")
    with pytest.raises(InputError, match="3 rows cannot be read: row 2.*row 3.*row 4"):
        read(table)
