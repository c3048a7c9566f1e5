"""What `biomarkers score --cohort` tells of rows and options that cannot be used."""

import pytest
import SimpleITK as sitk

from prognosis.batch.case import Case
from prognosis.cli.biomarkers_score_cohort import PetctScoring
from prognosis.cli.main import main
from prognosis.cli.petct_request import PetctRequest
from prognosis.errors import InputError, UsageError


def _work(bundle, **more):
    return PetctScoring(PetctRequest(model=str(bundle.folder), **more), bundle.folder, bundle.sha256)


def test_an_unknown_endpoint_stops_the_run_before_any_row(bundle):
    with pytest.raises(UsageError, match="os2, dss2"):
        _work(bundle, endpoint="os9").prepare()


def test_remedies_are_those_of_a_row(bundle, petct_files, tmp_path):
    becquerels = {**petct_files, "pet": tmp_path / "becquerels.nrrd"}
    sitk.WriteImage(sitk.ReadImage(str(petct_files["pet"])) * 4000, str(becquerels["pet"]))
    score = _work(bundle).prepare()
    for lacking, files, words in (
        (("tumour",), petct_files, "Fill in the column tumour"),
        (("ct", "pet"), petct_files, "Fill in the columns ct, pet or both"),
        ((), becquerels, r"\(`prognosis convert --suv --suv-factor`\)"),
    ):
        case = Case(2, {name: path for name, path in files.items() if name not in lacking})
        with pytest.raises(InputError, match=words):
            score(case, tmp_path)


def test_what_suv_lacks_is_told_by_converting_first(tmp_path, capsys):
    (tmp_path / "cohort.csv").write_text("patient_id,pet,tumour\na,pet,tumour.nrrd\n", encoding="utf-8")
    words = ["--cohort", str(tmp_path / "cohort.csv"), "--weight-kg", "70", "--output", str(tmp_path / "out")]
    assert main(["biomarkers", "score", *words]) == 2
    assert "`prognosis convert --suv`" in capsys.readouterr().err
