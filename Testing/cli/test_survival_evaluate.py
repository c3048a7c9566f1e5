import csv
import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from lifelines.datasets import load_lung
from sksurv.datasets import load_gbsg2, load_veterans_lung_cancer

DATA = Path(__file__).resolve().parents[3] / "shared/data/survival"
QUICK = ("--training-seeds", 1, "--tuning-trials", 1, "--bootstraps", 100, "--folds", 3)
PLANTED = "DOE^JANE"


@pytest.fixture
def write_table(tmp_path):
    def write_table(columns, name="cohort.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return path

    return write_table


@pytest.fixture
def evaluate(prognosis, tmp_path):
    def evaluate(table, *more):
        output = tmp_path / "study"
        code, out, err = prognosis("survival", "evaluate", table, "--output", output, *QUICK, *more)
        assert code == 0, err
        return output, json.loads((output / "results.json").read_text(encoding="utf-8")), out, err

    return evaluate


def simulated(n=150, seed=0):
    generator = np.random.default_rng(seed)
    marker = generator.normal(size=n)
    time = 1000 * generator.exponential(np.exp(-marker))
    censored = generator.uniform(100, 3000, n)
    return {
        "patient_id": [f"{PLANTED}{number}" for number in range(n)],
        "time_days": np.minimum(time, censored).round(1),
        "event": (time <= censored).astype(int),
        "marker": marker.round(4),
        "sex": np.where(np.arange(n) % 2, "male", "female"),
    }


def published(name):
    path = next(DATA.glob(f"{name}*.h5"), None)
    if path is None:
        pytest.skip(f"there is no {name} in {DATA}")
    with h5py.File(path) as file:
        parts = [{key: file[part][key][:] for key in "xte"} for part in ("train", "test")]
    x = np.concatenate([part["x"] for part in parts])
    return {
        "patient_id": [f"P{number}" for number in range(len(x))],
        "time_months" if name == "metabric" else "time_days": np.concatenate([part["t"] for part in parts]),
        "event": np.concatenate([part["e"] for part in parts]).astype(int),
        "split": np.repeat(["train", "test"], [len(part["x"]) for part in parts]),
        **{f"x{number}": x[:, number] for number in range(x.shape[1])},
    }


def test_a_study_is_whole(evaluate, write_table):
    output, results, out, _ = evaluate(write_table(simulated()))
    for name in ("coxph", "deepsurv"):
        c_index = results["models"][name]["c_index"]
        assert 0.5 < c_index["low"] <= c_index["estimate"] <= c_index["high"] < 1
    assert f"{results['models']['coxph']['c_index']['estimate']:.3f}" in out
    assert results["options"]["folds"] == 3
    for name in (
        "report.html",
        "methods.txt",
        "metrics.csv",
        "kaplan_meier.csv",
        "calibration.csv",
        "decision_curve.csv",
    ):
        assert (output / name).stat().st_size > 0, name
    pictures = {path.stem for path in (output / "figures").glob("*.png")}
    assert pictures == {path.stem for path in (output / "figures").glob("*.svg")}
    assert {"risk_groups_coxph", "risk_groups_deepsurv", "discrimination", "flow"} <= pictures


def test_patients_are_not_named(evaluate, write_table):
    output, _, out, err = evaluate(write_table(simulated(), name="JANE_DOE.csv"))
    written = b"".join(path.read_bytes() for path in output.rglob("*") if path.is_file())
    for name in (PLANTED, "JANE_DOE"):
        assert name.encode() not in written
        assert name not in out + err
        assert not [path for path in output.rglob("*") if name in path.name]


def test_nothing_is_written_for_a_table_with_faults(prognosis, write_table, tmp_path):
    columns = simulated()
    columns["event"] = [7, *columns["event"][1:]]
    code, _, err = prognosis("survival", "evaluate", write_table(columns), "--output", tmp_path / "study", *QUICK)
    assert code == 1
    assert "row 2, column event" in err
    assert not (tmp_path / "study").exists()


def test_a_former_study_is_replaced_only_when_asked(prognosis, evaluate, write_table):
    table = write_table(simulated(60))
    output, *_ = evaluate(table)
    before = (output / "results.json").stat().st_mtime_ns
    code, _, err = prognosis("survival", "evaluate", table, "--output", output, *QUICK)
    assert (code, (output / "results.json").stat().st_mtime_ns) == (2, before), err


@pytest.mark.parametrize(("name", "expected"), [("metabric", 0.632), ("support", 0.583)])
def test_a_linear_cox_model_reaches_the_published_c_index(evaluate, write_table, name, expected):
    zero = ("--zero-times", "keep") if name == "metabric" else ()
    _, results, *_ = evaluate(write_table(published(name)), *zero)
    assert results["models"]["coxph"]["c_index"]["estimate"] == pytest.approx(expected, abs=0.005)


def lung():
    frame = load_lung()
    return frame.rename(columns={"time": "time_days", "status": "event"})


def veterans():
    x, y = load_veterans_lung_cancer()
    return x.assign(time_days=y["Survival_in_days"], event=y["Status"].astype(int))


def breast():
    x, y = load_gbsg2()
    return x.assign(time_days=y["time"], event=y["cens"].astype(int))


@pytest.mark.parametrize(
    ("load", "low", "high"),
    [(veterans, 0.67, 0.75), (lung, 0.56, 0.68), (breast, 0.65, 0.71)],
    ids=["veterans", "ncctg-lung", "gbsg2"],
)
def test_real_tables_run_as_they_are(evaluate, tmp_path, load, low, high):
    frame = load()
    frame.insert(0, "patient_id", range(1, len(frame) + 1))
    frame.to_csv(tmp_path / "real.csv", index=False)
    _, results, *_ = evaluate(tmp_path / "real.csv")
    assert low < results["models"]["coxph"]["c_index"]["estimate"] < high
    assert results["flow"][0]["patients"] == len(frame)


def test_extras_that_are_missing_are_named(prognosis, monkeypatch, write_table, tmp_path):
    monkeypatch.setattr("prognosis.cli.survival_evaluate.find_spec", lambda name: None if name == "pycox" else os)
    code, _, err = prognosis("survival", "evaluate", write_table(simulated(30)), "--output", tmp_path / "study")
    assert code == 2
    assert "slicer-prognosis[train]" in err
