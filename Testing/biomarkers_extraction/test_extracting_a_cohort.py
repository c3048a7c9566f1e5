"""`biomarkers extract`: a table of good and bad patients, interrupted and gone on with, comes to one file."""

import argparse
import csv
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from making_cohorts import save_network, write_patient, write_table

from prognosis.batch.case import Case
from prognosis.biomarkers.extraction import common_region, extract_patient
from prognosis.biomarkers.feature_store import describe_feature_table, read_feature_table
from prognosis.biomarkers.images.patient_images import PatientFiles
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.extraction import make_extractor
from prognosis.biomarkers.networks.unet_bundle import load_unet
from prognosis.bundles.bundle import open_bundle
from prognosis.cli import biomarkers_extract
from prognosis.cli.console import Console
from prognosis.cli.feature_extraction import FeatureExtraction
from prognosis.engines.engine import Engine
from prognosis.errors import InputError, ModelError, UsageError
from prognosis.imaging.lesion_choice import LesionChoice

SECRET = "Weissnicht"
PET = f"{SECRET}{{0}}/{SECRET}.nii.gz"
WHOLE = f"{SECRET}1/whole.nii.gz"


class Impatient(Console):
    """Cancels the command as soon as a case is finished."""

    def progress(self, step, done, *_):
        if step == "extracting" and done:
            raise KeyboardInterrupt


class Listening(Console):
    """Notes what it is told."""

    def __init__(self):
        super().__init__()
        self.said, self.results = [], []

    def say(self, text):
        self.said.append(text)

    def warn(self, text):
        self.said.append(text)

    def result(self, document):
        self.results.append(document)


def extract(*arguments, console=None):
    """Run the command; returns its exit code, what was said and the result."""
    parser = argparse.ArgumentParser()
    biomarkers_extract.add_to(parser.add_subparsers(required=True), argparse.ArgumentParser(add_help=False))
    parsed = parser.parse_args(["extract", *map(str, arguments)])
    console = console or Listening()
    code = parsed.run(parsed, console)
    return SimpleNamespace(code=code, said="\n".join(console.said), result=console.results[-1])


def summary_of(output):
    with (output.with_name(f"{output.name}.cases") / "summary.csv").open(encoding="utf-8") as stream:
        return {int(row["row"]): row for row in csv.DictReader(stream)}


def states(output):
    return [row["state"] for row in summary_of(output).values()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three patients, one of whom has a letter in place of a PET, and two networks."""
    home = tmp_path_factory.mktemp("home")
    for number, radius_mm in enumerate((14.0, 18.0, 22.0)):
        write_patient(home / f"{SECRET}{number}", radius_mm, number)
        (home / f"{SECRET}{number}/pet.nii.gz").rename(home / PET.format(number))
    (home / PET.format(1)).rename(home / WHOLE)
    (home / PET.format(1)).write_text(f"Dear {SECRET}", encoding="utf-8")
    images = [[f"{SECRET}{n}/ct.nii.gz", PET.format(n), f"{SECRET}{n}/tumour.nii.gz"] for n in range(3)]
    write_table(
        home / "cohort.csv",
        (f"{SECRET} A", "", *images[0], "", ""),
        (f"{SECRET} B", "", *images[1], "", ""),
        (f"{SECRET} C", "first", *images[2], images[2][2], images[2][2]),
    )
    for modality in Modality:
        save_network(home / f"{modality}-unet", modality, phantom=modality is Modality.PET)
    return home


def given(home, *more):
    networks = ("--ct-model", home / "ct-unet", "--pet-model", home / "pet-unet")
    return (home / "cohort.csv", *networks, "--engine", "torch", "--workers", 1, *more)


@pytest.fixture(scope="module")
def run(home):
    """A run that is cancelled after one case, and the same command once more."""
    output = home / "features.h5"
    with pytest.raises(KeyboardInterrupt):
        extract(*given(home, "--output", output), console=Impatient())
    cancelled = SimpleNamespace(states=states(output), written=output.exists())
    return SimpleNamespace(cancelled=cancelled, output=output, **vars(extract(*given(home, "--output", output))))


def test_an_interrupted_run_keeps_what_is_done(run):
    assert run.cancelled.states == ["done", "not started", "not started"]
    assert not run.cancelled.written
    assert states(run.output) == ["kept", "failed", "done"]


def test_the_bad_row_is_named_and_left_out(run):
    assert run.code == 1
    assert run.result["failed"] == run.result["left_out"] == 1
    assert (run.result["done"], run.result["kept"], run.result["features"]) == (1, 1, str(run.output))
    assert "case-000003" in run.said
    assert "1 row has none and is not in it" in run.said
    assert describe_feature_table(run.output).left_out == 1
    table = read_feature_table(run.output)
    assert table.patient_ids == (f"{SECRET} A", f"{SECRET} C")
    assert table.annotation_ids == ("", "first")


def test_nobody_is_named_beside_the_file(run):
    folder = run.output.with_name(f"{run.output.name}.cases")
    texts = [
        run.said,
        *(path.read_text(encoding="utf-8") for path in folder.rglob("*.*s*") if path.suffix != ".safetensors"),
    ]
    assert len(texts) > 4
    texts += read_feature_table(run.output).flags
    assert "are taken for SUVbw" in texts[-1]
    assert not [text for text in texts if SECRET.lower() in text.lower()]


def test_features_are_those_of_each_patient_alone(run, home):
    segmenters = {modality: load_unet(open_bundle(home / f"{modality}-unet")) for modality in Modality}
    extractors = {one: make_extractor(segmenter.network, engine=Engine.TORCH) for one, segmenter in segmenters.items()}
    table = read_feature_table(run.output)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    for row, number in enumerate((0, 2)):
        folder = home / f"{SECRET}{number}"
        files = PatientFiles(ct=folder / "ct.nii.gz", pet=home / PET.format(number), tumour=folder / "tumour.nii.gz")
        alone = extract_patient(files, segmenters, extractors, common_region(segmenters))
        for modality in Modality:
            np.testing.assert_array_equal(table.features[modality][row], alone.features[modality])
        assert table.conventional_names == tuple(alone.conventional)
        np.testing.assert_array_equal(table.conventional[row], list(alone.conventional.values()))
        assert table.flags[row] == "; ".join(alone.flags).replace(f"{SECRET}.nii.gz", "pet")
    torch.set_num_threads(before)


def test_the_file_bears_the_hashes_of_its_networks(run, home):
    about = describe_feature_table(run.output)
    for modality in Modality:
        bundle = open_bundle(home / f"{modality}-unet")
        used = about.networks[modality]
        assert (used.name, used.sha256, used.demonstration) == (
            f"{modality}-unet",
            bundle.sha256,
            modality is Modality.PET,
        )
    assert about.demonstration
    assert about.versions["engine"] == "torch"
    assert about.settings["radiomics"] is True


def test_the_summary_shows_uptake_and_is_marked(run):
    rows = summary_of(run.output)
    assert float(rows[2]["mtv_contour_ml"]) < float(rows[4]["mtv_contour_ml"])
    assert float(rows[4]["suv_max"]) > 8
    assert rows[4]["model"].startswith("DEMONSTRATION MODEL, ct-unet version 1, pet-unet version 1")
    assert rows[3]["suv_max"] == ""


def copied(run, home, tmp_path):
    """The patients and results in another place, with the times of their files."""
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home", tmp_path / "home/features.h5"


def test_only_what_failed_or_changed_is_computed_again(run, home, tmp_path):
    home, output = copied(run, home, tmp_path)
    shutil.copy(home / WHOLE, home / PET.format(1))
    again = extract(*given(home, "--output", output))
    assert (again.code, again.result["left_out"], states(output)) == (0, 0, ["kept", "done", "kept"])
    table, before = read_feature_table(output), read_feature_table(run.output)
    assert len(table) == 3
    for modality in Modality:
        np.testing.assert_array_equal(table.features[modality][[0, 2]], before.features[modality])
    lines = (home / "cohort.csv").read_text(encoding="utf-8").splitlines()
    (home / "cohort.csv").write_text("\n".join((lines[0], lines[3], lines[1])), encoding="utf-8")
    fewer = extract(*given(home, "--output", output))
    assert (fewer.code, states(output)) == (0, ["kept", "kept"])
    assert read_feature_table(output).patient_ids == (f"{SECRET} C", f"{SECRET} A")
    np.testing.assert_array_equal(read_feature_table(output).features["ct"], table.features["ct"][[2, 0]])
    assert "1 former result is set aside" in fewer.said


def test_one_network_alone_and_no_case_at_all(run, home, tmp_path):
    home, output = copied(run, home, tmp_path)
    lines = (home / "cohort.csv").read_text(encoding="utf-8").splitlines()
    (home / "cohort.csv").write_text("\n".join((lines[0], lines[2])), encoding="utf-8")
    before = output.read_bytes()
    options = ("--no-radiomics", "--scaled", "--workers", 1, "--engine", "torch")
    alone = extract(home / "cohort.csv", "--pet-model", home / "pet-unet", "--output", output, *options[2:])
    assert (alone.code, alone.result["features"], output.read_bytes() == before) == (1, None, True)
    assert "No case has features: no file was written" in alone.said
    assert "of a former run" in alone.said
    shutil.copy(home / WHOLE, home / PET.format(1))
    (home / f"{SECRET}1/ct.nii.gz").unlink()
    (home / "cohort.csv").write_text(
        f"patient_id,pet,tumour\nx,{PET.format(1)},{SECRET}1/tumour.nii.gz\n", encoding="utf-8"
    )
    alone = extract(home / "cohort.csv", "--pet-model", home / "pet-unet", "--output", output, *options)
    table = read_feature_table(output)
    assert (alone.code, list(table.features), table.settings["radiomics"]) == (0, [Modality.PET], False)
    assert table.settings["region"]["scaled"] is True
    assert len(table.conventional_names) == len(
        [name for name in table.conventional_names if "suv" in name or "_ml" in name]
    )


@pytest.fixture
def nothing_is_computed(monkeypatch):
    def no_worker(*_):
        raise AssertionError("a worker was started")

    monkeypatch.setattr("prognosis.batch.local_processes.LocalProcesses._start", no_worker)


@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ((), UsageError, "No network is given"),
        (("--ct-model", "pet-unet"), ModelError, "reads PET, not CT. Give it as --pet-model"),
        (("--ct-model", "ct-unet", "--pet-model", "wide-unet"), ModelError, "reads regions of 1 mm, wide-unet of 2 mm"),
        (("--ct-model", "gone"), ModelError, "gone"),
    ],
    ids=["none", "of the other image", "of other regions", "missing"],
)
def test_networks_that_do_not_fit_are_refused_before_any_work(home, tmp_path, monkeypatch, more, error, said):
    if not (home / "wide-unet").exists():
        save_network(home / "wide-unet", Modality.PET, region=RegionOptions(2.0))
    monkeypatch.chdir(home)
    with pytest.raises(error, match=said):
        extract("cohort.csv", *more, "--output", tmp_path / "f.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("nothing_is_computed")
def test_nobody_elses_file_is_replaced(run, home, tmp_path):
    letter = tmp_path / "letter.h5"
    letter.write_text("Dear colleague", encoding="utf-8")
    with pytest.raises(UsageError, match="is not replaced: it is no table of features"):
        extract(*given(home, "--output", letter, "--overwrite"))
    assert letter.read_text(encoding="utf-8") == "Dear colleague"
    shutil.copy(run.output, tmp_path / "joined.h5")
    with pytest.raises(UsageError, match=r"already exists, and joined.h5.cases is not beside it.* --overwrite"):
        extract(*given(home, "--output", tmp_path / "joined.h5"))


@pytest.mark.usefixtures("nothing_is_computed")
def test_rows_are_not_read_from_where_results_go(home, tmp_path):
    (tmp_path / "f.h5.cases").mkdir()
    row = ("1", "", "f.h5.cases/ct.nrrd", "pet.nrrd", "tumour.nrrd", "", "")
    table = write_table(tmp_path / "cohort.csv", row)
    with pytest.raises(UsageError, match="Row 2: ct lies in the output"):
        extract(table, *given(home)[1:], "--output", tmp_path / "f.h5")


def test_contours_of_their_own_are_enough_and_a_row_without_any_is_left_out(home, tmp_path):
    (whole, tumour), (bare, _) = (
        [home / f"{SECRET}{n}" / name for name in ("ct.nii.gz", "tumour.nii.gz")] for n in (0, 2)
    )
    columns = ("patient_id", "ct", "ct_tumour")
    table = write_table(tmp_path / "cohort.csv", ("a", whole, tumour), ("b", bare, ""), columns=columns)
    network = ("--ct-model", home / "ct-unet", "--engine", "torch", "--workers", 1)
    ran = extract(table, *network, "--no-radiomics", "--output", tmp_path / "f.h5")
    assert (ran.code, ran.result["done"], ran.result["left_out"]) == (1, 1, 1)
    assert "No contour of the tumour is given. Give the column tumour." in ran.said
    assert describe_feature_table(tmp_path / "f.h5").patient_ids == ("a",)


@pytest.mark.usefixtures("nothing_is_computed")
def test_columns_that_networks_need_are_missed(home, tmp_path):
    table = write_table(tmp_path / "cohort.csv", ("1", "a", "b"), columns=("patient_id", "ct", "tumour"))
    with pytest.raises(InputError, match="pet"):
        extract(table, *given(home)[1:], "--output", tmp_path / "f.h5")


@pytest.mark.usefixtures("nothing_is_computed")
def test_after_hours_nothing_is_started(home, tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis.batch.clock.open_until", lambda _: lambda: False)
    late = extract(*given(home, "--output", tmp_path / "f.h5", "--until", "06:30"))
    assert (late.code, late.result["not_started"], late.result["left_out"]) == (1, 3, 3)
    assert "No case is started after" in late.said
    assert not (tmp_path / "f.h5").exists()


@pytest.mark.parametrize(
    ("alone", "in_a_table"),
    [
        ("Choose one (--series).", "Choose one in the column ct_series or pet_series."),
        ("Give the weight by hand (--weight-kg).", "Give the weight by hand (prognosis convert --suv --weight-kg)."),
    ],
    ids=["series", "weight"],
)
def test_remedies_are_for_rows(home, tmp_path, monkeypatch, alone, in_a_table):
    def refuse(*_, **__):
        raise InputError("It cannot be used.", remedy=alone)

    monkeypatch.setattr("prognosis.biomarkers.extraction.extract_patient", refuse)
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)
    bundle = open_bundle(home / "ct-unet")
    networks = {Modality.CT: bundle.folder}, {Modality.CT: bundle.sha256}
    compute = FeatureExtraction(*networks, LesionChoice(), Engine.TORCH).prepare()
    with pytest.raises(InputError) as refused:
        compute(Case(2, {"ct": tmp_path / "ct.nrrd", "tumour": tmp_path / "tumour.nrrd"}), tmp_path)
    assert refused.value.remedy == in_a_table


def test_a_network_that_changes_meanwhile_is_not_used(home):
    work = FeatureExtraction({Modality.CT: home / "ct-unet"}, {Modality.CT: "0" * 64}, LesionChoice(), Engine.TORCH)
    with pytest.raises(ModelError, match="changed while the run began"):
        work.prepare()


def test_h5py_is_asked_for_in_words(home, tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis.cli.biomarkers_extract.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs h5py. Install slicer-prognosis\[train\]"):
        extract(*given(home, "--output", tmp_path / "f.h5"))
