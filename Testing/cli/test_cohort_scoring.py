"""`lesions score --cohort`: what a table of good and bad patients comes to."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort

SECRET = "Weissnicht"
SMALL = LesionPhantomOptions(patients=2, seed=9, size=(60, 48, 40), spacing=(4.0, 4.0, 5.0), median_lesions=4)
SAME_FILES = ("lesions.csv", "risk_labels.nrrd", "risk_labels.ctbl", "overlay.png")


def write_series(image, folder, number):
    """A CT as a DICOM series whose tags name the patient."""
    folder.mkdir(exist_ok=True)
    series, frame, study = generate_uid(), generate_uid(), generate_uid()
    for k in range(image.GetDepth()):
        slice_ = pydicom.Dataset()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.file_meta.MediaStorageSOPClassUID = slice_.SOPClassUID = CTImageStorage
        slice_.file_meta.MediaStorageSOPInstanceUID = slice_.SOPInstanceUID = generate_uid()
        slice_.SeriesInstanceUID, slice_.FrameOfReferenceUID, slice_.StudyInstanceUID = series, frame, study
        slice_.Modality, slice_.SeriesNumber, slice_.InstanceNumber = "CT", number, k + 1
        slice_.SeriesDescription = f"Thorax of {SECRET}"
        slice_.PatientName, slice_.PatientID = f"{SECRET}^Anna", f"{SECRET}-no4711"
        slice_.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        slice_.Columns, slice_.Rows = image.GetWidth(), image.GetHeight()
        slice_.PixelSpacing = [image.GetSpacing()[1], image.GetSpacing()[0]]
        slice_.SliceThickness = image.GetSpacing()[2]
        slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        slice_.ImagePositionPatient = list(image.TransformIndexToPhysicalPoint((0, 0, k)))
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
        slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit, slice_.PixelRepresentation = 16, 16, 15, 1
        slice_.RescaleIntercept, slice_.RescaleSlope, slice_.RescaleType = 0, 1, "HU"
        slice_.PixelData = sitk.GetArrayFromImage(image[:, :, k]).astype("<i2").tobytes()
        slice_.save_as(folder / f"{SECRET}_{number}_{k:03d}.dcm", enforce_file_format=True)
    return series


@pytest.fixture(scope="module")
def patients(tmp_path_factory):
    """Two small simulated patients; all their folders and files are called after one person."""
    folder = tmp_path_factory.mktemp("cohort") / SECRET
    write_cohort(SMALL, folder)
    return folder


@pytest.fixture(scope="module")
def image(patients):
    return shutil.copy(patients / "patient-000000/image.nrrd", patients / f"{SECRET}.nrrd")


@pytest.fixture(scope="module")
def lesions(patients):
    return shutil.copy(patients / "patient-000000/lesions-1.seg.nrrd", patients / f"{SECRET}.seg.nrrd")


def write_table(folder, *rows, columns=("patient_id", "image", "lesions", "organs", "series")):
    table = folder / "cohort.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return table


def command(*arguments, limit=None):
    return subprocess.run(
        [sys.executable, "-m", "prognosis", "lesions", "score", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=limit,
        check=False,
    )


def summary_of(output):
    with (output / "summary.csv").open(encoding="utf-8") as stream:
        return {int(row["row"]): row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def run(patients, image, lesions):
    """A run over good and bad rows, its process and its folder."""
    image, lesions = Path(image), Path(lesions)
    ct = sitk.ReadImage(str(image))
    _, two = (write_series(ct, patients / f"{SECRET} DICOM", number) for number in (1, 2))
    torn = patients / f"{SECRET} torn"
    write_series(ct, torn, 3)
    next(torn.glob("*020.dcm")).unlink()
    damaged = sorted((shutil.copytree(torn, patients / f"{SECRET} damaged")).glob("*.dcm"))[7]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    (patients / f"{SECRET} letter.nrrd").write_text(f"Dear {SECRET}", encoding="utf-8")
    empty = patients / f"{SECRET} empty.nrrd"
    sitk.WriteImage(sitk.Cast(ct * 0, sitk.sitkUInt8), str(empty))
    hostile = sitk.ReadImage(str(lesions))
    hostile.SetMetaData("Segment0_Name", "=cmd<script>alert(1)</script>../../x")
    hostile.SetOrigin((9000.0, 0.0, 0.0))
    sitk.WriteImage(hostile, str(patients / f"{SECRET}-hostile.seg.nrrd"))
    (patients / f"{SECRET} loop.nrrd").symlink_to(f"{SECRET} loop.nrrd")
    organs = "patient-000000/organs.seg.nrrd"
    rows = [
        (f"{SECRET} A", image.name, lesions.name, organs, ""),
        (f"{SECRET} B", image.name, lesions.name, "", ""),
        (f"{SECRET} C", f"{SECRET} DICOM", lesions.name, "", two),
        (f"{SECRET} D", f"{SECRET} DICOM", lesions.name, "", ""),
        (f"{SECRET} E", f"{SECRET} torn", lesions.name, "", ""),
        (f"{SECRET} F", f"{SECRET} damaged", lesions.name, "", ""),
        (f"{SECRET} G", f"{SECRET} letter.nrrd", lesions.name, "", ""),
        (f"{SECRET} H", f"{SECRET} gone.nrrd", lesions.name, "", ""),
        (f"../../{SECRET}", image.name, f"{SECRET}-hostile.seg.nrrd", "", ""),
        (f"=cmd {SECRET}<script>", image.name, f"{SECRET} empty.nrrd", "", ""),
        (f"{SECRET} K", image.name, image.name, "", ""),
        (f"{SECRET} L", "patient-000001/image.nrrd", "patient-000001/lesions-1.seg.nrrd", "", ""),
        (f"{SECRET} M", f"{SECRET} loop.nrrd", lesions.name, "", ""),
        (f"{SECRET} N", SECRET * 500, lesions.name, "", ""),
    ]
    rows = [(name, shutil.copy(patients / i, patients / f"{n}-{i}") if i == image.name else i, *more)
            for n, (name, i, *more) in enumerate(rows)]  # fmt: skip
    output = patients.with_name("out")
    table = write_table(patients, *rows)
    return command("--cohort", table, "--output", output, "--workers", 2, "--json"), output, table


FAILED = {
    5: ("image holds 2 image series.", "by its UID or number in the column series"),
    6: ("image", ""),
    7: ("file 8 of image", ""),
    8: ("image", "Export"),
    9: ("image does not exist", "Check the path"),
    10: ("=cmd<script>alert(1)</script>../../x' of lesions lies wholly outside", "--lesion-names"),
    12: ("lesions", ""),
    14: ("image does not exist", "Check the path"),
    15: ("File name too long", "Check the files"),
}


def test_good_rows_are_done_and_bad_ones_named(run):
    process, output, _ = run
    assert process.returncode == 1
    counts = json.loads(process.stdout)
    assert (counts["done"], counts["kept"], counts["failed"], counts["not_started"]) == (5, 0, 9, 0)
    summary = summary_of(output)
    assert [row for row, line in summary.items() if line["state"] == "failed"] == list(FAILED)
    for row, (cause, remedy) in FAILED.items():
        assert cause in summary[row]["cause"]
        assert remedy in summary[row]["remedy"]
        assert summary[row]["case"] == summary[row]["risk"] == ""
    shown = {path.name for path in output.glob("case-*")}
    assert shown == {f"case-{row:06d}" for row in (2, 3, 4, 11, 13)}
    assert {path.name for path in output.iterdir()} - shown == {".lock", "batch.json", "summary.csv", "summary.html"}
    assert summary[11]["lesions"] == "0"
    assert "holds no lesion" in summary[11]["warnings"]


def test_how_to_learn_more_of_a_failure_is_said(run):
    _, output, _ = run
    assert "prognosis cohort check TABLE --for lesions" in (output / "summary.html").read_text(encoding="utf-8")


def test_nobody_is_named_outside_the_cases(run):
    process, output, _ = run
    assert "case-000009" in process.stderr
    for text in (
        process.stdout,
        process.stderr,
        *(path.read_text(encoding="utf-8") for path in output.glob("summary.*")),
        *(path.read_text(encoding="utf-8") for path in output.glob("case-*/case.json")),
    ):
        assert SECRET.lower() not in text.lower()
        assert "no4711" not in text
    assert not [path for path in output.rglob("*") if SECRET in path.name]


def test_the_page_escapes_links_and_marks(run):
    _, output, _ = run
    page = (output / "summary.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert 'href="case-000002/report.html"' in page
    assert "case-000009/" not in page
    assert "Research use only" in page
    assert "DEMONSTRATION MODEL" in page
    assert "14 cases: 5 done, 9 failed" in page
    assert all(
        row["model"].startswith("DEMONSTRATION MODEL") == bool(row["case"]) for row in summary_of(output).values()
    )


@pytest.mark.parametrize("row", [2, 3, 4, 13])
def test_a_case_is_what_the_patient_gets_alone(run, prognosis, tmp_path, row):
    _, output, table = run
    with table.open(encoding="utf-8") as stream:
        line = list(csv.DictReader(stream))[row - 2]
    alone = ["--image", table.parent / line["image"], "--lesions", table.parent / line["lesions"]]
    alone += ["--organs", table.parent / line["organs"]] if line["organs"] else []
    alone += ["--series", line["series"]] if line["series"] else []
    code, _, err = prognosis("lesions", "score", *alone, "--output", tmp_path / "alone")
    assert code == 0, err
    case = output / f"case-{row:06d}"
    assert {path.name for path in case.iterdir()} == {
        *(path.name for path in (tmp_path / "alone").iterdir()),
        "case.json",
    }
    for name in SAME_FILES:
        assert (case / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    mine, other = (json.loads((folder / "patient.json").read_text()) for folder in (case, tmp_path / "alone"))
    assert mine | {"created": ""} == other | {"created": ""}
    assert float(summary_of(output)[row]["risk"]) == pytest.approx(mine["risk"], rel=1e-8)


def test_the_same_command_keeps_and_tries_the_failed_again(run, patients):
    _, output, table = run
    shutil.copytree(output, output.with_name("again"))
    text = table.read_text(encoding="utf-8").replace(f"{SECRET} gone.nrrd", f"{SECRET}.nrrd")
    again = table.with_name("again.csv")
    again.write_text(text, encoding="utf-8")
    process = command("--cohort", again, "--output", output.with_name("again"), "--json")
    counts = json.loads(process.stdout)
    assert (counts["done"], counts["kept"], counts["failed"]) == (1, 5, 8), process.stderr
    summary = summary_of(output.with_name("again"))
    assert summary[9]["state"] == "done"
    before = summary_of(output)
    assert all(summary[row]["risk"] == before[row]["risk"] for row in (2, 3, 4, 13))
