"""A result folder, a later CT and a recurrence, from files to files."""

import argparse
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from making_followups import document, lesion_of, moved_far, planted, smooth_noise, write_result

from prognosis.biomarkers.following.baseline import FORMAT, read_baseline
from prognosis.biomarkers.following.comparing import follow_up
from prognosis.biomarkers.following.laying import lay_recurrence, lay_values
from prognosis.biomarkers.following.options import FollowUpOptions, HeatChoice
from prognosis.biomarkers.modality import Modality
from prognosis.cli import biomarkers_followup, petct_scoring
from prognosis.cli.console import Console
from prognosis.cli.followup_comparing import FollowUpRequest, compare_to_folder
from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.progress import silent
from prognosis.report.followup.words import headline

FILES = {
    "followup.json", "heat_on_followup_ct.nrrd", "heat_on_followup_pet.nrrd", "tumour_on_followup.nrrd", "overlay.png",
    "report.html",
}  # fmt: skip
QUICK = FollowUpOptions(rotations=60)


@pytest.fixture(scope="module")
def compared(result, later, tmp_path_factory):
    output = tmp_path_factory.mktemp("compared") / "followup"
    request = FollowUpRequest(result, later / "ct.nrrd", recurrence=later / "recurrence.nrrd", options=QUICK)
    return output, compare_to_folder(request, output, silent)


@pytest.fixture(scope="module")
def baseline(result):
    return read_baseline(result)


def test_all_files_are_there(compared):
    output, told = compared
    assert {path.name for path in output.iterdir()} == FILES
    assert json.loads((output / "followup.json").read_text(encoding="utf-8")) == told
    assert set(told["inputs"]) == {"baseline", "followup_ct", "recurrence"}
    assert told["inputs"]["baseline"].startswith("patient.json, SHA-256 ")


def test_heat_at_the_recurrence_is_found(compared):
    overlap = compared[1]["overlap"]
    assert overlap["hot_share"]["p"] <= 2 / 61
    assert overlap["hot_share"]["value"] > overlap["hot_share"]["chance_high"]
    assert overlap["heat_percentile"]["value"] > 75
    assert "descriptive" in overlap["note"]


def test_the_transform_is_the_phantoms(compared, scene):
    registration = compared[1]["registration"]
    truth, found = scene.followup.pose.matrix, np.array(registration["baseline_to_followup_lps"])
    corners = scene.region.to_patient([[0, 0, 0], [95, 0, 47], [0, 95, 0], [95, 95, 47]])
    apart = corners @ (truth - found)[:3, :3].T + (truth - found)[:3, 3]
    assert np.linalg.norm(apart, axis=1).max() < 1.0
    assert not registration["doubtful"]
    assert np.allclose(found[3], [0, 0, 0, 1])


@pytest.mark.parametrize("name", ["heat_on_followup_ct", "tumour_on_followup"])
def test_what_lies_on_the_follow_up_lies_on_its_grid_and_at_its_place(compared, later, result, name):
    laid, scan = (sitk.ReadImage(str(path)) for path in (compared[0] / f"{name}.nrrd", later / "ct.nrrd"))
    for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(laid, get)() == pytest.approx(getattr(scan, get)())
    matrix = np.array(compared[1]["registration"]["baseline_to_followup_lps"])
    back = sitk.AffineTransform(3)
    inverse = np.linalg.inv(matrix)
    back.SetMatrix(inverse[:3, :3].ravel().tolist())
    back.SetTranslation(inverse[:3, 3].tolist())
    source = "region_heat_ct" if "heat" in name else "region_tumour"
    region = sitk.Cast(sitk.ReadImage(str(result / f"{source}.nrrd")), sitk.sitkFloat32)
    expected = sitk.GetArrayFromImage(sitk.Resample(region, scan, back, sitk.sitkLinear, 0.0))
    found = sitk.GetArrayFromImage(laid).astype(float)
    if "tumour" in name:
        assert np.mean((expected >= 0.5) != (found > 0)) < 1e-5
        assert (found > 0).any()
    else:
        # ITK goes on half a voxel beyond the region.
        assert np.mean(np.abs(found - expected) > 1e-4 * np.abs(expected).max()) < 0.03
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_the_report_says_what_it_is(compared):
    page = (compared[0] / "report.html").read_text(encoding="utf-8")
    for words in ("Research use only", "DEMONSTRATION MODEL", "descriptive", "by-hand", "data:image/png"):
        assert words in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_what_a_folder_says_is_escaped(scene, later, tmp_path):
    heat = planted(scene)
    folder = write_result(
        tmp_path / "result", scene, {Modality.CT: heat}, endpoints={"os2": {"shown": "<script>alert(1)</script>"}}
    )
    compare_to_folder(FollowUpRequest(folder, later / "ct.nrrd", options=QUICK), tmp_path / "out", silent)
    assert "<script" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_without_a_recurrence_nothing_is_judged(baseline, scene):
    followed = follow_up(baseline, scene.followup.ct, None, QUICK)
    assert followed.overlap is None
    assert followed.recurrence is None
    assert followed.heat_on_scan[Modality.CT].array.any()


def test_noise_tells_nothing_of_the_recurrence(baseline, scene):
    noise = {Modality.CT: smooth_noise(scene.region.shape, 4)}
    recurrence = LesionSet((lesion_of(scene.followup.recurrence),))
    followed = follow_up(replace(baseline, heat=noise), scene.followup.ct, recurrence, QUICK)
    assert followed.overlap.hot_share.p > 0.05


def test_a_recurrence_elsewhere_is_said_and_not_measured(baseline, scene):
    lesion = lesion_of(scene.followup.recurrence)
    x, y, z = np.add(lesion.geometry.origin, (0, 0, 90))
    far = LesionMask(1, "far", lesion.mask, replace(lesion.geometry, origin=(x, y, z)))
    followed = follow_up(baseline, scene.followup.ct, LesionSet((far,)), QUICK)
    assert followed.overlap is None
    assert any("wholly outside" in words for words in followed.warnings)


def test_a_recurrence_half_outside_is_measured_within():
    region = Geometry((20, 20, 20), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    lesion = LesionMask(1, "half", np.ones((4, 4, 8), bool), Geometry((8, 4, 4), (1.0, 1.0, 1.0), (16.0, 8.0, 8.0)))
    laid = lay_recurrence([lesion], region, np.eye(4))
    assert laid.outside_fraction == 0.5
    assert np.count_nonzero(laid.mask) == 64
    assert laid.volume_mm3 == 128


def test_a_recurrence_is_turned_back_onto_the_region():
    region = Geometry((20, 20, 20), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    quarter = np.array([[0, -1, 0, 50], [1, 0, 0, -30], [0, 0, 1, 7], [0, 0, 0, 1]], float)
    voxel = np.array([3.0, 11.0, 6.0])
    x, y, z = quarter[:3, :3] @ voxel + quarter[:3, 3]
    lesion = LesionMask(1, "one", np.ones((1, 1, 1), bool), Geometry((1, 1, 1), (1.0, 1.0, 1.0), (x, y, z)))
    assert np.argwhere(lay_recurrence([lesion], region, quarter).mask).tolist() == [[6, 11, 3]]


def test_heat_far_from_the_follow_up_lays_nothing():
    region = Geometry((5, 5, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    scan = Geometry((4, 4, 4), (1.0, 1.0, 1.0), (500.0, 0.0, 0.0))
    assert not lay_values(np.ones((5, 5, 5)), region, scan, np.eye(4)).any()


def test_another_patient_whose_chest_looks_alike_is_doubtful(baseline, another):
    followed = follow_up(baseline, another.followup.ct, None, QUICK)
    assert followed.registration.match > 0.8
    assert followed.doubtful
    assert headline(followed).startswith("Doubtful match")
    assert any("DOUBTFUL" in words for words in followed.warnings)


def test_noise_for_a_follow_up_is_refused(baseline, scene):
    ct = scene.followup.ct
    noise = np.random.default_rng(0).normal(-500, 300, ct.array.shape).astype(np.int16)
    with pytest.raises(InputError, match="does not match"):
        follow_up(baseline, replace(ct, array=noise), None, QUICK)


def test_a_pet_is_no_follow_up(baseline, scene):
    with pytest.raises(InputError, match="not CT"):
        follow_up(baseline, scene.patient.pet, None, QUICK)


def test_the_format_is_that_of_scoring():
    assert FORMAT == petct_scoring.FORMAT


def _shifted(volume):
    return moved_far(volume, (5.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "patient.json").unlink(), "cannot be read"),
        (lambda folder: (folder / "patient.json").write_text("{"), "no whole JSON"),
        (lambda folder: (folder / "patient.json").write_text("[" * 100_000), "no whole JSON"),
        (lambda folder: _rewrite(folder, format="other"), "its format is not"),
        (lambda folder: _rewrite(folder, model={"name": "x"}), "'version' is missing"),
        (lambda folder: _rewrite(folder, heat={"endpoint": "dss", "method": "m"}), "'dss' is missing"),
        (lambda folder: _rewrite(folder, watermark=7), "'watermark' should be text"),
        (lambda folder: _rewrite(folder, warnings=["a\x1bb"]), "control characters"),
        (lambda folder: (folder / "region_tumour.nrrd").unlink(), "region_tumour.nrrd is missing"),
        (lambda folder: (folder / "region_ct.nrrd").unlink(), "holds no region_ct"),
        (lambda folder: [path.unlink() for path in folder.glob("region_heat_*")], "holds no region_heat"),
        (lambda folder: _replace(folder, "region_heat_pet", _shifted), "does not lie on the lattice"),
        (lambda folder: _replace(folder, "region_tumour", lambda v: replace(v, array=v.array * 0)), "is tumour"),
        (lambda folder: _replace(folder, "region_tumour", _halved), "no region of 96 x 96 x 48"),
        (lambda folder: (folder / "region_ct.nrrd").write_bytes(b"NRRD0004\n"), "region_ct.nrrd"),
    ],
    ids=[
        "no document", "half JSON", "deep JSON", "format", "model", "endpoint", "watermark", "control",
        "no tumour file", "no CT", "no heat", "lattice", "empty tumour", "size", "damaged",
    ],
)  # fmt: skip
def test_a_damaged_result_is_refused_with_its_file(result, tmp_path, spoil, words):
    folder = tmp_path / "result"
    shutil.copytree(result, folder)
    spoil(folder)
    with pytest.raises(InputError, match=words):
        read_baseline(folder)


def _rewrite(folder, **changes):
    (folder / "patient.json").write_text(json.dumps(document(**changes)), encoding="utf-8")


def _replace(folder, name, change):
    image = sitk.ReadImage(str(folder / f"{name}.nrrd"))
    geometry = Geometry(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    write_volume(change(Volume(sitk.GetArrayFromImage(image), geometry)), folder / f"{name}.nrrd")


def _halved(volume):
    return Volume(volume.array[:24], volume.geometry.crop((0, 0, 0), (96, 96, 24)))


def test_only_one_modality_may_have_heat(scene, tmp_path):
    folder = write_result(tmp_path / "result", scene, {Modality.CT: planted(scene)})
    assert list(read_baseline(folder).heat) == [Modality.CT]
    with pytest.raises(InputError, match="no heat of the PET"):
        follow_up(read_baseline(folder), scene.followup.ct, None, replace(QUICK, heat=HeatChoice.PET))


def test_the_result_is_not_overwritten_by_its_follow_up(result, later):
    with pytest.raises(UsageError, match="lies in the output folder"):
        compare_to_folder(FollowUpRequest(result, later / "ct.nrrd"), result, silent, overwrite=True)


def test_the_command_runs_and_tells(result, later, tmp_path, capsys):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", default="auto")
    parser = argparse.ArgumentParser()
    biomarkers_followup.add_to(parser.add_subparsers(), common)
    arguments = parser.parse_args(
        ["followup", "--result", str(result), "--ct", str(later / "ct.nrrd"), "--output", str(tmp_path / "out"),
         "--heat", "pet", "--rotations", "50", "--json"]
    )  # fmt: skip
    with Console.of(arguments) as console:
        assert arguments.run(arguments, console) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["options"]["rotations"] == 50
    assert told["heat"]["modalities"] == ["pet"]
    assert told["overlap"] is None
    assert told["model"]["demonstration"] is True
