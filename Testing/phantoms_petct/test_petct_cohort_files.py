"""A written PET/CT cohort is complete, consistent and readable by what reads a user's cohort."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.cli import phantom
from prognosis.cli.main import main
from prognosis.cohort.contract import FILES_NEEDED, Purpose
from prognosis.cohort.table import read_cohort
from prognosis.errors import UsageError
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.phantoms.petct import PetctPhantomOptions, draw_patient, draw_truth, write_cohort

_OPTIONS = PetctPhantomOptions(patients=5, seed=40, followup=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    table = write_cohort(
        _OPTIONS, tmp_path_factory.mktemp("petct") / "cohort", lambda done, of: told.append((done, of))
    )
    return table, told


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_table_reads_as_a_users_cohort(written: tuple[Path, list[tuple[int, int]]]) -> None:
    table, told = written
    rows = read_cohort(
        table,
        file_columns=FILES_NEEDED[Purpose.BIOMARKERS],
        optional_file_columns=("followup_image", "followup_lesions"),
    )
    truths = [draw_truth(_OPTIONS, index) for index in range(5)]
    assert [(row.time_days, row.event) for row in rows] == [(truth.time_days, truth.event) for truth in truths]
    assert [row.cause for row in rows] == [str(int(truth.cause)) if truth.event else "" for truth in truths]
    assert told == [(done, 5) for done in range(1, 6)]
    assert all("followup_image" in row.files for row, truth in zip(rows, truths, strict=True) if truth.time_days > 60)


def test_files_hold_what_was_drawn_and_say_they_are_of_no_patient(
    written: tuple[Path, list[tuple[int, int]]],
) -> None:
    folder, patient = written[0].parent / "patient-000001", draw_patient(_OPTIONS, 1)
    for name, volume in (
        ("ct", patient.ct),
        ("pet", patient.pet),
        ("tumour", patient.tumour),
        ("periphery", patient.periphery),
        ("decoys", patient.decoys),
    ):
        read = read_volume(folder / f"{name}.nrrd")
        assert np.array_equal(read.array, volume.array)
        assert read.geometry.is_close_to(volume.geometry)
        assert read.phantom == "petct"
    assert sitk.ReadImage(folder / "ct.nrrd").GetPixelID() == sitk.sitkInt16
    assert read_volume(folder / "pet.nrrd").modality == "PT"
    (tumour,) = read_lesions(folder / "tumour.nrrd", patient.ct).lesions
    assert tumour.volume_mm3 == pytest.approx(1000 * patient.truth.volume_ml, rel=0.25)


def test_the_truth_table_says_what_cannot_be_measured(written: tuple[Path, list[tuple[int, int]]]) -> None:
    rows = _rows(written[0].with_name("truth.csv"))
    assert [row["patient_id"] for row in rows] == [f"patient-{index:06d}" for index in range(5)]
    for index, row in enumerate(rows):
        truth = draw_truth(_OPTIONS, index)
        assert float(row["logit"]) == pytest.approx(truth.logit, rel=1e-8)
        assert float(row["tlg_true"]) == pytest.approx(truth.tlg, rel=1e-8)
        assert float(row["periphery"]) == pytest.approx(truth.periphery, rel=1e-8)
        assert (row["hilum_angle_degrees"] == "") == (truth.burden == 0)
        assert (float(row["periphery_mm3"]) > 0) == (truth.burden > 0)


def test_a_patient_takes_less_than_two_megabytes(written: tuple[Path, list[tuple[int, int]]]) -> None:
    for folder in (path for path in written[0].parent.iterdir() if path.is_dir()):
        assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000


def test_many_workers_write_the_same_cohort(tmp_path: Path) -> None:
    options = PetctPhantomOptions(patients=2, seed=12)
    write_cohort(options, tmp_path / "one")
    write_cohort(options, tmp_path / "two", workers=2)
    for file in ("cohort.csv", "truth.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    for name in ("ct", "pet", "tumour"):
        one, two = (read_volume(tmp_path / run / "patient-000001" / f"{name}.nrrd").array for run in ("one", "two"))
        assert np.array_equal(one, two)


def test_without_a_later_scan_the_table_has_no_column_for_it(tmp_path: Path) -> None:
    table = write_cohort(PetctPhantomOptions(patients=1, seed=12), tmp_path)
    assert "followup_image" not in _rows(table)[0]
    assert "followup_days" not in _rows(table.with_name("truth.csv"))[0]


def test_a_disk_too_small_is_noticed_before_drawing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MB free"):
        write_cohort(PetctPhantomOptions(patients=10**8), tmp_path / "cohort")
    assert not (tmp_path / "cohort").exists()


def test_the_command_writes_a_cohort_and_refuses_to_write_over_it(tmp_path: Path) -> None:
    output = tmp_path / "phantom"
    command = ["phantom", "petct", "--patients", "1", "--seed", "3", "--world", "null", "--output", str(output)]
    assert main(command) == 0
    assert _rows(output / "truth.csv")[0]["logit"] == "-0.6"
    assert main(command) == 2
    assert main([*command, "--overwrite", "--followup"]) == 0
    assert "followup_image" in _rows(output / "cohort.csv")[0]


def test_the_command_knows_two_kinds() -> None:
    parser = argparse.ArgumentParser()
    phantom.add_to(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    for kind, world in (("lesions", "sum"), ("petct", "periphery")):
        arguments = parser.parse_args(["phantom", kind, "--output", "somewhere"])
        assert (arguments.world, arguments.patients, arguments.seed) == (world, 20, 0)
