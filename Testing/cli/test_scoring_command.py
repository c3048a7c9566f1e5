import csv
import json
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

FILES = {"lesions.csv", "patient.json", "risk_labels.nrrd", "risk_labels.ctbl", "overlay.png", "report.html"}


def rows_of(folder):
    with (folder / "lesions.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_all_files_of_the_contract_agree_with_each_other(score_json, phantom_patient):
    folder, patient = score_json(*phantom_patient)
    assert {path.name for path in folder.iterdir()} == FILES
    rows = rows_of(folder)
    assert list(rows[0]) == [
        *("lesion", "name", "organ", "volume_mm3", "longest_diameter_mm", "short_axis_mm"),
        *("centroid_r", "centroid_a", "centroid_s", "risk", "scale", "contribution", "rank", "percentile", "flags"),
    ]
    contributions = [float(row["contribution"]) for row in rows if row["contribution"]]
    assert patient["risk"] == pytest.approx(sum(contributions), rel=1e-6)
    labels = sitk.ReadImage(str(folder / "risk_labels.nrrd"))
    image = sitk.ReadImage(str(phantom_patient[0]))
    assert labels.GetPixelID() == sitk.sitkUInt16
    assert labels.GetSize() == image.GetSize()
    np.testing.assert_allclose(labels.GetOrigin(), image.GetOrigin())
    np.testing.assert_allclose(labels.GetDirection(), image.GetDirection())
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(labels)
    assert set(statistics.GetLabels()) == {int(row["lesion"]) for row in rows}
    for row in rows:
        left, posterior, superior = statistics.GetCentroid(int(row["lesion"]))
        found = [float(row[f"centroid_{axis}"]) for axis in "ras"]
        np.testing.assert_allclose(found, [-left, -posterior, superior], atol=2.0)
    colours = (folder / "risk_labels.ctbl").read_text(encoding="utf-8").splitlines()
    painted = {int(line.split()[0]) for line in colours if line and not line.startswith("#")}
    assert painted >= {int(row["lesion"]) for row in rows}


def test_the_result_says_who_made_it(score_json, phantom_patient):
    folder, patient = score_json(*phantom_patient)
    assert patient["model"]["demonstration"] is True
    assert len(patient["model"]["sha256"]) == 64
    assert {"prognosis", "python", "torch", "engine"} <= set(patient["versions"])
    assert "Research use only" in patient["notice"]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "Research use only" in report
    assert "demonstration" in report.lower()


def test_a_phantom_shows_demonstration_numbers_and_a_patient_does_not(score_json, phantom_patient, tmp_path):
    _, shown = score_json(*phantom_patient)
    assert shown["percentile"] is not None
    assert set(shown["survival"]) == {"1_years", "2_years", "5_years"}
    anonymous = sitk.ReadImage(str(phantom_patient[0]))
    for key in anonymous.GetMetaDataKeys():
        anonymous.EraseMetaData(key)
    sitk.WriteImage(anonymous, str(tmp_path / "ct.nrrd"))
    folder, hidden = score_json(tmp_path / "ct.nrrd", phantom_patient[1])
    assert hidden["percentile"] is None
    assert hidden["survival"] is None
    assert all(row["percentile"] == "" and row["rank"] for row in rows_of(folder))
    assert hidden["risk"] == pytest.approx(shown["risk"])
    _, asked = score_json(tmp_path / "ct.nrrd", phantom_patient[1], "--show-demonstration-numbers")
    assert asked["percentile"] == pytest.approx(shown["percentile"])


def test_every_format_and_orientation_gives_the_same_numbers(score_json, prognosis, phantom_patient, tmp_path):
    image, lesions = phantom_patient
    _, expected = score_json(image, lesions)
    expected_rows = rows_of(tmp_path / "scored")
    assert prognosis("convert", image, "--output", tmp_path / "ct.nii.gz")[0] == 0
    assert prognosis("convert", lesions, "--image", image, "--output", tmp_path / "map.nii.gz")[0] == 0
    flipped = sitk.PermuteAxes(sitk.Flip(sitk.ReadImage(str(image)), [True, False, True]), [2, 0, 1])
    sitk.WriteImage(flipped, str(tmp_path / "flipped.nrrd"))
    variants = {
        "NIfTI and label map": (tmp_path / "ct.nii.gz", tmp_path / "map.nii.gz"),
        "permuted image": (tmp_path / "flipped.nrrd", lesions),
        "permuted image, label map": (tmp_path / "flipped.nrrd", tmp_path / "map.nii.gz"),
    }
    for name, (ct, segmentation) in variants.items():
        folder, found = score_json(ct, segmentation)
        assert found["risk"] == pytest.approx(expected["risk"], rel=1e-3), name
        for a, b in zip(expected_rows, rows_of(folder), strict=True):
            assert float(b["volume_mm3"]) == pytest.approx(float(a["volume_mm3"]), rel=1e-3), name
            assert float(b["risk"]) == pytest.approx(float(a["risk"]), rel=1e-3, abs=1e-4), name


def test_organs_are_named(score_json, phantom_patient):
    folder, _ = score_json(*phantom_patient, "--organs", phantom_patient[0].parent / "organs.seg.nrrd")
    assert {row["organ"] for row in rows_of(folder)} <= {"lung", "mediastinum", "bone", "liver", "stomach", "other"}
    assert all(row["organ"] for row in rows_of(folder))


def test_a_choice_of_lesions(score_json, phantom_patient):
    everything = rows_of(score_json(*phantom_patient)[0])
    folder, _ = score_json(*phantom_patient, "--lesion-labels", "2")
    (only,) = rows_of(folder)
    assert only["name"] == everything[1]["name"]
    assert float(only["risk"]) == pytest.approx(float(everything[1]["risk"]), abs=1e-2)


def test_no_lesion_is_a_result_of_its_own(score_json, phantom_patient, tmp_path):
    empty = sitk.ReadImage(str(phantom_patient[0])) * 0
    sitk.WriteImage(sitk.Cast(empty, sitk.sitkUInt8), str(tmp_path / "empty.nrrd"))
    folder, patient = score_json(phantom_patient[0], tmp_path / "empty.nrrd")
    assert patient["risk"] is None
    assert patient["lesions"] == 0
    assert rows_of(folder) == []
    assert {path.name for path in folder.iterdir()} == FILES


def test_json_goes_to_standard_output_and_progress_to_standard_error(prognosis, phantom_patient, tmp_path):
    image, lesions = phantom_patient
    arguments = ["--image", image, "--lesions", lesions, "--output", tmp_path / "out", "--json", "--progress=json"]
    code, out, err = prognosis("lesions", "score", *arguments)
    assert code == 0
    assert json.loads(out)["risk"] == json.loads((tmp_path / "out/patient.json").read_text(encoding="utf-8"))["risk"]
    events = [json.loads(line) for line in err.splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]
    assert any(event["event"] == "warning" for event in events)


def test_wrong_use_is_code_2_and_a_failed_case_code_1_and_nothing_is_left(prognosis, phantom_patient, tmp_path):
    image, lesions = phantom_patient
    (tmp_path / "there").mkdir()
    code, _, err = prognosis("lesions", "score", "--image", image, "--lesions", lesions, "--output", tmp_path / "there")
    assert (code, "already exists" in err) == (2, True)
    code, _, err = prognosis(
        "lesions", "score", "--image", tmp_path / "no.nrrd", "--lesions", lesions, "--output", tmp_path / "new"
    )
    assert (code, "no.nrrd" in err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    with pytest.raises(SystemExit) as stopped:
        prognosis("lesions", "score", "--image", image)
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    "wrong",
    [
        ["--lesion-labels", "abc"],
        ["--split-components", "--min-volume-mm3", "nan"],
        ["--engine", "abacus"],
        ["--image", ""],
    ],
    ids=" ".join,
)
def test_arguments_that_cannot_be_are_code_2(prognosis, phantom_patient, tmp_path, wrong):
    image, lesions = phantom_patient
    arguments = ["lesions", "score", "--image", image, "--lesions", lesions, "--output", tmp_path / "out"]
    with pytest.raises(SystemExit) as stopped:
        prognosis(*arguments, *wrong)
    assert stopped.value.code == 2
    assert prognosis(*arguments, "--min-volume-mm3", "10")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_inputs_inside_the_output_are_never_replaced(prognosis, phantom_patient, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(phantom_patient[0].parent, home)
    (home / "patient.json").touch()
    arguments = ["--image", home / "image.nrrd", "--lesions", home / phantom_patient[1].name, "--output", home]
    code, _, err = prognosis("lesions", "score", *arguments, "--overwrite")
    assert (code, "lies in the output folder" in err) == (2, True)
    assert (home / "image.nrrd").exists()


def test_the_files_carry_the_mark_of_a_demonstration_and_what_was_asked(score_json, phantom_patient):
    folder, patient = score_json(*phantom_patient, "--lesion-labels", "1,2")
    assert patient["options"]["lesion_labels"] == [1, 2]
    assert set(patient["inputs"]) == {"image", "lesions"}
    labels = sitk.ReadImage(str(folder / "risk_labels.nrrd"))
    assert labels.GetMetaData("prognosis_model").startswith("DEMONSTRATION MODEL, lesions-demonstration")
    assert "DEMONSTRATION MODEL" in (folder / "risk_labels.ctbl").read_text(encoding="utf-8").splitlines()[0]
    assert all("DEMONSTRATION MODEL" in row["flags"] for row in rows_of(folder))


def test_cancelling_leaves_nothing(prognosis, phantom_patient, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("prognosis.cli.scoring.draw_overlay", interrupted)
    image, lesions = phantom_patient
    code, _, err = prognosis("lesions", "score", "--image", image, "--lesions", lesions, "--output", tmp_path / "out")
    assert (code, "Cancelled" in err) == (130, True)
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_stay_data(score_json, phantom_patient, tmp_path):
    lesions = sitk.ReadImage(str(phantom_patient[1]))
    for key in lesions.GetMetaDataKeys():
        if key == "Segment0_Name":
            lesions.SetMetaData(key, "=cmd|'/C calc'!A0<script>alert(1)</script>../../x")
    sitk.WriteImage(lesions, str(tmp_path / "hostile.seg.nrrd"))
    folder, _ = score_json(phantom_patient[0], tmp_path / "hostile.seg.nrrd")
    assert rows_of(folder)[0]["name"].startswith("'=cmd")
    assert "<script>alert" not in (folder / "report.html").read_text(encoding="utf-8")
