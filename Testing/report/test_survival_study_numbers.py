"""The numbers of a study: where a reader of the files looks for them, whole, and safe in a spreadsheet."""

import csv
import json

import numpy as np
import pytest
from making_studies import HOSTILE, NAN, UNKNOWN, hostile_study, make_study, small_study

from prognosis.files import write_csv, write_json
from prognosis.report.survival_study.numbers import study_document, study_tables

HEADERS = {
    "metrics.csv": "model metric estimate low high seeds lowest_seed highest_seed",
    "kaplan_meier.csv": "curve time_days survival low high at_risk",
    "calibration.csv": "model horizon_years group patients predicted observed low high",
    "decision_curve.csv": "model horizon_years threshold net_benefit act_on_all act_on_none",
    "comparisons.csv": "metric model against difference low high p_value p_adjusted primary",
    "cohort.csv": "characteristic all train test missing",
    "flow.csv": "step patients events",
}


def rows_of(study, name):
    header, rows = study_tables(study)[name]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("study", [make_study(), small_study(), hostile_study()], ids=["plain", "small", "hostile"])
def test_the_document_is_json_for_every_reader(study, tmp_path):
    write_json(tmp_path / "results.json", study_document(study))
    text = (tmp_path / "results.json").read_text("utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == study_document(study)


def test_metrics_lie_below_their_model():
    models = study_document(make_study())["models"]
    assert list(models) == ["kaplan_meier", "coxph", "deepsurv"]
    assert models["coxph"]["c_index"] == pytest.approx({"estimate": 0.741, "low": 0.701, "high": 0.771})
    assert models["deepsurv"]["c_index"]["over_seeds"] == pytest.approx([0.674, 0.684, 0.694])
    assert set(models["kaplan_meier"]) == {"brier_1y", "brier_3y", "brier_5y", "integrated_brier"}


def test_what_could_not_be_had_is_null():
    document = study_document(hostile_study())
    assert document["models"]["deepsurv"]["c_index"]["estimate"] is None
    assert document["models"]["deepsurv"]["auc_1y"]["estimate"] == 0.7
    assert document["models"]["deepsurv"]["auc_1y"]["low"] is None
    assert document["comparisons"][-1]["p_value"] is None
    assert document["comparisons"][-1]["p_adjusted"] is None
    assert not document["comparisons"][-1]["primary"]
    assert study_document(small_study())["median_follow_up_days"] is None


def test_the_document_says_how_it_was_made():
    study = make_study(warnings=("few events",))
    document = study_document(study)
    assert document["flow"][0] == {"label": "patients in the table", "patients": 540, "events": study.flow[0].events}
    assert document["cohort"]["rows"][1] == {
        "name": "sex = female", "values": ["251 (46%)", "140 (47%)", "111 (46%)"], "missing": 0,
    }  # fmt: skip
    assert document["comparisons"][0]["primary"]
    assert document["comparisons"][0]["difference"] == {"estimate": -0.057, "low": -0.091, "high": -0.022}
    assert document["comparisons"][1]["p_adjusted"] == 0.18
    assert document["warnings"] == ["few events"]
    assert document["seed"] == 11
    assert document["bootstraps"] == 1000
    assert document["table_sha256"] == "cd" * 32
    assert document["model_details"]["coxph"]["chosen"][1] == "penalty 0.1"
    groups = document["model_details"]["coxph"]["risk_groups"]
    assert sum(group["patients"] for group in groups.values()) == 240


@pytest.mark.parametrize("study", [make_study(), small_study(), hostile_study()], ids=["plain", "small", "hostile"])
def test_tables_have_their_columns_and_whole_rows(study):
    tables = study_tables(study)
    assert {name: " ".join(header) for name, (header, _) in tables.items()} == HEADERS
    for header, rows in tables.values():
        assert all(len(row) == len(header) for row in rows)
        assert not any(isinstance(cell, float) and np.isnan(cell) for row in rows for cell in row)


def test_curves_are_written_point_by_point():
    study = make_study()
    rows = rows_of(study, "kaplan_meier.csv")
    whole = [row for row in rows if row["curve"] == "all tested patients"]
    assert [row["survival"] for row in whole] == study.overall.survival.tolist()
    assert [row["at_risk"] for row in whole] == study.overall.at_risk.tolist()
    high = study.models[1].risk_groups["high risk"]
    assert [row["time_days"] for row in rows if row["curve"] == "coxph: high risk"] == high.times_days.tolist()
    assert len({row["curve"] for row in rows}) == 7


def test_metrics_carry_the_spread_over_seeds():
    rows = {(row["model"], row["metric"]): row for row in rows_of(make_study(), "metrics.csv")}
    seeded = rows["deepsurv", "c_index"]
    assert [seeded["seeds"], seeded["lowest_seed"], seeded["highest_seed"]] == pytest.approx([3, 0.674, 0.694])
    assert rows["coxph", "c_index"]["seeds"] is None
    assert ("kaplan_meier", "brier_3y") in rows


def test_calibration_and_decision_curves_are_written_whole():
    study = make_study()
    groups = [row for row in rows_of(study, "calibration.csv") if (row["model"], row["horizon_years"]) == ("coxph", 3)]
    assert [row["predicted"] for row in groups] == [g.predicted for g in study.models[1].calibration[3]]
    assert [row["group"] for row in groups] == [1, 2, 3, 4, 5]
    decisions = rows_of(study, "decision_curve.csv")
    assert len(decisions) == 2 * 3 * len(study.models[1].decision[1].thresholds)
    assert {row["act_on_none"] for row in decisions} == {0.0}


def test_only_the_first_comparison_is_primary():
    rows = rows_of(make_study(), "comparisons.csv")
    assert [row["primary"] for row in rows] == ["yes", "no", "no"]
    assert [row["p_adjusted"] for row in rows] == [None, 0.18, 0.048]


def test_nothing_compared_and_no_horizon_leave_headers():
    tables = study_tables(small_study())
    for name in ("comparisons.csv", "calibration.csv", "decision_curve.csv"):
        assert list(tables[name][1]) == []


def test_no_spreadsheet_takes_a_cell_for_a_formula(tmp_path):
    for name, (header, rows) in study_tables(hostile_study()).items():
        write_csv(tmp_path / name, header, rows)
        with (tmp_path / name).open(newline="", encoding="utf-8") as stream:
            written = list(csv.reader(stream))
        assert len(written) == len(rows) + 1
        texts = [cell for row in written for cell in row if not cell.replace("-", "", 1)[:1].isdigit()]
        assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    assert HOSTILE in (tmp_path / "cohort.csv").read_text("utf-8").replace('""', '"')


def test_an_unknown_spread_is_an_empty_cell():
    study = make_study()
    deepsurv = study.models[2]
    metrics, seeds = {**deepsurv.metrics, "c_index": UNKNOWN}, {"c_index": (NAN, NAN)}
    study = make_study(models=(type(deepsurv)("deepsurv", "DeepSurv", metrics, seeds),))
    (row,) = [row for row in rows_of(study, "metrics.csv") if row["metric"] == "c_index"]
    assert [row[name] for name in ("estimate", "low", "seeds", "lowest_seed")] == [None] * 4
