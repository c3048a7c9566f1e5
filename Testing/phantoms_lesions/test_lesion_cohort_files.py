"""A written cohort is complete, consistent and readable by what reads a user's cohort."""

import csv
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.errors import UsageError
from prognosis.phantoms.lesions import LesionPhantomOptions, draw_patient, draw_truth, write_cohort

_OPTIONS = LesionPhantomOptions(patients=3, seed=2, size=(112, 88, 40), spacing=(3.2, 3.2, 7.5), median_lesions=4)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    table = write_cohort(
        _OPTIONS, tmp_path_factory.mktemp("phantom") / "cohort", lambda done, of: progress.append((done, of))
    )
    return table, progress


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_annotation_is_a_row_with_files_beside_it(cohort: tuple[Path, list[tuple[int, int]]]) -> None:
    table, progress = cohort
    rows = _rows(table)
    truths = [draw_truth(_OPTIONS, index) for index in range(3)]
    assert len(rows) == sum(truth.annotators for truth in truths)
    assert len({(row["patient_id"], row["annotation_id"]) for row in rows}) == len(rows)
    for row in rows:
        truth = truths[int(row["patient_id"].removeprefix("patient-"))]
        assert float(row["time_days"]) == truth.time_days
        assert int(row["event"]) == truth.event
        assert (row["group"], row["site"]) == (truth.group, truth.site)
        for column in ("image", "lesions", "organs"):
            assert not Path(row[column]).is_absolute()
            assert (table.parent / row[column]).is_file()
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_the_truth_table_gives_every_lesion_its_risk(cohort: tuple[Path, list[tuple[int, int]]]) -> None:
    rows = _rows(cohort[0].with_name("truth.csv"))
    lesions = [(index, lesion) for index in range(3) for lesion in draw_truth(_OPTIONS, index).lesions]
    assert len(rows) == len(lesions)
    for row, (index, lesion) in zip(rows, lesions, strict=True):
        assert row["patient_id"] == f"patient-{index:06d}"
        assert (int(row["lesion"]), row["organ"]) == (lesion.label, lesion.organ)
        assert float(row["lesion_risk"]) == pytest.approx(lesion.risk, rel=1e-8)
        assert float(row["volume_mm3"]) == pytest.approx(lesion.volume_mm3, rel=1e-8)


def test_files_hold_what_was_drawn_and_say_they_are_no_patient(cohort: tuple[Path, list[tuple[int, int]]]) -> None:
    folder = cohort[0].parent / "patient-000001"
    patient = draw_patient(_OPTIONS, 1)
    image = sitk.ReadImage(folder / "image.nrrd")
    assert np.array_equal(sitk.GetArrayFromImage(image), patient.image.array)
    assert image.GetSpacing() == pytest.approx(_OPTIONS.spacing)
    organs = sitk.ReadImage(folder / "organs.seg.nrrd")
    assert np.array_equal(sitk.GetArrayFromImage(organs), patient.organs)
    lesions = sitk.ReadImage(folder / "lesions-1.seg.nrrd")
    assert {lesions.GetMetaData(f"Segment{n}_Name") for n in range(len(patient.lesions))} == {
        lesion.name for lesion in patient.lesions
    }
    for file in (image, organs, lesions):
        marks = [file.GetMetaData(key) for key in file.GetMetaDataKeys() if key.endswith("phantom")]
        assert marks == ["lesions"]


def test_a_full_disk_is_noticed_before_drawing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MB free"):
        write_cohort(LesionPhantomOptions(patients=10**9), tmp_path / "cohort")
    assert not (tmp_path / "cohort").exists()
