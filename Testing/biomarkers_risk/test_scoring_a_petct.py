"""One PET/CT from files to files: numbers, heat, pictures, and what a demonstration hides."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from prognosis.biomarkers.modality import Modality
from prognosis.cli.petct_request import PetctRequest
from prognosis.cli.petct_scoring import load_model, score_into, score_to_folder
from prognosis.errors import InputError, UsageError
from prognosis.progress import silent

FILES = {
    "patient.json", "features.csv", "heat_ct.nrrd", "heat_pet.nrrd", "region_ct.nrrd", "region_pet.nrrd",
    "region_heat_ct.nrrd", "region_heat_pet.nrrd", "region_tumour.nrrd", "overlay.png", "overlay_hottest.png",
    "report.html",
}  # fmt: skip


def _request(files, model, **more):
    return PetctRequest(**files, model=str(model.folder), **more)


@pytest.fixture
def scored(petct_files, bundle, tmp_path):
    patient = score_to_folder(_request(petct_files, bundle), tmp_path / "result", silent)
    return tmp_path / "result", patient


def test_all_files_are_there_and_agree(scored):
    folder, patient = scored
    assert {path.name for path in folder.iterdir()} == FILES
    document = json.loads((folder / "patient.json").read_text(encoding="utf-8"))
    first = patient.endpoints[0]
    assert document["endpoints"]["os2"]["probability"] == first.probability
    assert first.low <= first.probability <= first.high
    with (folder / "features.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["endpoint"] == "os2"]
    assert [row["feature"] for row in rows] == [one.name for one in first.contributions]
    assert document["notice"].startswith("Research use only")


def test_contributions_are_the_log_odds(scored, bundle):
    model, _ = load_model(bundle)
    for risk, made in zip(scored[1].endpoints, model.endpoints, strict=True):
        of_an_average_patient = made.offset + made.slope * made.score.intercept
        added = sum(one.log_odds for one in risk.contributions)
        log_odds = np.log(risk.probability / (1 - risk.probability))
        assert of_an_average_patient + added == pytest.approx(log_odds)


@pytest.mark.parametrize("modality", ["ct", "pet"])
def test_heat_lies_on_the_patients_own_grid(scored, petct_files, modality):
    heat, image = (sitk.ReadImage(str(path)) for path in (scored[0] / f"heat_{modality}.nrrd", petct_files[modality]))
    for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(heat, get)() == pytest.approx(getattr(image, get)())
    assert np.abs(sitk.GetArrayFromImage(heat)).max() > 0


def test_heat_on_the_grid_is_the_heat_of_the_region_at_the_same_place(scored):
    region = sitk.ReadImage(str(scored[0] / "region_heat_ct.nrrd"))
    on_image = sitk.ReadImage(str(scored[0] / "heat_ct.nrrd"))
    expected = sitk.GetArrayFromImage(sitk.Resample(region, on_image, sitk.Transform(), sitk.sitkLinear, 0.0))
    found = sitk.GetArrayFromImage(on_image)
    # ITK goes on half a voxel beyond the outermost centres of the region.
    centres = sitk.GetArrayFromImage(sitk.Resample(region * 0 + 1, on_image, sitk.Transform(), sitk.sitkLinear, 0.0))
    inside = ndimage.binary_erosion(centres > 0)
    assert np.abs(expected[inside]).max() > 0
    assert np.allclose(found[inside], expected[inside], atol=1e-5 * np.abs(expected).max())


def test_uptake_is_that_of_the_ball(scored):
    conventional = scored[1].conventional
    assert conventional["suv_max"] == pytest.approx(8.1, abs=0.05)
    assert conventional["mtv_contour_ml"] == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.06)


def test_a_demonstration_hides_probabilities_of_a_patient(petct_files, demonstration, tmp_path):
    patient = score_to_folder(_request(petct_files, demonstration), tmp_path / "result", silent)
    for one in patient.endpoints:
        assert one.probability is None
        assert one.percentile is None
        assert np.isfinite(one.score)
    assert patient.survival is None
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "DEMONSTRATION MODEL" in page
    assert "for ranking only" in page


def test_a_demonstration_shows_a_phantoms_probabilities_with_a_watermark(phantom_files, demonstration, tmp_path):
    patient = score_to_folder(_request(phantom_files, demonstration), tmp_path / "result", silent)
    assert patient.watermark == "DEMONSTRATION MODEL"
    assert patient.endpoints[0].probability is not None


def test_every_file_says_that_a_demonstration_made_it(petct_files, demonstration, tmp_path):
    score_to_folder(_request(petct_files, demonstration), tmp_path / "result", silent)
    images = sorted((tmp_path / "result").glob("*.nrrd"))
    assert len(images) == 7
    for path in images:
        mark = sitk.ReadImage(str(path)).GetMetaData("prognosis_model")
        assert mark == "DEMONSTRATION MODEL, petct-demonstration version 1, research use only", path.name
    for name in ("features.csv", "report.html"):
        assert "DEMONSTRATION MODEL" in (tmp_path / "result" / name).read_text(encoding="utf-8")


def test_what_features_add_is_on_the_scale_of_the_number_shown(petct_files, demonstration, tmp_path):
    """Recalibrated sums beside a hidden probability would give it away but for one number of the model."""
    patient = score_to_folder(_request(petct_files, demonstration), tmp_path / "result", silent)
    model, _ = load_model(demonstration)
    for risk, made in zip(patient.endpoints, model.endpoints, strict=True):
        assert made.score.intercept + sum(one.log_odds for one in risk.contributions) == pytest.approx(risk.score)
    assert "to the score" in (tmp_path / "result" / "report.html").read_text(encoding="utf-8")


def test_features_unlike_the_training_patients_are_told(petct_files, bundle, tmp_path):
    model, extractors = load_model(bundle)
    far = model.endpoints[0].score.features[0]

    channel, (z, y, x) = far.channel, far.position

    def extractor(modality):
        def run(image):
            found = extractors[modality].run(image).copy()
            if modality is far.modality:
                found[0, channel, z, y, x] = 1e4
            return found

        return replace(extractors[modality], run=run)

    (tmp_path / "far").mkdir()
    changed = {modality: extractor(modality) for modality in extractors}
    patient = score_into(tmp_path / "far", _request(petct_files, bundle), model, changed)
    assert any(f"from the training patients' mean ({far.name}: +" in warning for warning in patient.warnings)
    assert "the score lies outside those of all training patients" in patient.endpoints[0].notes


def test_names_of_files_reach_no_result(petct_files, bundle, tmp_path):
    named = {name: path.rename(path.with_name(f"MUELLER_{name}.nrrd")) for name, path in petct_files.items()}
    score_to_folder(_request(named, bundle), tmp_path / "result", silent)
    for path in (tmp_path / "result").iterdir():
        assert b"MUELLER" not in path.read_bytes(), path.name


def test_hidden_numbers_are_shown_on_request(petct_files, demonstration, tmp_path):
    request = _request(petct_files, demonstration, show_demonstration_numbers=True)
    patient = score_to_folder(request, tmp_path / "result", silent)
    assert patient.endpoints[0].probability is not None
    assert patient.watermark == "DEMONSTRATION MODEL"


@pytest.mark.parametrize("missing", ["ct", "pet"])
def test_an_image_the_model_reads_must_be_given(petct_files, bundle, tmp_path, missing):
    files = {name: path for name, path in petct_files.items() if name != missing}
    with pytest.raises(InputError, match=missing.upper()):
        score_to_folder(_request(files, bundle), tmp_path / "result", silent)
    assert not (tmp_path / "result").exists()


def test_an_unknown_endpoint_is_refused_with_those_there_are(petct_files, bundle, tmp_path):
    files = {**petct_files, "ct": tmp_path / "never read.nrrd"}
    with pytest.raises(UsageError, match="os2, dss2"):
        score_to_folder(_request(files, bundle, endpoint="os9"), tmp_path / "result", silent)


@pytest.mark.parametrize("heat", ["smooth", "integrated"])
def test_other_heat_is_another_map(petct_files, bundle, tmp_path, scored, heat):
    score_to_folder(_request(petct_files, bundle, heat=heat), tmp_path / heat, silent)
    usual, other = (
        sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "region_heat_pet.nrrd")))
        for folder in (scored[0], tmp_path / heat)
    )
    assert other.shape == usual.shape
    assert not np.allclose(usual, other)


def test_the_order_of_patients_does_not_matter(petct_files, bundle, tmp_path):
    model, extractors = load_model(bundle)
    scores = []
    for number in range(2):
        folder = tmp_path / f"r{number}"
        folder.mkdir()
        scores.append(score_into(folder, _request(petct_files, bundle), model, extractors).endpoints[0].score)
    assert scores[0] == scores[1]
    assert set(model.segmenters) == set(Modality)


def test_scores_that_order_nobody_give_the_frequency_without_an_interval(petct_files, bundle, tmp_path):
    model, extractors = load_model(bundle)
    useless = replace(model, endpoints=(replace(model.endpoints[0], slope=0.0, offset=-0.4),))
    (tmp_path / "useless").mkdir()
    patient = score_into(tmp_path / "useless", _request(petct_files, bundle), useless, extractors)
    only = patient.endpoints[0]
    assert only.probability == pytest.approx(1 / (1 + np.exp(0.4)))
    assert (only.low, only.high) == (None, None)
    assert "did not order patients" in " ".join(only.notes)
    assert "40 %</h1>" in (tmp_path / "useless" / "report.html").read_text(encoding="utf-8")
