"""`prognosis convert --suv` writes SUV with the facts of the conversion, and nothing of the patient."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.cli.main import main
from prognosis.imaging.pet import read_suv


def convert(capsys, *arguments):
    code = main(["convert", *(str(argument) for argument in arguments)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("name", ["suv.nrrd", "suv.mha"])
def test_the_header_tells_how(pet, capsys, name):
    output = pet.folder.parent / name
    code, out, err = convert(capsys, pet.set(PatientWeight="70000").write(), "--suv", "--output", output, "--json")
    assert code == 0, err
    assert "taken for grams" in " ".join(json.loads(out)["notes"])
    image = sitk.ReadImage(output)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), pet.suv, rtol=2e-5)
    assert image.GetOrigin() == pytest.approx((-14.0, -10.0, 50.0))
    told = {key.removeprefix("prognosis_suv_"): image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    assert told["prognosis_modality"] == "PT"
    assert (told["source"], told["units"], told["decay_correction"]) == ("PET series in Bq/ml", "BQML", "START")
    assert float(told["uptake_minutes"]) == pytest.approx(60.0, abs=1e-3)
    assert float(told["lowest_factor"]) == pytest.approx(read_suv(pet.folder).how.lowest_factor)
    assert "taken for grams" in told["notes"]
    assert not any(secret in str(told) for secret in ("Secret", "SECRET", "20250101", "70000"))


def test_the_file_written_reads_as_suv(pet, capsys):
    output = pet.folder.parent / "suv.nii.gz"
    assert convert(capsys, pet.write(), "--suv", "--output", output)[0] == 0
    np.testing.assert_allclose(read_suv(output).volume.array, pet.suv, rtol=2e-5)


@pytest.mark.parametrize(
    ("tags", "tracer", "given", "told"),
    [
        ({"PatientWeight": None}, {}, ["--weight-kg", "70"], ("suv_given_weight_kg", 70.0)),
        ({}, {"RadionuclideTotalDose": None}, ["--dose-bq", "368.08e6"], ("suv_given_dose_bq", 368.08e6)),
    ],
    ids=["weight", "dose"],
)
def test_what_is_missing_is_named_and_can_be_given(pet, capsys, tags, tracer, given, told):
    folder, output = pet.set(**tags).set_tracer(**tracer).write(), pet.folder.parent / "suv.nrrd"
    code, _, err = convert(capsys, folder, "--suv", "--output", output)
    assert code != 0
    assert "is missing" in err
    assert given[0] in err
    assert not output.exists()
    code, out, err = convert(capsys, folder, "--suv", *given, "--output", output, "--json")
    assert code == 0, err
    assert json.loads(out)["suv"][told[0]] == told[1]
    np.testing.assert_allclose(sitk.GetArrayFromImage(sitk.ReadImage(output)), pet.suv, rtol=2e-5)


def test_a_factor_by_hand(pet, capsys):
    folder, output = pet.set(Units=None).worth(1.0 / 0.002).write(), pet.folder.parent / "suv.nrrd"
    assert convert(capsys, folder, "--suv", "--suv-factor", "0.002", "--output", output)[0] == 0
    image = sitk.ReadImage(output)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), pet.suv, rtol=2e-5)
    assert image.GetMetaData("prognosis_suv_given_factor") == "0.002"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weight-kg", "70"], "Add --suv"),
        (["--suv", "--image", "image.nrrd"], "--suv is for images"),
        (["--suv", "--weight-kg", "heavy"], "nan kg was given"),
        (["--suv", "--dose-bq", "370"], "370 MBq are 370e6"),
        (["--suv", "--suv-factor", "1", "--weight-kg", "70"], "replaces weight and dose"),
    ],
    ids=["weight-without-suv", "with-segmentation", "weight", "dose", "factor-and-weight"],
)
def test_wrong_use(pet, capsys, arguments, message):
    output = pet.folder.parent / "suv.nrrd"
    code, _, err = convert(capsys, pet.write(), *arguments, "--output", output)
    assert (code, message in err, output.exists()) == (2, True, False), err
