import csv
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
import SimpleITK as sitk
from packaging.requirements import Requirement

import prognosis as library
from prognosis import __version__
from prognosis.bundles.store import shipped_models_folder
from prognosis.cli import models
from prognosis.cli.main import main


def test_the_version(prognosis, capsys):
    code, out, _ = prognosis("version", "--json")
    assert code == 0
    assert json.loads(out)["prognosis"] == __version__
    with pytest.raises(SystemExit) as stopped:
        prognosis("--version")
    assert stopped.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    "verb",
    ["demo", "doctor", "version", "convert", "lesions score", "lesions train", "survival evaluate"]
    + ["cohort scan", "cohort check", "phantom lesions", "phantom petct"]
    + [f"biomarkers {name}" for name in ("train", "extract", "select", "fit", "score", "maximize", "followup")]
    + [f"portraits {name}" for name in ("align", "finetune", "train-encoder", "project")]
    + [f"models {name}" for name in ("list", "verify", "card", "import")],
)
def test_every_command_explains_itself_with_an_example(prognosis, capsys, verb):
    with pytest.raises(SystemExit) as stopped:
        prognosis(*verb.split(), "--help")
    assert stopped.value.code == 0
    assert f"prognosis {verb}" in capsys.readouterr().out.split("example:")[1]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")])
def test_memory_that_runs_out_is_told_in_words(prognosis, monkeypatch, error):
    def greedy(arguments, console):
        raise error

    monkeypatch.setattr(models, "_list", greedy)
    code, _, err = prognosis("models", "list")
    assert code == 1
    assert err.startswith("prognosis: Memory ran out.")


def test_what_nobody_foresaw_is_not_called_a_lack_of_memory(prognosis, monkeypatch):
    def faulty(arguments, console):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(models, "_list", faulty)
    with pytest.raises(RuntimeError, match="shapes differ"):
        prognosis("models", "list")


def test_no_network_library_is_loaded_before_a_command_needs_it():
    code = "import sys, prognosis.cli.main; print([name for name in ('torch', 'matplotlib') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_doctor_finds_this_installation_well(prognosis):
    code, out, _ = prognosis("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)}
    assert code == 0, checks
    assert checks["model lesions-demonstration"]["good"] is True
    assert checks["model petct-demonstration"]["good"] is True


def test_the_doctor_names_what_is_wrong(prognosis, tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("PROGNOSIS_MODELS", str(tmp_path))
    code, out, _ = prognosis("doctor")
    assert code == 1
    assert "FAULT   model broken" in out


@pytest.mark.parametrize(("there", "missed"), [("petct", "lesions"), ("lesions", "PET/CT")])
def test_the_doctor_misses_a_model_that_scores(prognosis, tmp_path, monkeypatch, there, missed):
    (tmp_path / there).symlink_to(shipped_models_folder() / f"{there}-demonstration")
    monkeypatch.setattr("prognosis.bundles.store.shipped_models_folder", lambda: tmp_path)
    code, out, _ = prognosis("doctor")
    faults = [line for line in out.splitlines() if line.startswith("FAULT")]
    assert (code, len(faults)) == (1, 1)
    assert f"none for {missed}" in faults[0]


def test_the_demo_replaces_nothing_but_its_own_result(prognosis, tmp_path):
    (tmp_path / "thesis.txt").touch()
    code, _, err = prognosis("demo", "--output", tmp_path)
    assert (code, "no former result" in err) == (2, True)
    assert (tmp_path / "thesis.txt").exists()


def test_the_demo_scores_a_simulated_patient(prognosis, tmp_path):
    code, out, _ = prognosis("demo", "--output", tmp_path / "demo")
    assert code == 0
    assert str(tmp_path / "demo" / "report.html") in out
    assert "Research use only" in out
    assert (tmp_path / "demo" / "overlay.png").stat().st_size > 10_000


def test_the_demo_takes_ones_own_files(prognosis, phantom_patient, tmp_path):
    image, lesions = phantom_patient
    assert prognosis("demo", "--image", image, "--lesions", lesions, "--output", tmp_path / "demo")[0] == 0
    code, _, err = prognosis("demo", "--image", image, "--output", tmp_path / "demo")
    assert (code, "both --image and --lesions" in err) == (2, True)


def test_models_are_listed_verified_and_described(prognosis):
    code, out, _ = prognosis("models", "list")
    assert code == 0
    assert "lesions-demonstration" in out
    assert "DEMONSTRATION" in out
    assert {one["kind"] for one in json.loads(prognosis("models", "list", "--json")[1])} == {
        "lesion_resnet18",
        "biomarker_prognosis",
        "stylegan2_generator",
    }
    assert prognosis("models", "verify")[0] == 0
    code, card, _ = prognosis("models", "card", "lesions-demonstration")
    assert code == 0
    assert "RESEARCH USE ONLY" in card.upper()
    code, out, _ = prognosis("models", "verify", "no-such-model")
    assert (code, "no-such-model" in out) == (1, True)


def test_a_model_that_lacks_another_is_told_so_whatever_its_method(prognosis, tmp_path):
    shutil.copytree(shipped_models_folder() / "petct-demonstration", tmp_path / "m")
    manifest = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    manifest["requires"] = [{"name": "elsewhere", "sha256": "0" * 64}]
    (tmp_path / "m" / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    code, out, _ = prognosis("models", "verify", tmp_path / "m")
    assert (code, "requires the model elsewhere" in out) == (1, True)


def test_shipped_models_are_small():
    sizes = [path.stat().st_size for path in shipped_models_folder().rglob("*") if path.is_file()]
    assert max(sizes) <= 16e6
    assert sum(sizes) <= 40e6


def test_convert_writes_every_format_and_refuses_to_overwrite(prognosis, phantom_patient, tmp_path):
    image, lesions = phantom_patient
    expected = sitk.ReadImage(str(image))
    for name in ("a.nrrd", "a.nii.gz", "a.mha"):
        assert prognosis("convert", image, "--output", tmp_path / name)[0] == 0
        found = sitk.ReadImage(str(tmp_path / name))
        assert sitk.Hash(found) == sitk.Hash(expected)
        assert found.GetOrigin() == pytest.approx(expected.GetOrigin(), abs=1e-3)
    assert prognosis("convert", image, "--output", tmp_path / "a.nrrd")[0] == 2
    assert prognosis("convert", lesions, "--image", image, "--output", tmp_path / "l.seg.nrrd")[0] == 0
    assert prognosis("convert", lesions, "--image", image, "--output", tmp_path / "l.nii.gz")[0] == 0
    assert prognosis("convert", image, "--output", tmp_path / "no" / "a.nrrd")[0] == 2
    assert prognosis("convert", image, "--output", tmp_path / "a.xyz")[0] == 2


def test_a_model_is_trained_from_a_table_and_scores(prognosis, tmp_path):
    assert prognosis("phantom", "lesions", "--patients", "24", "--seed", "8", "--output", tmp_path / "cohort")[0] == 0
    arguments = ["--epochs", "2", "--folds", "2", "--width", "4", "--name", "mine", "--json"]
    code, out, err = prognosis(
        "lesions", "train", tmp_path / "cohort/cohort.csv", "--output", tmp_path / "m", *arguments
    )
    assert code == 0, err
    assert 0 < json.loads(out)["c_index"] < 1
    assert not list(tmp_path.glob("*.training"))
    patient = min(path for path in (tmp_path / "cohort").iterdir() if path.is_dir())
    lesions = min(patient.glob("lesions*.seg.nrrd"))
    files = ["--image", patient / "image.nrrd", "--lesions", lesions, "--output", tmp_path / "scored"]
    assert prognosis("lesions", "score", *files, "--model", tmp_path / "m")[0] == 0
    document = json.loads((tmp_path / "scored/patient.json").read_text(encoding="utf-8"))
    assert document["model"]["name"] == "mine"
    assert document["model"]["demonstration"] is True, "a model trained on simulated patients is a demonstration"
    assert document["percentile"] is not None


@pytest.mark.parametrize(
    "wrong",
    [
        ["--epochs", "0"],
        ["--folds", "1"],
        ["--seed", "-1"],
        ["--width", "0"],
        ["--learning-rate", "nan"],
        ["--device", "meta"],
        ["--device", "abacus"],
        ["--name", "my model"],
        ["--cohort-description", " "],
        ["--min-volume-mm3", "10"],
    ],
    ids=" ".join,
)
def test_wrong_use_of_training_is_told_before_any_work(prognosis, phantom_cohort, tmp_path, wrong):
    code, _, err = prognosis("lesions", "train", phantom_cohort / "cohort.csv", "--output", tmp_path / "m", *wrong)
    assert code == 2, err
    assert list(tmp_path.iterdir()) == []


def test_training_replaces_no_folder_that_is_no_model(prognosis, phantom_cohort, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thesis.txt").touch()
    table = phantom_cohort / "cohort.csv"
    code, _, err = prognosis("lesions", "train", table, "--output", tmp_path / "docs", "--overwrite")
    assert (code, "no former result" in err) == (2, True)
    assert (tmp_path / "docs" / "thesis.txt").exists()


def test_too_few_events_are_told(prognosis, phantom_cohort, tmp_path):
    with (phantom_cohort / "cohort.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    one_event = phantom_cohort / "one-event.csv"
    with one_event.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows({**row, "event": int(row["patient_id"] == rows[0]["patient_id"])} for row in rows)
    code, _, err = prognosis("lesions", "train", one_event, "--output", tmp_path / "m", "--width", "4")
    assert (code, "events; 4 folds need" in err) == (1, True)
    assert not (tmp_path / "m").exists()


def test_the_same_phantom_comes_from_the_same_seed(prognosis, tmp_path):
    for name in ("a", "b"):
        assert prognosis("phantom", "lesions", "--patients", "1", "--seed", "4", "--output", tmp_path / name)[0] == 0
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.csv"))
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


WITHOUT_NETWORK = """
import socket, sys
def refuse(self, address, *rest):
    raise AssertionError(f"a connection to {address} was tried")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: refuse(None, a)
from prognosis.cli import models
from prognosis.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def petct_patient(tmp_path_factory):
    """CT, PET and contour of a simulated patient."""
    folder = tmp_path_factory.mktemp("petct")
    assert main(["phantom", "petct", "--patients", "1", "--seed", "1", "--output", str(folder / "cohort")]) == 0
    patient = min(path for path in (folder / "cohort").iterdir() if path.is_dir())
    return [patient / f"{name}.nrrd" for name in ("ct", "pet", "tumour")]


@pytest.fixture(params=["lesions", "biomarkers"])
def scoring(request):
    """A command that scores a simulated patient, but for its output."""
    if request.param == "lesions":
        image, lesions = request.getfixturevalue("phantom_patient")
        return ["lesions", "score", "--image", image, "--lesions", lesions]
    ct, pet, tumour = request.getfixturevalue("petct_patient")
    return ["biomarkers", "score", "--ct", ct, "--pet", pet, "--tumour", tumour]


def run_python(program, *arguments, **options):
    command = [sys.executable, *program, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)


def test_scoring_needs_no_network(scoring, tmp_path):
    done = run_python(["-c", WITHOUT_NETWORK], *scoring, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()


def core_distributions():
    """The names of this package's requirements without extras, and of theirs."""
    found, left = set(), ["slicer-prognosis"]
    while left:
        for text in requires(left.pop()) or []:
            requirement = Requirement(text)
            if requirement.name not in found and (not requirement.marker or requirement.marker.evaluate({"extra": ""})):
                found.add(requirement.name)
                left.append(requirement.name)
    return found


def test_scoring_needs_the_core_only(scoring, tmp_path):
    """An environment that holds nothing but the library and what its core requires."""
    site = tmp_path / "site"
    site.mkdir()
    for name in core_distributions():
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(installed.locate_file(top))
    source = Path(library.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (source, site)))}
    absent = subprocess.run(
        [sys.executable, "-S", "-c", "import lifelines"], env=environment, capture_output=True, check=False
    )
    assert absent.returncode != 0, "the extras must not be there for this test to mean anything"
    done = run_python(["-S", "-m", "prognosis"], *scoring, "--output", tmp_path / "out", env=environment)
    assert done.returncode == 0, done.stderr
    patient = json.loads((tmp_path / "out" / "patient.json").read_text(encoding="utf-8"))
    assert patient["versions"]["engine"].startswith("torch")


def test_a_terminated_command_leaves_nothing_and_says_130(phantom_patient, tmp_path):
    image, lesions = phantom_patient
    command = [sys.executable, "-m", "prognosis", "lesions", "score", "--progress=json"]
    command += ["--image", image, "--lesions", lesions, "--output", tmp_path / "out"]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "reading the image" in line:
                process.terminate()
                break
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
