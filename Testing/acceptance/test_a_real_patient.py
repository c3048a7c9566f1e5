"""A real chest CT with the contours of two lesions, through the command line in every format."""

import csv
import json
import re
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from prognosis.cli.main import main

PATIENT = Path(__file__).resolve().parents[3] / "shared/data/ct/4d_lung_113"
CHOICE = ["--lesion-names", "Tumor*,LN*"]

pytestmark = pytest.mark.skipif(not PATIENT.is_dir(), reason=f"the real CT is not at {PATIENT}")


def score(image, lesions, output, *more):
    arguments = ["lesions", "score", "--image", image, "--lesions", lesions, "--output", output, *more]
    assert main(list(map(str, arguments))) == 0
    with (output / "lesions.csv").open(encoding="utf-8") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The result of scoring the DICOM series with its RTSTRUCT."""
    output = tmp_path_factory.mktemp("real") / "result"
    return output, score(PATIENT / "ct", PATIENT / "rtstruct.dcm", output, *CHOICE)


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The same patient as NRRD with .seg.nrrd, NIfTI with a label map, and DICOM SEG."""
    folder = tmp_path_factory.mktemp("converted")
    for name in ("ct.nrrd", "ct.nii.gz"):
        assert main(["convert", str(PATIENT / "ct"), "--output", str(folder / name)]) == 0
    for name in ("lesions.seg.nrrd", "lesions.nii.gz"):
        source = [str(PATIENT / "rtstruct.dcm"), "--image", str(PATIENT / "ct")]
        assert main(["convert", *source, *CHOICE, "--output", str(folder / name)]) == 0
    write_dicom_seg(folder / "lesions.nii.gz", folder / "seg.dcm")
    return folder


def write_dicom_seg(label_map, path):
    slices = [pydicom.dcmread(file) for file in (PATIENT / "ct").iterdir()]
    for ds in slices:
        ds.PatientName = "Name^Some"
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(label_map)))
    pixels = np.stack([labels == 1, labels == 2], axis=-1).astype(np.uint8)
    segments = [
        hd.seg.SegmentDescription(
            number, name, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm, "MANUAL"
        )
        for number, name in enumerate(("Tumor_c40", "LN_c40"), start=1)
    ]
    seg = hd.seg.Segmentation(
        slices, pixels, "BINARY", segments, generate_uid(), 2, generate_uid(), 1, "maker", "model", "1", "0"
    )
    seg.save_as(path)


def area_centroid(name):
    """Centroid of a structure from its contours alone, weighted by their areas (LPS, mm)."""
    structures = pydicom.dcmread(PATIENT / "rtstruct.dcm")
    number = next(roi.ROINumber for roi in structures.StructureSetROISequence if name == roi.ROIName)
    contours = next(c for c in structures.ROIContourSequence if c.ReferencedROINumber == number).ContourSequence
    moments, total = np.zeros(3), 0.0
    for contour in contours:
        x, y, z = np.reshape([float(v) for v in contour.ContourData], (-1, 3)).T
        cross = x * np.roll(y, -1) - np.roll(x, -1) * y
        area = cross.sum() / 2
        centre = [((v + np.roll(v, -1)) * cross).sum() / (6 * area) for v in (x, y)]
        moments += abs(area) * np.array([*centre, z[0]])
        total += abs(area)
    return moments / total


def test_exactly_the_two_lesions_at_their_published_sizes_and_places(scored):
    _, rows = scored
    assert set(rows) == {"Tumor_c40", "LN_c40"}
    assert float(rows["Tumor_c40"]["volume_mm3"]) == pytest.approx(67_634, rel=0.03)
    assert float(rows["LN_c40"]["volume_mm3"]) == pytest.approx(6_440, rel=0.08)
    for name, row in rows.items():
        left, posterior, superior = area_centroid(name)
        found = [float(row[f"centroid_{axis}"]) for axis in "ras"]
        np.testing.assert_allclose(found, [-left, -posterior, superior], atol=1.0)


def test_the_label_map_has_the_images_geometry_and_two_values(scored, converted):
    labels = sitk.ReadImage(str(scored[0] / "risk_labels.nrrd"))
    image = sitk.ReadImage(str(converted / "ct.nrrd"))
    assert labels.GetSize() == image.GetSize() == (512, 512, 99)
    np.testing.assert_allclose(labels.GetSpacing(), image.GetSpacing())
    np.testing.assert_allclose(labels.GetOrigin(), image.GetOrigin())
    np.testing.assert_allclose(labels.GetDirection(), image.GetDirection())
    assert set(np.unique(sitk.GetArrayViewFromImage(labels))) == {0, 1, 2}


def test_a_demonstration_model_shows_order_only(scored):
    output, rows = scored
    patient = json.loads((output / "patient.json").read_text(encoding="utf-8"))
    assert patient["percentile"] is None
    assert patient["survival"] is None
    assert {row["percentile"] for row in rows.values()} == {""}
    assert {row["rank"] for row in rows.values()} == {"1", "2"}


@pytest.mark.parametrize(
    ("image", "lesions"),
    [
        ("ct.nrrd", "lesions.seg.nrrd"),
        ("ct.nii.gz", "lesions.nii.gz"),
        (PATIENT / "ct", "seg.dcm"),
        ("flipped.nrrd", "lesions.seg.nrrd"),
    ],
    ids=["NRRD and seg.nrrd", "NIfTI and label map", "DICOM and SEG", "flipped and permuted"],
)
def test_every_format_gives_the_same_volumes_and_risks(scored, converted, tmp_path, image, lesions):
    if image == "flipped.nrrd":
        turned = sitk.PermuteAxes(sitk.Flip(sitk.ReadImage(str(converted / "ct.nrrd")), [True, False, True]), [1, 2, 0])
        sitk.WriteImage(turned, str(converted / image))
    rows = score(converted / image, converted / lesions, tmp_path / "result")
    found = [(float(row["volume_mm3"]), float(row["risk"])) for row in rows.values()]
    expected = [(float(row["volume_mm3"]), float(row["risk"])) for row in scored[1].values()]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_no_name_of_the_patient_leaves_the_files(tmp_path, capfd):
    """Planted in every tag that names a person, and in the names of folder and files."""
    home = tmp_path / "PLANTEDNAME"
    (home / "ct").mkdir(parents=True)
    for number, file in enumerate([*(PATIENT / "ct").iterdir(), PATIENT / "rtstruct.dcm"]):
        ds = pydicom.dcmread(file)
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = "PLANTEDNAME^A", "PLANTEDNAME-17", "19410203"
        ds.ReferringPhysicianName = ds.OperatorsName = "PLANTEDNAME^DR"
        folder = home if ds.Modality == "RTSTRUCT" else home / "ct"
        ds.save_as(folder / f"plantedname-{number}.dcm")
    (lesions,) = home.glob("*.dcm")
    score(home / "ct", lesions, tmp_path / "result", *CHOICE)
    captured = capfd.readouterr()
    written = [*captured, *(file.read_bytes().decode("latin-1") for file in (tmp_path / "result").iterdir())]
    for text in written:
        told = re.sub("base64,[A-Za-z0-9+/=]+", "", text).lower()
        assert "plantedname" not in told
        assert "19410203" not in told
