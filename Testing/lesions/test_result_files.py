"""Results on disk, read back."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass

import pytest
import SimpleITK as sitk

from prognosis.cli.score_request import ScoreRequest
from prognosis.cli.scoring import score_to_folder
from prognosis.engines.engine import Engine
from prognosis.errors import InputError
from prognosis.lesions.result_files import read_result
from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort
from prognosis.progress import silent

HOSTILE = "=1+1; 'a', \"b\" ü"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A simulated patient's image and lesions, the first lesion with a name that no table holds as it is."""
    folder = tmp_path_factory.mktemp("phantom")
    options = LesionPhantomOptions(patients=1, seed=3, size=(144, 112, 60), spacing=(2.5, 2.5, 5.0), median_lesions=4)
    write_cohort(options, folder)
    (patient,) = (path for path in folder.iterdir() if path.is_dir())
    lesions = sitk.ReadImage(str(min(patient.glob("lesions*.seg.nrrd"))))
    lesions.SetMetaData("Segment0_Name", HOSTILE)
    sitk.WriteImage(lesions, str(folder / "lesions.seg.nrrd"))
    image = sitk.ReadImage(str(patient / "image.nrrd"))
    sitk.WriteImage(sitk.Cast(image * 0, sitk.sitkUInt8), str(folder / "none.nrrd"))
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    sitk.WriteImage(image, str(folder / "anonymous.nrrd"))
    return {
        "phantom": (patient / "image.nrrd", folder / "lesions.seg.nrrd", patient / "organs.seg.nrrd"),
        "patient": (folder / "anonymous.nrrd", folder / "lesions.seg.nrrd", None),
        "no lesion": (patient / "image.nrrd", folder / "none.nrrd", None),
    }


def score(files, output):
    image, lesions, organs = files
    return score_to_folder(ScoreRequest(image, lesions, organs, engine=Engine.TORCH), output, silent)


@pytest.fixture(scope="module")
def a_result(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored") / "result"
    score(files["phantom"], folder)
    return folder


@pytest.fixture
def a_copy(a_result, tmp_path):
    return shutil.copytree(a_result, tmp_path / "copy")


def plain(value):
    """A result as nested tuples, numbers with the nine digits that tables have."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return float(f"{value:.8g}") if isinstance(value, float) else value


@pytest.mark.parametrize("which", ["phantom", "patient", "no lesion"])
def test_what_is_read_is_what_was_scored(files, tmp_path, which):
    scored = score(files[which], tmp_path / "result")
    found = read_result(tmp_path / "result")
    assert plain(found) == plain(scored)
    assert found.risk == scored.risk
    assert (found.survival is not None) == (which == "phantom")
    assert bool(found.lesions) == (which != "no lesion")
    if found.lesions:
        assert found.lesions[0].name == HOSTILE


def document(folder, change):
    path = folder / "patient.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def cell(folder, column, text, row=0):
    path = folder / "lesions.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[row][column] = text
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.pop("format"), ["patient.json", "written by version", "reads format"]),
        (lambda content: content.update(format=99), ["patient.json", "written by version"]),
        (lambda content: content.update(format=99, versions=None), ["written by another version"]),
        (lambda content: content.pop("risk"), ["patient.json", "'risk' is missing"]),
        (lambda content: content.update(risk="high"), ["patient.json", "'risk' should be a number"]),
        (lambda content: content.update(risk=10**400), ["'risk' should be a number"]),
        (lambda content: content.update(risk=True), ["'risk' should be a number"]),
        (lambda content: content.update(risk=None), ["'contribution' does not sum to 'risk'"]),
        (lambda content: content.update(risk=content["risk"] + 0.01), ["'contribution' does not sum to 'risk'"]),
        (lambda content: content.update(percentile=[]), ["'percentile' should be a number"]),
        (lambda content: content.update(watermark=3), ["'watermark' should be text"]),
        (lambda content: content.update(warnings="none"), ["'warnings' should be a list of texts"]),
        (lambda content: content.update(versions={"torch": 2}), ["'versions'", "'torch' should be text"]),
        (lambda content: content.update(model=[]), ["'model' should be an object"]),
        (lambda content: content["model"].pop("sha256"), ["'model': 'sha256' is missing"]),
        (lambda content: content["model"].update(demonstration="no"), ["'demonstration' should be true or false"]),
        (lambda content: content["survival"].update(soon=0.5), ["'survival': 'soon' should be like '5_years'"]),
        (lambda content: content["survival_curve"]["survival"].pop(), ["'survival_curve'", "times and"]),
        (lambda content: content["survival_curve"].update(survival=["x"]), ["'survival' should be a list of numbers"]),
        (lambda content: content.update(lesion_details=[1]), ["'lesion_details' should be a list of objects"]),
        (lambda content: content["lesion_details"].pop(), ["lesions.csv has 3 lesions", "patient.json 2"]),
        (lambda content: content["lesion_details"].reverse(), ["lesions.csv, line 2, column 'lesion'"]),
        (lambda content: content["lesion_details"][1].update(colour=[1, 2]), ["'lesion_details' 2", "'colour'"]),
        (lambda content: content["lesion_details"][1].update(colour=[1, 2, 256]), ["'lesion_details' 2", "0 to 255"]),
    ],
)
def test_a_damaged_document_is_refused_with_file_and_key(a_copy, change, words):
    document(a_copy, change)
    with pytest.raises(InputError) as refused:
        read_result(a_copy)
    assert all(word in refused.value.what for word in words), refused.value.what
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("risk", "abc", "lesions.csv, line 3, column 'risk': 'abc' is no number"),
        ("risk", "", "lesions.csv, line 3, column 'risk' is empty"),
        ("volume_mm3", "nan", "lesions.csv, line 3, column 'volume_mm3'"),
        ("volume_mm3", "", "lesions.csv, line 3, column 'volume_mm3'"),
        ("rank", "1.5", "lesions.csv, line 3, column 'rank': '1.5' is no whole number"),
        ("lesion", "9", "lesions.csv, line 3, column 'lesion'"),
        ("centroid_s", "1,5", "lesions.csv, line 3, column 'centroid_s'"),
        ("contribution", "7", "column 'contribution' does not sum"),
    ],
)
def test_a_damaged_table_is_refused_with_file_and_column(a_copy, column, text, words):
    cell(a_copy, column, text, row=1)
    with pytest.raises(InputError) as refused:
        read_result(a_copy)
    assert words in refused.value.what
    assert refused.value.remedy


@pytest.mark.parametrize("name", ["patient.json", "lesions.csv"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", None),
        (b"\xff\xfe\x00", "no UTF-8 text"),
        (b"[1, 2]", None),
        (b'{"format": ', None),
        (b'"', None),
    ],
    ids=["missing", "empty", "other encoding", "a list", "cut short", "an open quote"],
)
def test_a_file_that_is_none_is_refused_by_name(a_copy, name, content, words):
    if content is None:
        (a_copy / name).unlink()
    else:
        (a_copy / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        read_result(a_copy)
    assert name in refused.value.what
    assert refused.value.remedy


def test_a_table_cut_in_the_middle_is_refused(a_copy):
    table = a_copy / "lesions.csv"
    lines = table.read_bytes().splitlines(keepends=True)
    for kept in (lines[:-1], [*lines[:-1], lines[-1][:20]]):
        table.write_bytes(b"".join(kept))
        with pytest.raises(InputError, match=r"lesions\.csv"):
            read_result(a_copy)


def test_reading_needs_neither_torch_nor_a_package_that_slicer_lacks(a_result):
    program = (
        "import sys; from pathlib import Path; from prognosis.lesions.result_files import read_result\n"
        "read_result(Path(sys.argv[1])); print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", program, a_result], capture_output=True, text=True, check=True)
    others = set(said.stdout.split()) - set(sys.stdlib_module_names)
    assert {"torch", "filelock", "pandas", "lifelines", "matplotlib", "pydicom"} & others == set()
    assert "prognosis" in others
