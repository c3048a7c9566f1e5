import json

import numpy as np
import pytest

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

GRID = Geometry((8, 7, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
SURVIVAL = "patient_id,time_days,event,age"


@pytest.fixture
def images(tmp_path):
    """Two images with a lesion each."""
    array = np.arange(np.prod(GRID.shape), dtype=np.int16).reshape(GRID.shape)
    for name in "ab":
        write_volume(Volume(array, GRID, "CT"), tmp_path / f"{name}.nrrd")
        block = LesionMask(1, "Tumor", np.ones((2, 2, 2), bool), GRID.crop((1, 1, 1), (2, 2, 2)))
        write_seg_nrrd([block], GRID, tmp_path / f"{name}.seg.nrrd")
    return tmp_path


@pytest.mark.parametrize("verb", ["cohort check", "cohort scan"])
def test_each_command_explains_itself_with_an_example(prognosis, capsys, verb):
    with pytest.raises(SystemExit) as stopped:
        prognosis(*verb.split(), "--help")
    assert stopped.value.code == 0
    assert f"prognosis {verb}" in capsys.readouterr().out.split("example:")[1]


class TestCheck:
    def test_a_sound_table_is_counted(self, prognosis, write):
        table = write("p1,a,100,1,ct.nrrd,s.nrrd,x", "p1,b,100,1,ct.nrrd,s.nrrd,x", "p2,a,700,0,s.nrrd,s.nrrd,")
        code, out, err = prognosis("cohort", "check", table, "--for", "lesions", "--json")
        checked = json.loads(out)
        assert (code, checked["rows"], checked["patients"], checked["events"]) == (0, 3, 2, 1)
        assert checked["follow_up_days"] == [100, 400, 700]
        assert checked["faults"] == []
        assert {"name": "group", "kind": "contract", "missing": 1} in checked["columns"]
        assert {"name": "image", "kind": "file", "missing": 0} in checked["columns"]
        assert checked["notes"] == ["Only 1 patient(s) with an event: estimates will be very uncertain."]
        assert "Only 1 patient(s)" in err
        code, out, _ = prognosis("cohort", "check", table)
        assert (code, "3 row(s) of 2 patient(s)" in out, "No fault was found." in out) == (0, True, True)

    def test_all_faults_are_listed_and_the_code_is_one(self, prognosis, write):
        table = write(*(f"p{number},a,5,7,gone.nrrd,s.nrrd," for number in range(15)))
        code, out, _ = prognosis("cohort", "check", table, "--for", "lesions", "--json")
        assert (code, len(json.loads(out)["faults"])) == (1, 30)
        code, out, _ = prognosis("cohort", "check", table, "--for", "lesions")
        assert (code, out.count("FAULT")) == (1, 21)
        assert "and 10 more (--json lists all)" in out

    def test_a_table_without_outcome_passes_when_none_is_wanted(self, prognosis, write):
        table = write("p,ct.nrrd,s.nrrd", header="patient_id,image,lesions")
        assert prognosis("cohort", "check", table, "--for", "lesions")[0] == 1
        assert prognosis("cohort", "check", table, "--for", "lesions", "--without-outcome")[0] == 0
        assert prognosis("cohort", "check", table, "--for", "survival", "--without-outcome")[0] == 2

    @pytest.mark.parametrize(
        ("purpose", "column"), [("lesions", "image"), ("biomarkers", "ct"), ("portraits", "photo")]
    )
    def test_each_method_needs_its_files(self, prognosis, write, purpose, column):
        table = write("p1,1,500,61", "p2,0,600,62", header="patient_id,event,time_days,age")
        code, _, err = prognosis("cohort", "check", table, "--for", purpose)
        assert (code, f"has no column {column}" in err) == (1, True)

    def test_a_table_for_survival_is_read_as_its_evaluation_does(self, prognosis, write):
        lines = [f"p{n},{500 + n * n},{n % 2},{60 + n}" for n in range(12)]
        table = write(*lines, header=SURVIVAL)
        code, out, _ = prognosis("cohort", "check", table, "--for", "survival", "--json")
        checked = json.loads(out)
        assert (code, checked["patients"], checked["events"]) == (0, 12, 6)
        assert checked["columns"][-1] == {"name": "age", "kind": "number", "missing": 0}
        code, out, _ = prognosis("cohort", "check", write(*lines, lines[0], header=SURVIVAL), "--for", "survival")
        assert (code, "FAULT   rows 2 and 14 are of one patient" in out) == (1, True)

    def test_looking_into_files_finds_what_a_path_does_not_tell(self, prognosis, images, write):
        lines = ["p1,x,500,1,a.nrrd,a.seg.nrrd,", "p2,x,600,0,b.nrrd,b.seg.nrrd,"]
        assert prognosis("cohort", "check", write(*lines), "--for", "lesions", "--deep")[0] == 0
        (images / "b.nrrd").write_bytes((images / "b.nrrd").read_bytes()[:-9])
        (images / "a.seg.nrrd").write_bytes(b"NRRD0004\n")
        table = write(*lines)
        assert prognosis("cohort", "check", table, "--for", "lesions")[0] == 0
        code, out, _ = prognosis("cohort", "check", table, "--for", "lesions", "--deep", "--json")
        faults = json.loads(out)["faults"]
        assert code == 1
        assert [fault.split(":")[0] for fault in faults] == ["row 2, column lesions", "row 3, column image"]

    @pytest.mark.usefixtures("images")
    def test_lesions_are_chosen_when_looking_into_files(self, prognosis, write):
        table = write("p1,x,500,1,a.nrrd,a.seg.nrrd,")
        assert prognosis("cohort", "check", table, "--for", "lesions", "--deep", "--lesion-names", "Tum*")[0] == 0
        assert prognosis("cohort", "check", table, "--for", "lesions", "--deep", "--lesion-names", "LN*")[0] == 1


class TestScan:
    def test_a_scanned_table_passes_its_check(self, prognosis, dicom, tmp_path):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        dicom.series("bare", patient="B")
        table = tmp_path / "table.csv"
        code, out, err = prognosis("cohort", "scan", dicom.folder, "--output", table, "--json")
        result = json.loads(out)
        assert (code, result["rows"], result["patients"], result["files"]) == (0, 1, 1, 7)
        assert len(result["left_out"]) == 1
        assert "in bare) has no segmentation" in err
        assert table.read_text(encoding="utf-8").splitlines() == [
            "patient_id,annotation_id,time_days,event,image_date,image,lesions",
            "P0001,,,,2020-01-31,folder/ct,folder/s.dcm",
        ]
        assert prognosis("cohort", "check", table, "--for", "lesions", "--without-outcome")[0] == 0
        code, out, _ = prognosis("cohort", "check", table, "--for", "lesions")
        assert (code, "row 2, column time_days: it is empty" in out) == (1, True)

    def test_the_table_is_written_relative_to_its_own_place(self, prognosis, dicom, tmp_path, monkeypatch):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path)
        assert prognosis("cohort", "scan", "folder", "--output", "elsewhere/table.csv")[0] == 0
        assert prognosis("cohort", "check", "elsewhere/table.csv", "--for", "lesions", "--without-outcome")[0] == 0

    def test_nothing_is_replaced_unasked(self, prognosis, dicom, tmp_path):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        table = tmp_path / "table.csv"
        table.write_text("mine", encoding="utf-8")
        assert prognosis("cohort", "scan", dicom.folder, "--output", table)[0] == 2
        assert table.read_text(encoding="utf-8") == "mine"
        assert prognosis("cohort", "scan", dicom.folder, "--output", table, "--overwrite")[0] == 0
        assert table.read_text(encoding="utf-8").startswith("patient_id")

    @pytest.mark.parametrize("output", [".", "no/table.csv"], ids=["a folder", "in no folder"])
    def test_an_output_that_cannot_be_is_wrong_use(self, prognosis, dicom, output):
        assert prognosis("cohort", "scan", dicom.folder, "--output", dicom.folder / output)[0] == 2

    def test_a_folder_with_nothing_sure_gives_no_table(self, prognosis, dicom, tmp_path):
        image = dicom.series("ct")
        for name in ("one.dcm", "two.dcm"):
            dicom.rtstruct(name, image)
        table = tmp_path / "table.csv"
        code, _, err = prognosis("cohort", "scan", dicom.folder, "--output", table)
        assert (code, table.exists()) == (1, False)
        assert "has 2 segmentations: one.dcm, two.dcm" in err
        code, out, _ = prognosis("cohort", "scan", dicom.folder, "--output", table, "--json")
        result = json.loads(out)
        assert (code, result["rows"], result["output"], result["files"]) == (1, 0, None, 5)
        assert "has 2 segmentations: one.dcm, two.dcm" in result["left_out"][0]
        assert prognosis("cohort", "scan", dicom.folder, "--output", table, "--as-annotations")[0] == 0
