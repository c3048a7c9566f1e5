"""No name of a patient in summary or log, however it came into a message."""

import pytest

from prognosis.batch.case import Case
from prognosis.batch.masking import Mask


@pytest.fixture
def case(tmp_path):
    home = tmp_path / "MILLER^JANE" / "CT 2026"
    (home / "Miller series").mkdir(parents=True)
    (home / "Miller series/IM_miller_1").touch()
    (home / "Miller series/2").touch()
    (home / "jane-miller.seg.nrrd").touch()
    inputs = {"image": home, "lesions": home / "jane-miller.seg.nrrd"}
    return Case(7, inputs, private=("Jane Miller", "12", "4711081"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{image}: slices are missing", "image: slices are missing"),
        ("{lesions} is damaged", "lesions is damaged"),
        ("'jane-miller.seg.nrrd' is damaged", "'lesions' is damaged"),
        ("{image}/Miller series/IM_miller_1 lacks PixelSpacing", "file 3 of image lacks PixelSpacing"),
        ("IM_miller_1, 2 and 12 of 30 slices", "file 3 of image, 2 and 12 of 30 slices"),
        ("the folder 'Miller series' is empty", "the folder 'a folder of image' is empty"),
        ("{image}/gone/IM7 cannot be listed", "image"),
        ("JANE-MILLER.seg.nrrd and miller series", "lesions and a folder of image"),
        ("segment 'Jane Miller_seg2'", "segment 'the patient_seg2'"),
        ("14711081 voxels", "14711081 voxels"),
        ("Jane Miller (4711081), 12 slices", "the patient (the patient), 12 slices"),
        ("series of MILLER^JANE", "series of image"),
        ("/mnt/other/place/smith.raw is missing", "a file is missing"),
        ("C:\\Users\\smith\\ct.raw is missing", "a file is missing"),
        ("Lesion 'Tumor 1': 3 mm/s, 1/2, 50 mm3", "Lesion 'Tumor 1': 3 mm/s, 1/2, 50 mm3"),
        ("{out}/.partial-case-000007 has 3 MB free", "the output folder has 3 MB free"),
        ("{out} has 3 MB free", "the output folder has 3 MB free"),
    ],
)
def test_names_become_roles(case, tmp_path, text, expected):
    mask = Mask(case, tmp_path / "out/.partial-case-000007")
    said = mask(text.format(image=case.inputs["image"], lesions=case.inputs["lesions"], out=tmp_path / "out"))
    assert expected in said
    assert "miller" not in said.lower()
    assert "smith" not in said.lower()
    assert str(tmp_path) not in said


def test_ordinary_words_stay(tmp_path):
    folder = tmp_path / "DICOM" / "CT" / "2"
    folder.mkdir(parents=True)
    (folder / "1").touch()
    mask = Mask(Case(7, {"image": folder}, private=("3", "image", "Slice", "SCAN")), tmp_path / "out/.partial")
    text = "a DICOM file of 2 image series is not a CT but 3 slices, 1 of them bad"
    assert mask(text) == text


def test_the_same_path_spelt_otherwise(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(case.inputs["image"])
    relative = Case(7, {"image": case.inputs["image"].relative_to(tmp_path)})
    linked = Case(7, {"image": link})
    for given in (relative, linked):
        mask = Mask(given, tmp_path / "out/.partial")
        assert mask(f"{case.inputs['image']}: bad") == "image: bad"
        assert mask(f"{given.inputs['image']}: bad") == "image: bad"


def test_data_files_of_a_header_are_masked(tmp_path):
    (tmp_path / "a.nhdr").write_text("NRRD0004\ndata file: smith.raw\n", encoding="utf-8")
    (tmp_path / "smith.raw").touch()
    mask = Mask(Case(2, {"image": tmp_path / "a.nhdr"}), tmp_path / "out")
    assert mask("it names 'smith.raw'") == "it names 'a data file of image'"


def test_facts_are_masked_and_numbers_stay(case, tmp_path):
    mask = Mask(case, tmp_path / "out/.partial-case-000007")
    assert mask.facts({"risk": 1.5, "none": None, "warnings": "jane-miller.seg.nrrd holds no lesion"}) == {
        "risk": 1.5,
        "none": None,
        "warnings": "lesions holds no lesion",
    }
