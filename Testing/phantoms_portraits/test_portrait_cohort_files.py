"""A written cohort of portraits is complete, and says that it shows no one."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from prognosis.cli.main import main
from prognosis.errors import UsageError
from prognosis.phantoms.portraits import PortraitPhantomOptions, portrait_traits, portraits, write_cohort

OPTIONS = PortraitPhantomOptions(patients=3, seed=2, covered=0.5)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    told = []
    table = write_cohort(OPTIONS, tmp_path_factory.mktemp("drawn") / "cohort", lambda *done: told.append(done))
    return table, told


def rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_patient_has_a_photo_beside_the_table(cohort):
    table, told = cohort
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [row["patient_id"] for row in rows(table)] == ["P000001", "P000002", "P000003"]
    for row, pixels in zip(rows(table), portraits(OPTIONS, portrait_traits(OPTIONS)), strict=True):
        with Image.open(table.parent / row["photo"]) as picture:
            assert np.array_equal(np.asarray(picture), pixels)


def test_photos_say_in_their_text_that_they_show_no_one(cohort):
    for photo in (cohort[0].parent / "photos").iterdir():
        with Image.open(photo) as picture:
            assert picture.text["phantom"] == "portraits"
            assert picture.text["Description"].startswith("Synthetic image")


def test_the_truth_table_gives_every_trait_of_the_face(cohort):
    traits = portrait_traits(OPTIONS)
    truth = rows(cohort[0].with_name("truth.csv"))
    assert [row["patient_id"] for row in truth] == ["P000001", "P000002", "P000003"]
    for number, row in enumerate(truth):
        for name in ("wrinkles", "pallor", "drooping", "melanin", "yaw_sd", "gown", "mask", "cap"):
            assert float(row[name]) == pytest.approx(float(getattr(traits, name)[number]), rel=1e-7)
    assert not {"background", "clothes", "cover_colours"} & set(truth[0])


def test_a_full_disk_is_noticed_before_drawing(tmp_path):
    with pytest.raises(UsageError, match="MB free"):
        write_cohort(PortraitPhantomOptions(patients=10**10), tmp_path / "cohort")
    assert not (tmp_path / "cohort").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"patients": 0}, "patients"), ({"seed": -1}, "seed"), ({"side": 32}, "64 to 1024"), ({"covered": 1.1}, "share")],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        PortraitPhantomOptions(**changes)


def test_the_command_writes_the_same_bytes_for_the_same_seed(tmp_path, capsys):
    command = ["phantom", "portraits", "--patients", "2", "--seed", "9", "--side", "80", "--covered", "1", "--json"]
    written = []
    for name in ("one", "two"):
        assert main([*command, "--output", str(tmp_path / name)]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"cohort": str(tmp_path / name / "cohort.csv"), "patients": 2}
        files = sorted(file for file in (tmp_path / name).rglob("*") if file.is_file())
        written.append({file.relative_to(tmp_path / name).as_posix(): file.read_bytes() for file in files})
    assert list(written[0]) == ["cohort.csv", "photos/portrait-000001.png", "photos/portrait-000002.png", "truth.csv"]
    assert written[0] == written[1]
    assert {row["mask"] for row in rows(tmp_path / "one/truth.csv")} == {"1"}


@pytest.mark.parametrize(
    "wrong", [("--side", "63"), ("--covered", "2"), ("--patients", "0")], ids=lambda value: value[0]
)
def test_the_command_refuses_wrong_use(tmp_path, capsys, wrong):
    assert main(["phantom", "portraits", *wrong, "--output", str(tmp_path / "out")]) == 2
    assert "do not fit" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
